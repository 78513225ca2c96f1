"""Run in a copy of a checkout: pretend that all is built, make one edit after the other, and say what each makes due.

``python recorded.py EDITS``: a JSON list of [file, old, new]; printed is a list of {step: [reasons]}. The build's own
memory is written by its own code; only the work itself is left out, which the tests of whole builds do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from convscope.build.project import Project
from convscope.build.run import Build
from convscope.build.table import TABLE

STUDIES = "fashion mine"


def due(root: Path) -> dict[str, list[str]]:
    """Return what is due; a new project, as a new command has one."""
    return {name: reasons for name, reasons in Build(Project(root, "smoke", STUDIES)).due().items() if reasons}


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


def main() -> None:
    root = Path.cwd()
    build = Build(Project(root, "smoke", STUDIES))
    for step in TABLE:
        build.stage(step).remember()
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
        assert due(root) == {}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
