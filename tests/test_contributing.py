"""What CONTRIBUTING.md, the workflows and `make` itself say is there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import Any

import pytest
import typer
import yaml

from checkout import OWN_VARIABLES, ROOT
from convscope.cli import app

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
    asked: set[str] = set()
    todo = [typer.main.get_command(app)]
    while todo:
        command: Any = todo.pop()
        asked.update(option.envvar for option in command.params if option.envvar)
        todo += getattr(command, "commands", {}).values()
    exported = re.search(r"^export (.*)$", MAKEFILE, re.MULTILINE)
    assert exported is not None
    assert {"PROFILE", "STUDIES", "EXECUTOR", "PORT", "WEIGHTS"} < asked
    assert asked <= set(exported[1].split())


def test_two_pages_promise_the_same_times() -> None:
    """README.md has them in a row, the page about reproducing in a column."""
    (times,) = re.findall(r"^\| Time on two cores \| (.*) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    page = (ROOT / "site" / "docs" / "reproduce.md").read_text()
    commands = ("make all PROFILE=smoke", "make all", "make all PROFILE=full")
    rows = [re.findall(rf"^\| `{command}` \|.*\| (.*) \|$", page, re.MULTILINE) for command in commands]
    assert rows == [[time] for time in times.split(" | ")]
