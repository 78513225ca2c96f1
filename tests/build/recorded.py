"""Run in a copy of a checkout: pretend that all is built, make one edit after the other, and say what each makes due.

``python recorded.py EDITS``: a JSON list of [file, old, new]; printed is a list of {step: [reasons]}, and the same by
name for each of `EVENTS`, what else can happen to a build. The build's own memory is written by its own code; only the
work itself is left out, which the tests of whole builds do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from convscope.build.project import Project
from convscope.build.run import Runner
from convscope.build.table import TABLE
from convscope.runs.plan import PlannedRun
from convscope.runs.result import RunResult

STUDIES = "fashion mine"
IDENTITY = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")


def remember(project: Project) -> None:
    build = Runner(project)
    for step in TABLE:
        build.stage(step).remember()


def due_of(project: Project) -> dict[str, list[str]]:
    return {name: reasons for name, reasons in Runner(project).due().items() if reasons}


def due(root: Path) -> dict[str, list[str]]:
    """Return what is due; a new project, as a new command has one."""
    return due_of(Project(root, "smoke", STUDIES))


def due_for_a_new_process() -> dict[str, list[str]]:
    """Return the same, by a process that reads the studies of the package as they are now."""
    code = "import json, recorded; print(json.dumps(recorded.due(recorded.Path.cwd())))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": f"{os.environ['PYTHONPATH']}:{Path(__file__).parent}"},
        capture_output=True,
        check=True,
    )
    said: dict[str, list[str]] = json.loads(done.stdout)
    return said


def _train(project: Project, run: PlannedRun) -> None:
    """Store a result of a run: the build looks at what is stored, and not at how good it is."""
    few, chances = np.zeros(1, np.uint8), np.zeros(1, np.float32)
    result = RunResult(
        key=run.key, spec=run.spec, mode=run.mode, history=(), test_loss=0.0, test_accuracy=0.0, parameters=1, macs=1,
        train_seconds=1.0, evaluate_seconds=1.0, environment={}, predictions=few, confidences=chances, weights={},
    )  # fmt: skip
    project.store.write(result)


def the_deployed_run(root: Path) -> Iterator[Project]:
    yield (project := Project(root, "smoke", STUDIES))
    run = project.deployed()
    assert run is not None
    _train(project, run)
    yield Project(root, "smoke", STUDIES)


def another_run(root: Path) -> Iterator[Project]:
    yield (project := Project(root, "smoke", STUDIES))
    _train(project, next(run for run in project.planned().values() if run.study == "mine"))
    yield Project(root, "smoke", STUDIES)


def fewer_studies(root: Path) -> Iterator[Project]:
    yield Project(root, "smoke", STUDIES)
    yield Project(root, "smoke", "fashion")


def a_data_set(root: Path) -> Iterator[Project]:
    """It was not available, and now it is."""
    memory = root / "build" / "data" / "fashion-mnist.json"
    memory.parent.mkdir(parents=True)
    found = {"where": "", "looked": time.time(), "reason": "no network", "files": []}
    for now in (found, found | {"reason": "", "files": [str(root / "README.md")]}):
        memory.write_text(json.dumps(now))
        yield Project(root, "quick", "fashion")


def a_published_run(root: Path) -> Iterator[Project]:
    yield Project(root, "published", "mine")
    (root / "data" / "published" / "runs" / "new.txt").write_text("new")
    yield Project(root, "published", "mine")


def another_renderer(root: Path) -> Iterator[Project]:
    yield Project(root, "smoke", STUDIES, backend="pandoc")
    program = root / "build" / "bin" / "quarto"
    program.parent.mkdir()
    program.touch(0o755)
    os.environ["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    yield Project(root, "smoke", STUDIES)


def an_address(root: Path) -> Iterator[Project]:
    subprocess.run(["git", "init", "--quiet"], check=True)
    yield Project(root, "smoke", STUDIES)
    subprocess.run(["git", "remote", "add", "origin", "https://example.org/name/project.git"], check=True)
    yield Project(root, "smoke", STUDIES)


def a_commit(root: Path) -> Iterator[Project]:
    yield Project(root, "smoke", STUDIES)
    subprocess.run(["git", *IDENTITY, "commit", "--quiet", "--allow-empty", "--message=First"], check=True)
    yield Project(root, "smoke", STUDIES)


def an_edit_that_is_not_committed(root: Path) -> Iterator[Project]:
    """Whatever the file: the colophon names the commit, and says that files differ from it."""
    subprocess.run(["git", "add", "--all"], check=True)
    subprocess.run(["git", *IDENTITY, "commit", "--quiet", "--message=Second"], check=True)
    yield Project(root, "smoke", STUDIES)
    with (root / "tests" / "made_up.py").open("a") as file:
        file.write("# more\n")
    yield Project(root, "smoke", STUDIES)


def another_place_of_the_site(root: Path) -> Iterator[Project]:
    yield Project(root, "smoke", STUDIES)
    os.environ["SITE_URL"] = "https://example.org/project/"
    yield Project(root, "smoke", STUDIES)


# In this order: one finds what those before it left. Each gives the project as it was built, and as it is after.
EVENTS: tuple[Callable[[Path], Iterator[Project]], ...] = (
    the_deployed_run, another_run, fewer_studies, a_data_set, a_published_run, another_renderer, an_address, a_commit,
    an_edit_that_is_not_committed, another_place_of_the_site,
)  # fmt: skip


def due_after(event: Callable[[Path], Iterator[Project]], root: Path) -> dict[str, list[str]]:
    projects = event(root)
    remember(next(projects))
    return due_of(next(projects))


def main() -> None:
    root = Path.cwd()
    remember(Project(root, "smoke", STUDIES))
    assert due(root) == {}, due(root)
    said = []
    for name, old, new in json.loads(sys.argv[1]):
        file = root / name
        before = file.read_text(encoding="utf-8") if file.exists() else None
        assert before is None or old in before, f"{name} has no {old!r}"
        file.write_text(new if before is None else before.replace(old, new, 1), encoding="utf-8")
        said.append(due_for_a_new_process() if "/studies/" in name else due(root))
        if before is None:
            file.unlink()
        else:
            file.write_text(before, encoding="utf-8")
        assert due(root) == {}, (name, due(root))
    print(json.dumps([said, {event.__name__: due_after(event, root) for event in EVENTS}]))


if __name__ == "__main__":
    main()
