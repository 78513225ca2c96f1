"""One submission, examined from a lecturer's checkout: nothing in it is run, and nothing that it says is believed."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from convscope.analysis.declarations import check_declarations
from convscope.analysis.integrity import check_consistency
from convscope.analysis.metrics_file import parse
from convscope.analysis.records import Metrics
from convscope.errors import ConvscopeError
from convscope.files import Json, sha256_of
from convscope.grade.assignment import Assignment
from convscope.grade.build import Build
from convscope.grade.records import Grade
from convscope.grade.sheet import MISSING, grade
from convscope.handin import verify
from convscope.handin.answers import check_answers, train_one_again
from convscope.handin.unpack import unpack
from convscope.report.document import DOCUMENTS
from convscope.report.page import article_of, read_page
from convscope.runs.again import TOLERANCE
from convscope.studies import STUDIES as OURS
from convscope.studies import select

State = Literal["holds", "look at it", "does not hold"]
REFERENCE = ("src/", "report/assignment.yml", "requirements.lock", "pyproject.toml", "Makefile")
STUDIES = "src/convscope/studies/"  # which the assignment asks to edit
DECLARING = ("studies", "specs", "datasets", "engines", "models", "analysis")  # what declarations follow from
_HERE = Path(__file__).parents[1]
_WHAT = {(True, True): "changed", (True, False): "added", (False, True): "gone"}
_HEADING = re.compile(r"<h[1-6].*?</h[1-6]>", re.DOTALL)  # its number is no result
MOST = 20  # problems of one kind that are listed


@dataclass
class Finding:
    """What was found about one archive."""

    archive: str  # its file name
    # what it says of itself: title, course, authors, profile, commit; empty where it could not be read
    manifest: Json = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)  # what does not hold; forged, or damaged on its way
    notes: list[str] = field(default_factory=list)  # what a grader should look at
    changed: list[str] = field(default_factory=list)  # files whose content is not that of the reference
    grade: Grade | None = None  # the grade sheet, computed here; None where it came to none
    retrained: str = ""  # what came of the run that was trained again; empty where none was

    @property
    def state(self) -> State:
        """Whether everything that could be checked holds."""
        if self.problems:
            return "does not hold"
        return "look at it" if self.notes else "holds"

    @property
    def authors(self) -> str:
        """Names, as the archive gives them."""
        return ", ".join(map(str, self.manifest.get("authors", [])))


@dataclass(frozen=True)
class Standard:
    """What submissions are held against."""

    files: dict[str, str]  # SHA-256 of each file of the reference, by name; empty where there is none
    assignment: Assignment  # the lecturer's, not the one in an archive
    data_folder: Path  # where data sets lie
    retrain: bool = False  # train one run of each submission again
    seed: int = 0  # decides which


def examine(archive: Path, standard: Standard) -> Finding:
    """Unpack a submission into a temporary folder and check everything that can be.

    Whatever goes wrong is a finding: one bad archive must not hide the others.
    """
    found = Finding(archive.name)
    try:
        with tempfile.TemporaryDirectory(prefix="convscope-verify-") as folder:
            _examine(unpack(archive, Path(folder)), standard, found)
    except ConvscopeError as error:
        found.problems.append(error.message)
    except Exception as error:
        found.problems.append(f"it cannot be checked: {type(error).__name__}: {str(error)[:200]}")
    return found


def _examine(folder: Path, standard: Standard, found: Finding) -> None:
    try:
        found.manifest = verify.read_manifest(folder)
    except ValueError as error:
        found.problems.append(str(error))
        return
    manifest = found.manifest
    found.problems += _few(verify.check_files(folder, manifest))
    if found.problems:
        return  # what is not the file that was handed in, is not looked at
    if manifest["dirty"]:
        listed = ", ".join(map(str, manifest["dirty"][:5]))
        found.notes.append(f"{len(manifest['dirty'])} files of the work tree were not those of the commit: {listed}")
    try:
        metrics = parse(json.loads((folder / verify.METRICS).read_bytes()))  # keys of runs, names of folders, are hex
        check_consistency(metrics)
        if _sources(folder / "source" / "src" / "convscope") == _sources(_HERE):
            check_declarations(metrics, lambda name: select(name)[0] if name in OURS else None)
    except ConvscopeError as error:
        found.problems.append(error.message)
    else:
        found.problems += _few(_numbers(folder, manifest, metrics.as_json()))
        if manifest["runs"]["included"]:
            _runs(folder, metrics, standard, found)
        else:
            found.notes.append(f"no runs: {manifest['runs']['note']}")
        _grade(folder, metrics, standard, found)
    _source(folder, standard, found)


def _sources(package: Path) -> dict[str, str]:
    files = [file for part in DECLARING for file in (package / part).rglob("*.py")]
    return {file.relative_to(package).as_posix(): sha256_of(file) for file in files}


def _numbers(folder: Path, manifest: Json, metrics: Json) -> Iterator[str]:
    """Check what `verify.py` of the archive checks, by this checkout's copy of it."""
    known = metrics | verify.deployment(folder)
    for page in filter(verify.PAGES.fullmatch, sorted(manifest["files"])):
        wrong, _ = verify.check_page(page, (folder / page).read_text(encoding="utf-8"), known)
        yield from wrong
    yield from _two_renderings(folder)
    yield from verify.check_arithmetic(metrics)
    yield from verify.check_verdicts(metrics)


def _two_renderings(folder: Path) -> Iterator[str]:
    """Compare the documents with the chapters of the site: a number that was typed over is in one of them alone."""
    documents = [folder / "report" / f"{name}.html" for name in DOCUMENTS]
    copies = [folder / "site" / "report" / path.name for path in documents]
    for path, copy in zip(documents, copies, strict=True):
        if sha256_of(path) != sha256_of(copy):
            yield f"report/{path.name} is not the file that the site has"
    chapters = [path for path in sorted((folder / "site" / "report").glob("*.html")) if path not in copies]
    lost = _shown(chapters) - _shown(documents)
    for source, _, text in lost:
        yield f"the site shows {text!r} of {source}, the report does not"
    for chapter in chapters:
        article = article_of(chapter.read_text(encoding="utf-8"))
        untraced = read_page(_HEADING.sub("", article)).untraced
        if untraced:
            yield f"site/report/{chapter.name} has numbers without a source: {' '.join(untraced[:5])}"


def _shown(pages: Iterable[Path]) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for page in pages:
        reader = verify.TracedTexts()
        reader.feed(page.read_text(encoding="utf-8"))
        found.update(reader.shown)
    return found


def _runs(folder: Path, metrics: Metrics, standard: Standard, found: Finding) -> None:
    wrong, _ = verify.check_runs(folder, metrics.as_json())
    answers = check_answers(folder, metrics, standard.data_folder)
    found.problems += _few([*wrong, *answers.wrong])
    found.notes += answers.notes
    if standard.retrain:
        try:
            again = train_one_again(folder, metrics, standard.data_folder, standard.seed)
        except ConvscopeError as error:
            found.notes.append(f"no run was trained again: {error.message}")
            return
        found.retrained = f"run {again.key[:12]} trained again: {again.verdict}"
        if again.verdict == "different":
            found.problems.append(
                f"runs/{again.key}: trained again it is right for {again.accuracy_now:.2%}, not {again.accuracy:.2%} "
                f"(more than {TOLERANCE:.0f} standard errors)"
            )


def _grade(folder: Path, metrics: Metrics, standard: Standard, found: Finding) -> None:
    """Compute the grade sheet here, and compare it with the one that was handed in."""
    evidence = (folder / "deployment", folder / "source" / "data" / "published" / "deployment")
    build = Build(folder / "source", folder, evidence, metrics)
    found.grade = grade(build, standard.assignment)
    problems, notes = compare_sheets(json.loads((folder / verify.GRADE_SHEET).read_bytes()), found.grade)
    found.problems += problems
    found.notes += notes


def compare_sheets(handed_in: Json, here: Grade) -> tuple[list[str], list[str]]:
    """Return what a grade sheet claims beyond the one computed here, and where else they differ."""
    problems, notes = [], []
    said = {each["id"]: each["status"] for task in handed_in["tasks"] for each in task["criteria"]}
    states = {each.id: each.status for task in here.tasks for each in task.criteria}
    for name, state in states.items():
        claimed = said.get(name, MISSING)
        if claimed not in (MISSING, state):
            problems.append(f"grade.json claims evidence for {name!r}; there is none")
        elif claimed != state:
            notes.append(f"grade.json says of {name!r}: {said.get(name, 'nothing')}; here: {state}")
    counted = sum(state != MISSING for state in said.values())
    if handed_in["present"] != counted:
        problems.append(f"grade.json counts {handed_in['present']} criteria with evidence, and lists {counted}")
    return problems, notes


def _source(folder: Path, standard: Standard, found: Finding) -> None:
    """List files that decide what is computed and are not those of the reference."""
    if not standard.files:
        return
    root = folder / "source"
    handed_in = {
        path.relative_to(root).as_posix(): sha256_of(path)
        for name in REFERENCE for path in ((root / name).rglob("*") if name.endswith("/") else [root / name])
        if path.is_file()
    }  # fmt: skip
    for name in sorted(handed_in.keys() | standard.files.keys()):
        if handed_in.get(name) != standard.files.get(name):
            there = (name in handed_in, name in standard.files)
            found.changed.append(f"{name} ({_WHAT[there]})")
    elsewhere = [name for name in found.changed if not name.startswith(STUDIES)]
    if elsewhere:
        found.notes.append(f"{len(elsewhere)} files outside {STUDIES} are not those of the reference: {elsewhere[0]}")


def _few(problems: Iterable[str]) -> list[str]:
    listed = list(problems)
    return listed[:MOST] + ([f"and {len(listed) - MOST} more of the kind"] if len(listed) > MOST else [])
