"""What CONTRIBUTING.md, the workflows and `make` itself say is there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from checkout import OWN_VARIABLES, ROOT

GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
WORKFLOWS = [".github/workflows/build.yml", ".gitlab-ci.yml"]


def test_a_table_says_where_to_change_what_and_its_files_are_there() -> None:
    rows = [line.split("|")[2] for line in GUIDE.splitlines() if line.startswith("| ") and "Edit" not in line]
    named = [
        name for row in rows for name in re.findall(r"`([\w./-]+)`", row) if "/" in name or name == "pyproject.toml"
    ]
    assert len(rows) >= 15
    assert len(named) >= len(rows)
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("file", ["CONTRIBUTING.md", ".ci/run", *WORKFLOWS])
def test_every_target_that_is_named_is_one(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    lines = re.findall(r"(?:^|`|run: |- )make ([a-z-]+)", text, re.MULTILINE)
    assert set(lines) <= TARGETS
    assert lines or ".ci/run" in text


@pytest.mark.parametrize("file", WORKFLOWS)
def test_workflows_run_what_runs_here_and_publish_the_published_results(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert yaml.safe_load(text)
    assert ".ci/run" in text
    assert "make site PROFILE=published" in text
    assert "build/published/site" in text
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_container_sets_itself_up() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"].removeprefix("make ") in TARGETS


def test_help_lists_all_targets_and_variables() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert all(f"  {target} " in shown for target in TARGETS)
    exported = re.search(r"^export ((?:[A-Z_]+ ?)+)$", MAKEFILE, re.MULTILINE)
    assert exported is not None
    for variable in {*exported[1].split(), *OWN_VARIABLES}:
        assert re.search(rf"^ .*\b{variable}\b", shown, re.MULTILINE), variable


def test_every_variable_of_a_command_is_exported_by_make() -> None:
    """Otherwise `make all VARIABLE=value` would do nothing, and say nothing."""
    sources = [path.read_text(encoding="utf-8") for path in Path(ROOT / "src" / "convscope").glob("*.py")]
    asked = {name for source in sources for name in re.findall(r'envvar="([A-Z_]+)"', source)}
    exported = re.search(r"^export (.*)$", MAKEFILE, re.MULTILINE)
    assert exported is not None
    assert len(asked) >= 8
    assert asked <= set(exported[1].split())
