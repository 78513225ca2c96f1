"""A figure is one function that draws rows, and one that makes them; the rows are the CSV beside it.

    @figure("kernel-cost", rows=kernel_costs)
    def kernel_cost(rows: Rows) -> Figure: ...

The figure is then drawn in every build whose results give it rows, and a template shows it by its name. A name with
``{study}`` or ``{dataset}`` in it stands for one figure each, whose rows are made from that study or data set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from convscope.analysis.pictures import Pictures
from convscope.analysis.records import Metrics

if TYPE_CHECKING:  # notebooks draw figures, and rest on no deployment
    from convscope.deployment.records import Evidence

Row = dict[str, Any]  # by column: text or a number
Rows = list[Row]
Drawing = partial[Figure]


@dataclass(frozen=True)
class Material:
    """What figures are drawn from."""

    metrics: Metrics
    pictures: Pictures
    evidence: Evidence | None = None  # of a deployment


@dataclass(frozen=True)
class Entry:
    """A registered figure."""

    name: str
    rows: Callable[..., Rows]
    draw: Callable[[Rows], Figure]


FIGURES: dict[str, Entry] = {}


def figure(name: str, rows: Callable[..., Rows]) -> Callable[[Callable[[Rows], Figure]], Callable[[Rows], Figure]]:
    """Register what draws a figure.

    Parameters
    ----------
    name
        Of the figure's file, without ``.svg``; with ``{study}`` in it there is one for each study that was run, with
        ``{dataset}`` one for each data set.
    rows
        Makes what is drawn from the material, and the id where the name has one. No rows, no figure.
    """

    def register(draw: Callable[[Rows], Figure]) -> Callable[[Rows], Figure]:
        FIGURES[name] = Entry(name, rows, draw)
        return draw

    return register


def registered(material: Material) -> Iterator[tuple[str, Drawing]]:
    """Yield name and drawing of each registered figure that these results give rows."""
    each = {"{study}": list(material.metrics.ran), "{dataset}": list(material.metrics.datasets)}
    for entry in FIGURES.values():
        hole = next((hole for hole in each if hole in entry.name), None)
        for place in [(name,) for name in each[hole]] if hole else [()]:
            if rows := entry.rows(material, *place):
                yield entry.name.replace(hole or "{}", place[0] if place else ""), partial(entry.draw, rows)


def numbered(values: NDArray[Any], digits: int | None = None) -> Row:
    """Return the values of an image as entries of a row, by their place, ``"0"``, ``"1"``, …, rounded if asked for."""
    return {
        str(place): value
        for place, value in enumerate((values if digits is None else values.round(digits)).ravel().tolist())
    }


def unnumbered(row: Mapping[str, Any], *shape: int) -> NDArray[Any]:
    """Return the image of this shape whose values `numbered` put into a row."""
    return np.array([row[str(place)] for place in range(prod(shape))]).reshape(shape)


def rows_of(drawing: Drawing) -> Rows | None:
    """Return what a registered figure draws; None for another."""
    if drawing.func in [entry.draw for entry in FIGURES.values()]:
        found: Rows = drawing.args[0]
        return found
    return None
