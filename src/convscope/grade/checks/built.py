"""Checks of what was built as a whole: every step, the PDF, figures, notebooks, and what checklists ask of results."""

from __future__ import annotations

import json
from collections.abc import Callable

from convscope.files import sha256_of
from convscope.grade.build import Build, Chapter
from convscope.grade.checks.registry import CHECKS, of_build
from convscope.grade.documents import Absent, EvidenceLink
from convscope.grade.pdf import Pdf, UnreadablePdf


@of_build
def end_to_end(build: Build) -> list[EvidenceLink]:
    """Look for the result of every step, and for studies that were left out."""
    left_out = [f"{s.title}: {s.reason}" for s in build.metrics.studies.values() if s.status != "run"]
    if left_out:
        raise Absent("not run: " + " ".join(left_out))
    figures(build)
    page = build.file(build.folder / "report" / "report.html")
    return [build.file(build.folder / "metrics.json"), page, *readable_pdf(build)]


@of_build
def readable_pdf(build: Build) -> list[EvidenceLink]:
    """Open the PDF, and count its pages."""
    pdf = build.file(build.folder / "report" / "report.pdf")
    try:
        pages = Pdf(build.folder / "report" / "report.pdf").pages
    except UnreadablePdf as error:
        raise Absent(f"report.pdf cannot be read: {error}") from None
    return [EvidenceLink("file", f"report.pdf, {pages} pages", pdf.href, 1)]


@of_build
def figures(build: Build) -> list[EvidenceLink]:
    """Look for a set of figures as files."""
    drawn = sorted((build.folder / "figures").glob("*.svg"))
    if not drawn:
        raise Absent("there is no figure")
    return [EvidenceLink("file", f"{len(drawn)} figures", "figures")]


@of_build
def notebook(build: Build) -> list[EvidenceLink]:
    """Look for a notebook whose cells of code were run, without an error, on the results of this build."""
    reasons, written_from = [], sha256_of(build.folder / "metrics.json")
    for file in sorted(build.folder.glob("notebooks/**/*.ipynb")):
        cells = [cell for cell in json.loads(file.read_bytes())["cells"] if cell["cell_type"] == "code"]
        outputs = [output["output_type"] for cell in cells for output in cell["outputs"]]
        if not outputs or any(cell["execution_count"] is None for cell in cells):
            reasons.append(f"{file.name} was not run")
        elif written_from not in file.read_text(encoding="utf-8"):
            reasons.append(f"{file.name} was written from other results")
        elif "error" in outputs:
            reasons.append(f"{file.name} ends in an error")
        else:
            return [build.file(file)]
    raise Absent("; ".join(reasons) or "this build has no notebook")


def _requires(name: str, holds: Callable[[Build], object], otherwise: str) -> None:
    """Register a check that gives no evidence of its own."""

    def check(build: Build, _: Chapter | None) -> list[EvidenceLink]:
        if not holds(build):
            raise Absent(otherwise)
        return []

    CHECKS[name] = check


def _all_public(build: Build) -> bool:
    return all(facts.source != "folder" for facts in build.metrics.datasets.values())


_requires("some_claims", lambda build: build.metrics.claims, "no claim is declared; add some to the study")
_requires("some_runs", lambda build: build.metrics.runs, "no run is named by its key")
_requires(
    "open_data", _all_public, "images are in a folder of your own: say where others find them, and who may use them"
)
_requires("several_seeds", lambda build: all(chapter.study.seeds > 1 for chapter in build.experiments),
          "a study has one seed alone")  # fmt: skip
_requires("licensed", lambda build: all(facts.licence.strip() for facts in build.metrics.datasets.values()),
          "the licence of a data set is not named")  # fmt: skip
