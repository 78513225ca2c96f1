"""Checks of the checkout: the engine in NumPy, README.md, Makefile, lock file, stored weights."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from convscope.grade.build import Build
from convscope.grade.checks.registry import of_build
from convscope.grade.documents import Absent, EvidenceLink
from convscope.runs.store import RunStore

ENGINE = Path("src/convscope/engines/numpy_cnn")
ALLOWED_IN_ENGINE = {"numpy", "convscope", *sys.stdlib_module_names}


@of_build
def from_scratch(build: Build) -> list[EvidenceLink]:
    """Look at every import of the engine: NumPy, Python and this project; its products are NumPy's."""
    files = sorted((build.root / ENGINE).glob("*.py"))
    if not files:
        raise Absent(f"there is no {ENGINE}")
    products = False
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        foreign = sorted({name.partition(".")[0] for name in _imports(tree)} - ALLOWED_IN_ENGINE)
        if foreign:
            raise Absent(f"{file.name} imports {', '.join(foreign)}")
        products |= any(isinstance(node, ast.MatMult) for node in ast.walk(tree))
    if not products:
        raise Absent(f"no file in {ENGINE} computes a matrix product")
    folder = Path(os.path.relpath(build.root / ENGINE, build.folder)).as_posix()
    return [EvidenceLink("file", f"{ENGINE}, {len(files)} modules", folder)]


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "convscope" if node.level else str(node.module)


@of_build
def readme(build: Build) -> list[EvidenceLink]:
    """Look for the marks of what README.md must have, for a table of results, and for its pictures on disk."""
    found = build.file(build.root / "README.md")
    text = (build.root / "README.md").read_text(encoding="utf-8")
    marks = set(re.findall(r"\w+", " ".join(re.findall(r"<!--(.*?)-->", text))))
    if lacking := [mark for mark in ("problem", "data", "results", "interpretation") if mark not in marks]:
        raise Absent(f"README.md marks no {lacking[0]}: put <!-- {lacking[0]} --> where it is")
    if not _results_in(text):
        raise Absent("README.md has no table of results between its marks")
    pictures = [line.partition("](")[2].partition(")")[0] for line in text.splitlines() if line.startswith("![")]
    lost = [picture for picture in pictures if not (build.root / picture).is_file()]
    if lost or not any("architecture" in picture for picture in pictures):
        raise Absent(f"README.md shows {', '.join(lost) or 'no architecture diagram'}, which is not there")
    return [found]


@of_build
def readme_results(build: Build) -> list[EvidenceLink]:
    """Look for results in README.md, and the command that makes them."""
    found = build.file(build.root / "README.md")
    text = (build.root / "README.md").read_text(encoding="utf-8")
    if not _results_in(text) or "make all" not in text:
        raise Absent("README.md has no table of results, or not the command that makes them")
    return [found]


def _results_in(text: str) -> bool:
    results = text.partition("<!-- results")[2].partition("<!-- end of results")[0]
    return any(line.startswith("|") and "%" in line for line in results.splitlines())


@of_build
def targets(build: Build) -> list[EvidenceLink]:
    """Look for the targets of the Makefile that train and evaluate."""
    found = build.file(build.root / "Makefile")
    lines = (build.root / "Makefile").read_text(encoding="utf-8").splitlines()
    for target in ("train", "metrics", "report"):
        if not any(line.startswith(f"{target}:") for line in lines):
            raise Absent(f"the Makefile has no target {target}")
    return [found]


@of_build
def pinned(build: Build) -> list[EvidenceLink]:
    """Look for hashes in the lock file."""
    if "--hash=sha256:" not in (build.root / "requirements.lock").read_text(encoding="utf-8"):
        raise Absent("requirements.lock pins no package by its hash")
    return []


@of_build
def weights(build: Build) -> list[EvidenceLink]:
    """Count the runs whose weights are stored."""
    runs, store = build.metrics.runs, RunStore(build.root / "build" / "runs")
    kept = sum(bool(store.state(run)) for run in runs)
    if kept < len(runs) or not runs:
        raise Absent(f"the weights of {kept} of {len(runs)} runs are here; `make train` makes the others")
    return []
