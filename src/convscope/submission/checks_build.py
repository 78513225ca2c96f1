"""Checks of task 6, of the assignment's validation list and of what is handed in: they look at the build as a whole."""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from convscope.deployment.evidence import validate
from convscope.errors import DeploymentError
from convscope.files import sha256_of
from convscope.submission.artefacts import Absent, Evidence
from convscope.submission.chapters import Build, Chapter
from convscope.submission.pdf import Pdf, UnreadablePdf

ENGINE = Path("src/convscope/engines/numpy_cnn")
ALLOWED_IN_ENGINE = {"numpy", "convscope", *sys.stdlib_module_names}
# Places where a notebook that was run may lie, relative to the build.
NOTEBOOKS = "notebooks/**/*.ipynb"
LEVEL = 1.05  # of the loss before: what counts as a plateau


# ---------------------------------------------------------------- task 6: deployment


def _evidence(build: Build) -> list[Evidence]:
    return [build.file(build.deployment["folder"] / "evidence.json", "evidence.json")]


def deployed(what: str, shows: Callable[[dict[str, Any]], bool]) -> Callable[[Build], list[Evidence]]:
    """Return the check of a step of the deployment: its documented evidence shows it; `what` names it."""

    def check(build: Build) -> list[Evidence]:
        evidence = build.deployment
        if not of_aws(evidence):  # by the one rule; hosts that were edited into a file count for nothing
            evidence = evidence | {"origins": {}}
        try:
            shown = shows(evidence)
        except (KeyError, IndexError, TypeError):
            shown = False
        if not shown:
            raise Absent(f"evidence.json does not show {what}")
        return _evidence(build)

    return check


def of_aws(evidence: dict[str, Any]) -> bool:
    """Tell whether evidence is labelled AWS, and nothing in it contradicts that."""
    try:
        return validate({name: value for name, value in evidence.items() if name != "folder"}).label == "AWS"
    except DeploymentError:
        return False


def _answered(evidence: dict[str, Any], operation: str) -> bool:
    return any(call["operation"] == operation and call["status"] // 100 == 2 for call in evidence["requests"])


def trained(evidence: dict[str, Any]) -> bool:
    """Look for a training job that went through Training to Completed."""
    states = [transition["status"] for transition in evidence["training"]["transitions"]]
    return _answered(evidence, "CreateTrainingJob") and "Training" in states and states[-1] == "Completed"


def packaged(evidence: dict[str, Any]) -> bool:
    """Look for an artefact in S3, with its size and hash."""
    artefact = evidence["artefact"]
    return artefact["uri"].startswith("s3://") and artefact["bytes"] > 0 and len(artefact["sha256"]) == 64


def has_model(evidence: dict[str, Any]) -> bool:
    """Look for a model that was created, by its ARN."""
    return _answered(evidence, "CreateModel") and ":model/" in evidence["endpoint"]["model_arn"]


def has_endpoint(evidence: dict[str, Any]) -> bool:
    """Look for an endpoint that came into service."""
    states = [transition["status"] for transition in evidence["endpoint"]["transitions"]]
    return _answered(evidence, "CreateEndpoint") and states[-1] == "InService"


def inferred(evidence: dict[str, Any]) -> bool:
    """Look for images in, each with a class and a confidence out."""
    images = evidence["inference"]["images"]
    return bool(images) and all(
        image["png_base64"] and image["label"] and 0 <= image["confidence"] <= 1 for image in images
    )


def torn_down(evidence: dict[str, Any]) -> bool:
    """Look for the removal of what was created, and for anything left."""
    return _answered(evidence, "DeleteEndpoint") and evidence["leftovers"] == []


# ---------------------------------------------------------------- validation list


def end_to_end(build: Build) -> list[Evidence]:
    """Look for the result of every step, and for studies that were left out."""
    left_out = [f"{s['title']}: {s['reason']}" for s in build.metrics["studies"].values() if s["status"] != "run"]
    if left_out:
        raise Absent("not run: " + " ".join(left_out))
    if not list((build.folder / "figures").glob("*.svg")):
        raise Absent("there is no figure")
    found = [build.file(build.folder / "metrics.json"), build.file(build.folder / "report" / "report.html")]
    return [*found, readable_pdf(build)]


def readable_pdf(build: Build) -> Evidence:
    """Return the PDF as evidence; its pages are counted."""
    pdf = build.file(build.folder / "report" / "report.pdf")
    try:
        pages = Pdf(build.folder / "report" / "report.pdf").pages
    except UnreadablePdf as error:
        raise Absent(f"report.pdf cannot be read: {error}") from None
    return Evidence("file", f"report.pdf, {pages} pages", pdf.href, 1)


def loss_falls(chapter: Chapter) -> list[Evidence]:
    """Look for a training loss, mean over seeds, that ends at most 5 % above its beginning."""
    for variant in chapter.study["variants"].values():
        seeds = variant["curves"]["train_loss"]
        if len(seeds[0]) < 2:
            raise Absent(f"{variant['title']} was trained for one epoch, which makes no curve")
        first, last = (sum(losses[place] for losses in seeds) / len(seeds) for place in (0, -1))
        if not last <= LEVEL * first:
            raise Absent(f"the training loss of {variant['title']} goes from {first:.3f} to {last:.3f}")
    return [chapter.figure("curves").evidence, _metric(f"{chapter.at}/variants")]


def above_chance(chapter: Chapter) -> list[Evidence]:
    """Look for a baseline that is better than always naming the largest class of the test part."""
    measure = chapter.study["variants"][chapter.study["baseline"]]["test_accuracy"]
    counts = chapter.dataset["test_counts"]
    reached = measure["interval"][0] if measure["interval"] else measure["mean"]
    if not reached > max(counts) / sum(counts):
        raise Absent(f"the baseline reaches {reached:.3f}, chance is {max(counts) / sum(counts):.3f}")
    at = f"{chapter.at}/variants/{chapter.study['baseline']}/test_accuracy"
    section = chapter.section("baseline")
    section.must_show(f"{at}/mean")
    return [section.evidence, _metric(at)]


def cnn_wins_or_explained(chapter: Chapter) -> list[Evidence]:
    """Look for a gain whose whole interval is above zero, or a verdict in words in the chapter."""
    section = chapter.section("interpretation")
    for number, row in enumerate(chapter.study["against_baseline"]):
        if row["a"] == chapter.study["reference"] and row["interval"] and row["interval"][0] > 0:
            table = chapter.table("against-baseline")
            table.must_show(f"{chapter.at}/against_baseline/{number}/effect")
            return [table.evidence, section.evidence]
    if not any(source.startswith("/claims/") and source.endswith("/verdict") for source, _ in section.values):
        raise Absent(f"it does not win, and {section.label} gives no verdict on it")
    return [section.evidence]


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


# ---------------------------------------------------------------- what is handed in


def readme(build: Build) -> list[Evidence]:
    """Look for problem, data, diagrams, results, interpretation in README.md, and its pictures on disk."""
    file = build.root / "README.md"
    found = build.file(file)
    text = file.read_text(encoding="utf-8")
    for word in ("problem", "data", "architecture", "results", "interpretation"):
        if word not in text.lower():
            raise Absent(f"README.md says nothing of its {word}")
    pictures = [line.partition("](")[2].partition(")")[0] for line in text.splitlines() if line.startswith("![")]
    lost = [picture for picture in pictures if not (build.root / picture).is_file()]
    if lost or not any("architecture" in picture for picture in pictures):
        raise Absent(f"README.md shows {', '.join(lost) or 'no architecture diagram'}, which is not there")
    return [found]


def notebook(build: Build) -> list[Evidence]:
    """Look for a notebook whose cells of code were run, without an error, on the results of this build."""
    reasons, written_from = [], sha256_of(build.folder / "metrics.json")
    for file in sorted(build.folder.glob(NOTEBOOKS)):
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


def figures(build: Build) -> list[Evidence]:
    """Look for a set of figures as files."""
    drawn = sorted((build.folder / "figures").glob("*.svg"))
    if not drawn:
        raise Absent("there is no figure")
    return [Evidence("file", f"{len(drawn)} figures", "figures")]


def _metric(pointer: str) -> Evidence:
    return Evidence("metric", pointer, f"metrics.json#{pointer}")
