"""A figure is one function that draws rows, and one that makes them; the rows are the CSV beside it.

    @figure("kernel-cost", rows=kernel_costs, finding=largest_kernels)
    def kernel_cost(rows: Rows) -> Figure: ...

The finding says what the rows show, for those who do not see it. The figure is then drawn in every build whose results
give it rows, and a template shows it by its name. A name with fields in it, such as ``{study}``, stands for one figure
each, whose rows are made from that study.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from string import Formatter
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from convscope.analysis.estimates import Comparison, Measure
from convscope.analysis.pictures import Pictures
from convscope.analysis.records import Claim, Metrics

if TYPE_CHECKING:  # notebooks draw figures, and rest on no deployment
    from convscope.deployment.records import Evidence

Row = dict[str, Any]  # by column: text or a number
Rows = list[Row]
Sentences = list[str]
Finding = Callable[[Rows], Sentences]


@dataclass(frozen=True)
class Material:
    """What figures are drawn from."""

    metrics: Metrics
    pictures: Pictures
    evidence: Evidence | None = None  # of a deployment


@dataclass(frozen=True)
class Drawing:
    """A figure that can be drawn, and what it is drawn from."""

    draw: Callable[[Rows], Figure]
    rows: Rows
    finding: Finding | None = None

    def __call__(self) -> Figure:
        """Draw it."""
        return self.draw(self.rows)

    @property
    def says(self) -> Sentences:
        """What it shows; nothing where it shows what things look like."""
        return self.finding(self.rows) if self.finding else []


@dataclass(frozen=True)
class Entry:
    """A registered figure."""

    rows: Callable[..., Rows]
    draw: Callable[[Rows], Figure]
    finding: Finding | None


FIGURES: dict[str, Entry] = {}

FIELDS: dict[str, Callable[..., Iterable[str]]] = {
    "dataset": lambda metrics: metrics.datasets,
    "study": lambda metrics: metrics.ran,
    "normalisation": lambda metrics, dataset: dict.fromkeys(
        study.normalisation for study in metrics.ran.values() if study.dataset == dataset
    ),
    "variant": lambda metrics, study: metrics.ran[study].variants,
    "experiment": lambda metrics, study: metrics.ran[study].experiments,
    "role": lambda *_: ("baseline", "reference"),
}
"""What a field of a name stands for: ids, by the metrics and the fields before it."""


def figure(
    name: str, rows: Callable[..., Rows], finding: Finding | None = None
) -> Callable[[Callable[[Rows], Figure]], Callable[[Rows], Figure]]:
    """Register what draws a figure; a function that draws several is registered by each name.

    Parameters
    ----------
    name
        Of the figure's file, without ``.svg``; with `FIELDS` in it there is one for each study that was run
        (``{study}``), for each of its networks (``{study}-{variant}``), and so on.
    rows
        Makes what is drawn from the material, and the ids of the fields. No rows, no figure.
    finding
        Says what the rows show (`convscope.figures.findings`).
    """

    def register(draw: Callable[[Rows], Figure]) -> Callable[[Rows], Figure]:
        FIGURES[name] = Entry(rows, draw, finding)
        return draw

    return register


def registered(material: Material) -> Iterator[tuple[str, Drawing]]:
    """Yield name and drawing of each registered figure that these results give rows."""
    for name, entry in FIGURES.items():
        for ids in _places(name, material.metrics):
            if rows := entry.rows(material, *ids.values()):
                yield name.format(**ids), Drawing(entry.draw, rows, entry.finding)


def _places(name: str, metrics: Metrics) -> list[dict[str, str]]:
    """Return each choice of ids for the fields of a name."""
    places: list[dict[str, str]] = [{}]
    for _, field, _, _ in Formatter().parse(name):
        if field:
            places = [ids | {field: each} for ids in places for each in FIELDS[field](metrics, *ids.values())]
    return places


def groups(rows: Rows, *columns: str) -> dict[Any, Rows]:
    """Return rows by what they have in a column, or in several, in the order they appear."""
    found: dict[Any, Rows] = {}
    for row in rows:
        found.setdefault(itemgetter(*columns)(row), []).append(row)
    return found


def bounds(measured: Measure | Comparison | Claim, factor: int = 1) -> Row:
    """Return the ends of an interval as entries of a row, ``low`` and ``high``; None for a single run."""
    low, high = (factor * end for end in measured.interval) if measured.interval else (None, None)
    return {"low": low, "high": high}


SIDES = ("channels", "height", "width")


def pictured(image: NDArray[Any], digits: int | None = None) -> Row:
    """Return an image, (C, H, W) or (H, W), as entries of a row: its sides, and its values row by row, all in one.

    A column a value would put hundreds of empty cells into every other row.
    """
    values = image if digits is None else image.round(digits)
    return dict(zip(SIDES[-image.ndim :], image.shape, strict=True)) | {"values": ";".join(map(str, values.ravel()))}


def picture_in(row: Mapping[str, Any]) -> NDArray[Any]:
    """Return the image that `pictured` put into a row."""
    shape = [int(row[side]) for side in SIDES if row.get(side) not in (None, "")]
    return np.array(json.loads(f"[{row['values'].replace(';', ',')}]")).reshape(shape)
