"""The runner, on a table of small steps: their order, what runs beside, and what goes on when that fails."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from convscope.build import run
from convscope.build.project import Project
from convscope.build.run import Runner, after, crowded, needed
from convscope.build.table import TABLE, Step
from convscope.errors import ConvscopeError, SpecError
from convscope.stages import Stage
from own_study import TINY

Work = Callable[[Project], None]
SMALL = (
    Step("deployment", writes=("build/PROFILE/evidence",), beside=True),
    Step("metrics", writes=("build/PROFILE/metrics.json",)),
    Step("report", reads=("build/PROFILE/metrics.json", "build/PROFILE/evidence"), writes=("build/PROFILE/report",)),
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project whose steps write their names, and which deploys something."""

    def writes(name: str) -> Work:
        def work(project: Project) -> None:
            project.build.mkdir(parents=True, exist_ok=True)
            (project.build / name).write_text(name, encoding="utf-8")

        return work

    monkeypatch.setattr(run, "TABLE", SMALL)
    monkeypatch.setattr(Runner, "_below", lambda *_: {})
    for name, file in (("deployment", "evidence"), ("metrics", "metrics.json"), ("report", "report")):
        module = ModuleType(name)
        module.work = writes(file)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"convscope.build.steps.{name}", module)
    for name in ("find_data", "train"):
        monkeypatch.setattr(Project, name, lambda _: {})
    monkeypatch.setattr(Project, "missing", lambda _: [])
    monkeypatch.setattr(Project, "deployed", lambda _: "a run")
    return Project(tmp_path, "smoke")


def fail(_project: Project) -> None:
    raise ConvscopeError("The deployment failed.")


def built(project: Project) -> set[str]:
    return {path.name for path in project.build.glob("[a-z]*")}


def test_steps_are_done_once(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    Runner(project).all("report")
    assert built(project) == {"evidence", "metrics.json", "report"}
    assert capsys.readouterr().err.count(": done in ") == 3
    Runner(project).all("report")
    assert capsys.readouterr().err.count(": up to date") == 3
    (project.build / "metrics.json").write_text("edited", encoding="utf-8")
    Runner(project).all("report")
    said = capsys.readouterr().err
    assert "metrics: done in" in said  # written as it was, so that nothing that reads it is due
    assert "report: up to date" in said


def test_the_build_goes_on_where_the_deployment_fails_and_says_so(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = sys.modules["convscope.build.steps.deployment"]
    monkeypatch.setattr(module, "work", fail)
    for _ in range(2):  # it is tried each time
        with pytest.raises(ConvscopeError, match=r"The deployment failed\."):
            Runner(project).all("report")
        assert built(project) == {"metrics.json", "report"}
    assert "report: up to date" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "Tiny: generated digits",
            "Quasi 猫",
            "The title of study 'tiny' is 'Quasi 猫'; the report's fonts",
        ),
        ("Does anything", "Does {{< x >}}", "The question of study 'tiny' is .* an unresolved shortcode"),
        ("CNN 3×3", "CNN <<3×3>>", "The title of variant 'cnn3' of study 'tiny' is .* an unfilled hole"),
    ],
)
def test_a_title_that_was_edited_after_training_is_refused_before_any_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, said: str
) -> None:
    monkeypatch.setattr(Project, "missing", lambda _: [])  # its runs are there
    monkeypatch.setattr(Stage, "bring_up_to_date", fail)
    study = tmp_path / "report" / "studies" / "tiny.py"
    study.parent.mkdir(parents=True)
    study.write_text(TINY.replace(old, new), encoding="utf-8")
    with pytest.raises(SpecError, match=said):
        Runner(Project(tmp_path, "smoke", "tiny")).all("report")


def test_nothing_is_deployed_unless_it_is_wanted(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["convscope.build.steps.deployment"], "work", fail)
    Runner(Project(project.root, "smoke", deploy=False)).all("report")
    monkeypatch.setattr(Project, "deployed", lambda _: None)
    Runner(project).all("report")


def test_a_step_needs_what_it_reads() -> None:
    steps = {step.name: step for step in TABLE}
    assert needed("site") == list(TABLE)
    assert [step.name for step in needed("metrics")] == ["metrics"]
    assert set(after(steps["figures"])) >= {"metrics"}
    assert set(after(steps["report"])) >= {"metrics", "figures", "deployment"}


@pytest.mark.parametrize(
    ("load", "processors", "processes", "times"),
    [(0.0, 2, 2, 1), (0.3, 2, 2, 1), (2.0, 2, 2, 2), (7.2, 2, 2, 5), (1.0, 16, 8, 1), (24.0, 16, 8, 2)],
)
def test_a_busy_machine_is_said_to_take_so_many_times_as_long(
    load: float, processors: int, processes: int, times: int
) -> None:
    """As a fair scheduler shares processors: among all that run."""
    assert crowded(load, processors, processes) == times
