"""Every figure of a report, by file name."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from convscope.analysis.pictures import Pictures
from convscope.analysis.study_records import StudyRun
from convscope.figures import (  # argument, deployment, dose and structure register their figures
    architecture,
    argument,  # noqa: F401
    bias,
    claims,
    deployment,  # noqa: F401
    disputed,  # noqa: F401
    dose,  # noqa: F401
    eda,
    factors,  # noqa: F401
    probes,
    results,
    structure,  # noqa: F401
)
from convscope.figures.registry import Drawing, Material, registered
from convscope.figures.style import WEB, figure_style, save
from convscope.figures.tables import table_of
from convscope.files import csv_text, write_json, write_text
from convscope.language import ENGLISH
from convscope.specs import from_json

CODE = "code.json"
"""Beside the figures: by name, where the function is that draws it (``file``, ``line``, ``object``)."""

FEWEST_A_PROCESS = 20  # a process that draws starts in 2 seconds, and draws so many figures in that time


def drawings(material: Material) -> dict[str, Drawing]:
    """Return a function for each figure of a report; its name is the file's, without ``.svg``."""
    metrics, pictures = material.metrics, material.pictures
    result: dict[str, Drawing] = {}
    for name, facts in metrics.datasets.items():
        result |= {
            f"{name}-classes": partial(eda.class_distribution, facts),
            f"{name}-samples": partial(eda.samples, facts, pictures[f"datasets/{name}/samples"]),
            f"{name}-means": partial(eda.mean_images, facts, pictures[f"datasets/{name}/means"]),
        }
    for name, study in metrics.ran.items():
        facts, rule = metrics.datasets[study.dataset], study.normalisation
        result[f"{study.dataset}-{rule}-histogram"] = partial(eda.pixel_histogram, facts, rule)
        result |= {f"{name}-{what}": drawing for what, drawing in _of_study(study, facts.class_names).items()}
        result |= _inside(name, study, pictures)
        result |= {f"{name}-{what}": drawing for what, drawing in _of_probes(study).items()}
    if any(claim.effect is not None for claim in metrics.claims.values()):
        result["claims"] = partial(claims.forest, metrics.claims)
    return result | dict(registered(material))


def _of_study(study: StudyRun, class_names: Sequence[str]) -> dict[str, Drawing]:
    return {
        "accuracy": partial(results.accuracy_chart, study),
        "curves": partial(results.curves, study),
        "baseline-curves": partial(results.curves, study, [study.baseline]),
        **{
            f"{name}-curves": partial(results.curves, study, experiment.variants)
            for name, experiment in study.experiments.items()
            if len(study.variants) > results.MOST_COLOURS  # with fewer, the plot of all variants shows them
        },
        "confusion": partial(results.confusion_matrix, study, class_names, study.reference),
        "class-accuracy": partial(results.class_accuracy, study, class_names),
        "cost": partial(results.cost_chart, study),
        **{
            f"{role}-architecture": partial(architecture.architecture, from_json(study.variants[name].model))
            for role, name in (("baseline", study.baseline), ("reference", study.reference))
        },
    }


def _of_probes(study: StudyRun) -> dict[str, Drawing]:
    """Return the figures of what only some studies measure."""
    crossed = {*bias.CROSSED, *bias.CROSSED.values()} <= study.variants.keys()
    possible = {
        "interaction": (bias.interaction, crossed),
        "shift": (bias.shifted_accuracy, study.shift is not None),
        "equivariance": (bias.equivariance_errors, study.equivariance is not None),
        "sizes": (bias.sample_sizes, bias.varies_size(study)),
    }
    return {what: partial(function, study) for what, (function, measured) in possible.items() if measured}


def _inside(name: str, study: StudyRun, pictures: Pictures) -> dict[str, Drawing]:
    """Return filters and feature maps of each variant that has convolutions."""
    result: dict[str, Drawing] = {}
    for variant in study.variants:
        place = f"studies/{name}/{variant}"
        if f"{place}/filters" in pictures:
            layers = [pictures[f"{place}/features_{i}"] for i in (1, 2) if f"{place}/features_{i}" in pictures]
            image = pictures[f"studies/{name}/probe"]
            result[f"{name}-{variant}-filters"] = partial(probes.filters, pictures[f"{place}/filters"])
            result[f"{name}-{variant}-features"] = partial(probes.feature_maps, image, layers)
    return result


def draw(material: Material, folder: Path, jobs: int = 1, language: str = ENGLISH) -> list[Path]:
    """Draw every figure into a folder, with its data as CSV beside it; figures of other names in it are removed.

    Parameters
    ----------
    jobs
        Processes that draw, at most.
    """
    folder.mkdir(parents=True, exist_ok=True)
    todo = drawings(material)
    for stale in (*folder.rglob("*.svg"), *folder.glob("*.csv"), *(folder / WEB).glob("*.json")):
        if stale.stem not in todo:
            stale.unlink()
    jobs = min(jobs, len(todo) // FEWEST_A_PROCESS)
    if jobs > 1:
        shares = [list(todo)[share::jobs] for share in range(jobs)]  # figures that take long stand side by side
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            for done in [pool.submit(_draw_some, material, folder, names, language) for names in shares]:
                done.result()
    else:
        _draw_some(material, folder, list(todo), language)
    write_json(folder / CODE, {name: _code(drawing) for name, drawing in todo.items()})
    return [folder / f"{name}.svg" for name in todo]


def _draw_some(material: Material, folder: Path, names: Sequence[str], language: str) -> None:
    todo = drawings(material)
    with figure_style():
        for name in names:
            save(todo[name](), folder / f"{name}.svg", language)
            write_text(folder / f"{name}.csv", csv_text(table_of(todo[name])))


def _code(drawing: Drawing) -> dict[str, str | int]:
    """Tell where the function is that draws."""
    function = drawing.func
    file = f"src/{function.__module__.replace('.', '/')}.py"
    _, line = inspect.getsourcelines(function)
    return {"file": file, "line": line, "object": f"{function.__module__}.{function.__name__}"}
