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
from convscope.files import Json, sha256_of
from convscope.grade.build import Build, Chapter, on_aws
from convscope.grade.documents import Absent, Evidence
from convscope.grade.pdf import Pdf, UnreadablePdf
from convscope.runs.store import RunStore
from convscope.specs import TrainSpec
from convscope.studies.factors import check_one_factor

ENGINE = Path("src/convscope/engines/numpy_cnn")
ALLOWED_IN_ENGINE = {"numpy", "convscope", *sys.stdlib_module_names}
LEVEL = 1.05  # of the loss before: what counts as a plateau
FEWEST_ON_ONE_PLOT = 4

Check = Callable[[Build, Chapter | None], list[Evidence]]
CHECKS: dict[str, Check] = {}


def _of_build(look: Callable[[Build], list[Evidence]]) -> Callable[[Build], list[Evidence]]:
    """Register a check of the build as a whole by its name."""
    CHECKS[look.__name__] = lambda build, _: look(build)
    return look


def _of_chapter(look: Callable[[Build, Chapter], list[Evidence]]) -> Callable[[Build, Chapter], list[Evidence]]:
    """Register a check of one study by its name."""

    def check(build: Build, chapter: Chapter | None) -> list[Evidence]:
        if chapter is None:
            raise Absent(f"{look.__name__} looks at a study: report/assignment.yml gives it another scope")
        return look(build, chapter)

    CHECKS[look.__name__] = check
    return look


# ---------------------------------------------------------------- experiments


@_of_chapter
def one_factor(build: Build, chapter: Chapter) -> list[Evidence]:
    """Compare the specifications of each experiment once more: they differ in its factor alone."""
    training = TrainSpec(**chapter.study.training)
    found = []
    for name, experiment in chapter.study.experiments.items():
        variants = [
            (variant, chapter.models[variant], training, chapter.study.variants[variant].train_images)
            for variant in experiment.variants
        ]
        try:
            check_one_factor(name, experiment.factor, variants)
        except SpecError as error:
            raise Absent(error.message) from None
        found.append(build.documents.part(f"sec-{chapter.id}-{name}").evidence)
    if not found:
        raise Absent("the study has no experiment")
    return found


@_of_chapter
def four_on_one_plot(build: Build, chapter: Chapter) -> list[Evidence]:
    """Look for a plot of learning curves with four variants or more, by the data behind it."""
    for name in ("curves", *(f"{experiment}-curves" for experiment in chapter.study.experiments)):
        anchor = f"fig-{chapter.id}-{name}"
        data = build.folder / "report" / "data" / f"{anchor}.csv"
        if build.documents.has(anchor) and data.is_file():
            drawn = {line.partition(",")[0] for line in data.read_text(encoding="utf-8").splitlines()[1:]}
            if len(drawn & chapter.study.variants.keys()) >= FEWEST_ON_ONE_PLOT:
                return [build.documents.part(anchor).evidence]
    raise Absent(f"no plot of learning curves shows {FEWEST_ON_ONE_PLOT} variants")


@_of_chapter
def repeated(_: Build, chapter: Chapter) -> list[Evidence]:
    """Count the runs of every variant."""
    for variant in chapter.study.variants.values():
        if len(set(variant.runs)) < 2:
            raise Absent(f"{variant.title} was trained with one seed alone")
    return []


@_of_chapter
def gain(build: Build, chapter: Chapter) -> list[Evidence]:
    """Look for the reference's difference to the baseline, with its interval."""
    table = build.documents.part(f"tbl-{chapter.id}-against-baseline")
    for number, row in enumerate(chapter.study.against_baseline):
        if row.a == chapter.study.reference:
            for what in ("effect", "interval"):
                if not table.shows(f"/studies/{chapter.id}/against_baseline/{number}/{what}"):
                    raise Absent(f"{table.label} does not show the {what} of {row.a} against {row.b}")
            return [table.evidence]
    raise Absent(f"{table.label} does not compare the reference with the baseline")


@_of_chapter
def loss_falls(_: Build, chapter: Chapter) -> list[Evidence]:
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
def above_chance(_: Build, chapter: Chapter) -> list[Evidence]:
    """Look for a baseline that is better than always naming the largest class of the test part."""
    measure = chapter.study.variants[chapter.study.baseline].test_accuracy
    counts = chapter.dataset.test_counts
    reached = measure.interval[0] if measure.interval else measure.mean
    if not reached > max(counts) / sum(counts):
        raise Absent(f"the baseline reaches {reached:.3f}, chance is {max(counts) / sum(counts):.3f}")
    return [_metric(f"/studies/{chapter.id}/variants/{chapter.study.baseline}/test_accuracy")]


@_of_chapter
def wins_or_explained(build: Build, chapter: Chapter) -> list[Evidence]:
    """Look for a gain whose whole interval is above zero, or a verdict in words in the chapter."""
    section = build.documents.part(f"sec-{chapter.id}-interpretation")
    for row in chapter.study.against_baseline:
        if row.a == chapter.study.reference and row.interval and row.interval[0] > 0:
            return [*gain(build, chapter), section.evidence]
    if not any(place.startswith("/claims/") and place.endswith("/verdict") for place, _, _ in section.shown):
        raise Absent(f"it does not win, and {section.label} gives no verdict on it")
    return [section.evidence]


# ---------------------------------------------------------------- deployment


def _deployed(name: str, what: str, shows: Callable[[Json], bool]) -> None:
    """Register the check of a step of the deployment: its evidence shows it; `what` names it."""

    def check(build: Build, _: Chapter | None) -> list[Evidence]:
        evidence, folder = build.deployment
        try:
            shown = shows(evidence)
        except (KeyError, IndexError, TypeError):
            shown = False
        if not shown:
            raise Absent(f"evidence.json does not show {what}")
        return [build.file(folder / "evidence.json", "evidence.json")]

    CHECKS[name] = check


def _answered(evidence: Json, operation: str) -> bool:
    return any(call["operation"] == operation and call["status"] // 100 == 2 for call in evidence["requests"])


def _states(evidence: Json, part: str) -> list[str]:
    return [transition["status"] for transition in evidence[part]["transitions"]]


def _ends_well(evidence: Json) -> bool:
    states = _states(evidence, "training")
    return _answered(evidence, "CreateTrainingJob") and "Training" in states and states[-1] == "Completed"


def _has_artefact(evidence: Json) -> bool:
    artefact = evidence["artefact"]
    return artefact["uri"].startswith("s3://") and artefact["bytes"] > 0 and len(artefact["sha256"]) == 64


def _answers(evidence: Json) -> bool:
    images = evidence["inference"]["images"]
    return bool(images) and all(
        image["png_base64"] and image["label"] and 0 <= image["confidence"] <= 1 for image in images
    )


def _is_model(evidence: Json) -> bool:
    return _answered(evidence, "CreateModel") and ":model/" in evidence["endpoint"]["model_arn"]


def _in_service(evidence: Json) -> bool:
    return _answered(evidence, "CreateEndpoint") and _states(evidence, "endpoint")[-1] == "InService"


def _nothing_left(evidence: Json) -> bool:
    return _answered(evidence, "DeleteEndpoint") and evidence["leftovers"] == []


_deployed("trained", "a training job that ended well", _ends_well)
_deployed("packaged", "an artefact in S3", _has_artefact)
_deployed("has_model", "a model that was created", _is_model)
_deployed("has_endpoint", "an endpoint in service", _in_service)
_deployed("inferred", "images, each with class and confidence", _answers)
_deployed("torn_down", "that nothing is left", _nothing_left)
_deployed("of_amazon", "that every request went to a host of Amazon's: it is from the emulator", on_aws)


# ---------------------------------------------------------------- the build as a whole


@_of_build
def end_to_end(build: Build) -> list[Evidence]:
    """Look for the result of every step, and for studies that were left out."""
    left_out = [f"{s.title}: {s.reason}" for s in build.metrics.studies.values() if s.status != "run"]
    if left_out:
        raise Absent("not run: " + " ".join(left_out))
    figures(build)
    page = build.file(build.folder / "report" / "report.html")
    return [build.file(build.folder / "metrics.json"), page, *readable_pdf(build)]


@_of_build
def readable_pdf(build: Build) -> list[Evidence]:
    """Open the PDF, and count its pages."""
    pdf = build.file(build.folder / "report" / "report.pdf")
    try:
        pages = Pdf(build.folder / "report" / "report.pdf").pages
    except UnreadablePdf as error:
        raise Absent(f"report.pdf cannot be read: {error}") from None
    return [Evidence("file", f"report.pdf, {pages} pages", pdf.href, 1)]


@_of_build
def figures(build: Build) -> list[Evidence]:
    """Look for a set of figures as files."""
    drawn = sorted((build.folder / "figures").glob("*.svg"))
    if not drawn:
        raise Absent("there is no figure")
    return [Evidence("file", f"{len(drawn)} figures", "figures")]


@_of_build
def notebook(build: Build) -> list[Evidence]:
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
def from_scratch(build: Build) -> list[Evidence]:
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
    return [Evidence("file", f"{ENGINE}, {len(files)} modules", folder)]


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "convscope" if node.level else str(node.module)


# ---------------------------------------------------------------- the checkout


@_of_build
def readme(build: Build) -> list[Evidence]:
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


@_of_build
def readme_results(build: Build) -> list[Evidence]:
    """Look for results in README.md, and the command that makes them."""
    found = build.file(build.root / "README.md")
    text = (build.root / "README.md").read_text(encoding="utf-8")
    if not _results_in(text) or "make all" not in text:
        raise Absent("README.md has no table of results, or not the command that makes them")
    return [found]


def _results_in(text: str) -> bool:
    results = text.partition("<!-- results")[2].partition("<!-- end of results")[0]
    return any(line.startswith("|") and "%" in line for line in results.splitlines())


@_of_build
def targets(build: Build) -> list[Evidence]:
    """Look for the targets of the Makefile that train and evaluate."""
    found = build.file(build.root / "Makefile")
    lines = (build.root / "Makefile").read_text(encoding="utf-8").splitlines()
    for target in ("train", "metrics", "report"):
        if not any(line.startswith(f"{target}:") for line in lines):
            raise Absent(f"the Makefile has no target {target}")
    return [found]


@_of_build
def pinned(build: Build) -> list[Evidence]:
    """Look for hashes in the lock file."""
    if "--hash=sha256:" not in (build.root / "requirements.lock").read_text(encoding="utf-8"):
        raise Absent("requirements.lock pins no package by its hash")
    return []


@_of_build
def weights(build: Build) -> list[Evidence]:
    """Count the runs whose weights are stored."""
    runs, store = build.metrics.runs, RunStore(build.root / "build" / "runs")
    kept = sum(bool(store.state(run)) for run in runs)
    if kept < len(runs) or not runs:
        raise Absent(f"the weights of {kept} of {len(runs)} runs are here; `make train` makes the others")
    return []


# ---------------------------------------------------------------- what checklists ask of the results


def _requires(name: str, holds: Callable[[Build], object], otherwise: str) -> None:
    """Register a check that gives no evidence of its own."""

    def check(build: Build, _: Chapter | None) -> list[Evidence]:
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


def _metric(pointer: str) -> Evidence:
    return Evidence("metric", pointer, f"metrics.json#{pointer}")
