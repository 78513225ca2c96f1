"""One look for all figures, and files whose bytes are equal when nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import Formatter, LogLocator

from convscope.figures.lean import lean
from convscope.figures.spots import spots_in
from convscope.files import replacing, write_json, write_text
from convscope.language import ENGLISH, catalogue

mpl.use("Agg")

WEB = "web"
"""Folder of the figures as pages show them."""

WIDTH = 6.3  # inches: the text width of an A4 page with 2.5 cm margins
# M. Okabe and K. Ito, Color Universal Design (2008): distinguishable with every kind of colour blindness
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6B6B6B", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
INK, MUTED, LINE = "#1f2328", "#59636e", "#d0d7de"

_SETTINGS: dict[Any, Any] = {
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "font.size": 8.5,
    "font.family": "DejaVu Sans",
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "text.parse_math": False,  # a class named $x$ is called so
    "svg.fonttype": "path",  # Typst would put a serif font in place of the text's own
    "svg.hashsalt": "convscope",  # equal ids, and so equal bytes
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Apply the look within a block."""
    with mpl.rc_context(_SETTINGS):
        yield


# What a network is in the argument decides how it looks, in every figure.
_ROLES = {
    "mlp": ("#6B6B6B", "s"),
    "mlp-wide": ("#000000", "P"),
    "conv": ("#0072B2", "o"),
    "cnn": ("#0072B2", "o"),
    "cnn3": ("#0072B2", "o"),
    "base": ("#0072B2", "o"),
    "cnn5": ("#56B4E9", "v"),
    "kernel5": ("#56B4E9", "v"),
    "cnn7": ("#CC79A7", "D"),
    "kernel7": ("#CC79A7", "D"),
    "local": ("#009E73", "^"),
    "conv-permuted": ("#7B4FB3", "h"),
    "local-permuted": ("#8C5A2B", "<"),
    "unpooled": ("#E69F00", "X"),
    "gap": ("#D55E00", "D"),
}


def look(variant: str, place: int) -> tuple[str, str]:
    """Colour and marker of a variant: by its role where it has one, else by its place in the study."""
    return _ROLES.get(variant, (PALETTE[place % len(PALETTE)], MARKERS[place % len(MARKERS)]))


def logarithmic(axes: Axes, side: Literal["x", "y"], steps: Sequence[int] = (1, 2, 5)) -> None:
    """Make an axis logarithmic, with plain numbers at these steps of each decade."""
    getattr(axes, f"set_{side}scale")("log")
    axis = axes.xaxis if side == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=steps))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter("")


def signed(value: float, digits: int = 2) -> str:
    """Write a difference with its sign, a minus as wide as a plus."""
    return f"{value:+.{digits}f}".replace("-", "−")


class _Said(Formatter):
    """The labels of another formatter, each put into a language: an axis writes them whenever it is drawn."""

    def __init__(self, formatter: Formatter, say: Callable[[str], str]) -> None:
        self._formatter = formatter
        self._say = say

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Label a place."""
        return self._say(self._formatter(x, pos))

    def format_ticks(self, values: list[float]) -> list[str]:
        """Label all places of an axis."""
        return [self._say(label) for label in self._formatter.format_ticks(values)]


def save(figure: Figure, path: Path, language: str = ENGLISH) -> None:
    """Write a figure as SVG, complete or not at all, and close it; in the folder `WEB` beside it, as pages show it.

    Its texts are put into the language. Where its values stand is beside it there, as JSON.
    """
    if language != ENGLISH:
        say = catalogue(language).sentence
        for text in figure.findobj(Text):
            text.set_text("\n".join(map(say, text.get_text().split("\n"))))
        for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
            axis.set_major_formatter(_Said(axis.get_major_formatter(), say))
    with replacing(path) as temporary:
        figure.savefig(temporary, format="svg", metadata={"Date": None}, bbox_inches="tight", pad_inches=0.04)
    plt.close(figure)
    (path.parent / WEB).mkdir(exist_ok=True)
    values = path.parent / WEB / f"{path.stem}.json"
    if spots := spots_in(figure):
        write_json(values, spots)
    else:
        values.unlink(missing_ok=True)
    write_text(path.parent / WEB / path.name, lean(path.read_text(encoding="utf-8")))
