"""Checks that compute something; report/assignment.yml names them. What only has to be shown stands there by itself."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from convscope.errors import SpecError
from convscope.files import sha256_of
from convscope.grade.build import Build, Chapter, on_aws
from convscope.grade.documents import Pdf
from convscope.grade.records import Absent, EvidenceLink
from convscope.runs.store import RunStore
from convscope.specs import TrainSpec
from convscope.studies.factors import check_one_factor

LEVEL = 1.05  # of the loss before: what counts as a plateau
ENGINE = Path("src/convscope/engines/numpy_cnn")
ALLOWED_IN_ENGINE = {"numpy", "convscope", *sys.stdlib_module_names}

Check = Callable[[Build, Chapter | None], list[EvidenceLink]]
CHECKS: dict[str, Check] = {}


def _of_build(look: Callable[[Build], list[EvidenceLink]]) -> Callable[[Build], list[EvidenceLink]]:
    """Register a check of the build as a whole by its name."""
    CHECKS[look.__name__] = lambda build, _: look(build)
    return look


def _of_chapter(look: Callable[[Build, Chapter], list[EvidenceLink]]) -> Callable[[Build, Chapter], list[EvidenceLink]]:
    """Register a check of one study by its name."""

    def check(build: Build, chapter: Chapter | None) -> list[EvidenceLink]:
        if chapter is None:
            raise Absent(f"{look.__name__} looks at a study: report/assignment.yml gives it another scope")
        return look(build, chapter)

    CHECKS[look.__name__] = check
    return look


# ---------------------------------------------------------------- of one study


@_of_chapter
def one_factor(build: Build, chapter: Chapter) -> list[EvidenceLink]:
    """Compare the specifications of each experiment once more: they differ in its factor alone."""
    training = TrainSpec(**chapter.study.training)
    for name, experiment in chapter.study.experiments.items():
        images = {variant: chapter.study.variants[variant].train_images for variant in experiment.variants}
        variants = [(variant, chapter.models[variant], training, images[variant]) for variant in images]
        try:
            check_one_factor(name, experiment.factor, variants)
        except SpecError as error:
            raise Absent(error.message) from None
    if not chapter.study.experiments:
        raise Absent("the study has no experiment")
    return [build.documents.evidence(f"sec-{chapter.id}-{name}") for name in chapter.study.experiments]


@_of_chapter
def loss_falls(_: Build, chapter: Chapter) -> list[EvidenceLink]:
    """Look for a training loss, mean over seeds, that ends at most 5 % above its beginning."""
    for variant in chapter.study.variants.values():
        seeds = variant.curves.train_loss
        if len(seeds[0]) < 2:
            raise Absent(f"{variant.title} was trained for one epoch, which makes no curve")
        first, last = (sum(losses[place] for losses in seeds) / len(seeds) for place in (0, -1))
        if not last <= LEVEL * first:
            raise Absent(f"the training loss of {variant.title} goes from {first:.3f} to {last:.3f}")
    return [_metric(f"/studies/{chapter.id}/variants")]


@_of_chapter
def above_chance(_: Build, chapter: Chapter) -> list[EvidenceLink]:
    """Look for a baseline that is better than always naming the largest class of the test part."""
    measure = chapter.study.variants[chapter.study.baseline].test_accuracy
    chance = max(chapter.dataset.test_counts) / sum(chapter.dataset.test_counts)
    reached = measure.interval[0] if measure.interval else measure.mean
    if not reached > chance:
        raise Absent(f"the baseline reaches {reached:.3f}, chance is {chance:.3f}")
    return [_metric(f"/studies/{chapter.id}/variants/{chapter.study.baseline}/test_accuracy")]


def _metric(pointer: str) -> EvidenceLink:
    return EvidenceLink("metric", pointer, f"metrics.json#{pointer}")


@_of_chapter
def wins_or_explained(build: Build, chapter: Chapter) -> list[EvidenceLink]:
    """Look for a gain whose whole interval is above zero, or a verdict in words in the chapter."""
    anchor = f"sec-{chapter.id}-interpretation"
    section, found = build.documents.part(anchor), [build.documents.evidence(anchor)]
    rows = (row for row in chapter.study.against_baseline if row.a == chapter.study.reference)
    if any(row.interval and row.interval[0] > 0 for row in rows):
        return [build.documents.evidence(f"tbl-{chapter.id}-against-baseline"), *found]
    if not any(place.startswith("/claims/") and place.endswith("/verdict") for place, _ in section.shown):
        raise Absent(f"it does not win, and {section.label} gives no verdict on it")
    return found


# ---------------------------------------------------------------- of the build


@_of_build
def all_run(build: Build) -> list[EvidenceLink]:
    """Look for studies that were left out."""
    left_out = [f"{study.title}: {study.reason}" for study in build.metrics.studies.values() if study.status != "run"]
    if left_out:
        raise Absent("not run: " + " ".join(left_out))
    return [build.file(build.folder / "metrics.json"), build.file(build.folder / "report" / "report.html")]


@_of_build
def readable_pdf(build: Build) -> list[EvidenceLink]:
    """Open the PDF, and count its pages."""
    pdf = build.file(build.folder / "report" / "report.pdf")
    pages = Pdf(build.folder / "report" / "report.pdf").pages
    return [EvidenceLink("file", f"report.pdf, {pages} pages", pdf.href, 1)]


@_of_build
def figures(build: Build) -> list[EvidenceLink]:
    """Look for a set of figures as files."""
    drawn = len(list((build.folder / "figures").glob("*.svg")))
    if not drawn:
        raise Absent("there is no figure")
    return [EvidenceLink("file", f"{drawn} figures", "figures")]


@_of_build
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


@_of_build
def inferred(build: Build) -> list[EvidenceLink]:
    """Look for images in the evidence, each with class and confidence; it may be damaged, so it is read as it is."""
    evidence, folder = build.deployment
    try:
        images = [(i["png_base64"], i["label"], 0 <= i["confidence"] <= 1) for i in evidence["inference"]["images"]]
    except (KeyError, TypeError):
        images = []
    if not images or not all(map(all, images)):
        raise Absent("evidence.json does not show images, each with class and confidence")
    return [build.file(folder / "evidence.json")]


@_of_build
def of_amazon(build: Build) -> list[EvidenceLink]:
    """Look for evidence whose every request went to a host of Amazon's, and nothing in it contradicts that."""
    evidence, folder = build.deployment
    if not on_aws(evidence):
        raise Absent(
            "evidence.json does not show that every request went to a host of Amazon's: it is from the emulator"
        )
    return [build.file(folder / "evidence.json")]


@_of_build
def open_data(build: Build) -> list[EvidenceLink]:
    """Look for images that nobody else can have."""
    if any(facts.source == "folder" for facts in build.metrics.datasets.values()):
        raise Absent("images are in a folder of your own: say where others find them, and who may use them")
    return []


# ---------------------------------------------------------------- of the checkout


@_of_build
def from_scratch(build: Build) -> list[EvidenceLink]:
    """Look at every import of the engine: NumPy, Python and this project; its products are NumPy's."""
    trees = {file.name: ast.parse(file.read_bytes()) for file in sorted((build.root / ENGINE).glob("*.py"))}
    if not trees:
        raise Absent(f"there is no {ENGINE}")
    for name, tree in trees.items():
        if foreign := sorted({module.partition(".")[0] for module in _imports(tree)} - ALLOWED_IN_ENGINE):
            raise Absent(f"{name} imports {', '.join(foreign)}")
    if not any(isinstance(node, ast.MatMult) for tree in trees.values() for node in ast.walk(tree)):
        raise Absent(f"no file in {ENGINE} computes a matrix product")
    folder = Path(os.path.relpath(build.root / ENGINE, build.folder)).as_posix()
    return [EvidenceLink("file", f"{ENGINE}, {len(trees)} modules", folder)]


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "convscope" if node.level else str(node.module)


@_of_build
def readme_results(build: Build) -> list[EvidenceLink]:
    """Look for a table of results between its marks."""
    text = (build.root / "README.md").read_text(encoding="utf-8")
    results = text.partition("<!-- results")[2].partition("<!-- end of results")[0]
    if not any(line.startswith("|") and "%" in line for line in results.splitlines()):
        raise Absent("README.md has no table of results between its marks")
    return []


@_of_build
def readme_pictures(build: Build) -> list[EvidenceLink]:
    """Look for the pictures of README.md on disk, a diagram among them."""
    text = (build.root / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"^!\[.*\]\((.*?)\)", text, re.MULTILINE)
    lost = [picture for picture in pictures if not (build.root / picture).is_file()]
    if lost or not any("architecture" in picture for picture in pictures):
        raise Absent(f"README.md shows {', '.join(lost) or 'no architecture diagram'}, which is not there")
    return []


@_of_build
def weights(build: Build) -> list[EvidenceLink]:
    """Count the runs whose weights are stored."""
    runs, store = build.metrics.runs, RunStore(build.root / "build" / "runs")
    kept = sum(bool(store.state(run)) for run in runs)
    if kept < len(runs) or not runs:
        raise Absent(f"the weights of {kept} of {len(runs)} runs are here; `make train` makes the others")
    return []
