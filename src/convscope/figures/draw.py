"""Every figure of a report, by file name."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from convscope.figures import (  # noqa: F401  # each registers its figures
    architecture,
    argument,
    bias,
    claims,
    deployment,
    disputed,
    dose,
    eda,
    factors,
    probes,
    results,
    structure,
)
from convscope.figures.registry import Drawing, Material, Row, registered
from convscope.figures.style import WEB, figure_style, save
from convscope.files import csv_text, write_json, write_text
from convscope.language import ENGLISH

CODE = "code.json"
"""Beside the figures: by name, where the function is that draws it (``file``, ``line``, ``object``)."""

FINDINGS = "findings.json"
"""Beside the figures: by name, what each found, in English."""

DIGITS = 6  # of a number in the data of a figure, thrice as many as one can read from it; metrics.json has all 17

FEWEST_A_PROCESS = 20  # a process that draws starts in 2 seconds, and draws so many figures in that time


def drawings(material: Material) -> dict[str, Drawing]:
    """Return a function for each figure of a report; its name is the file's, without ``.svg``."""
    return dict(registered(material))


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
    write_json(folder / FINDINGS, {name: drawing.says for name, drawing in todo.items()})
    write_json(folder / CODE, {name: _code(drawing) for name, drawing in todo.items()})
    return [folder / f"{name}.svg" for name in todo]


def _draw_some(material: Material, folder: Path, names: Sequence[str], language: str) -> None:
    todo = drawings(material)
    with figure_style():
        for name in names:
            save(todo[name](), folder / f"{name}.svg", language)
            write_text(folder / f"{name}.csv", csv_text([_with_digits(row) for row in todo[name].rows]))


def _with_digits(row: Row) -> Row:
    return {name: float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value for name, value in row.items()}


def _code(drawing: Drawing) -> dict[str, str | int]:
    """Tell where the function is that draws."""
    function = drawing.draw
    file = f"src/{function.__module__.replace('.', '/')}.py"
    _, line = inspect.getsourcelines(function)
    return {"file": file, "line": line, "object": f"{function.__module__}.{function.__name__}"}
