"""The size of type in figures as they are printed, read out of the files that the report shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checkout import SmokeBuild

TEXT_WIDTH = 459.2  # points
SMALLEST = 7.0  # points: below it a caption of a printed journal does not go either

_SHOWN = re.compile(r"\(figures/(?P<name>[^)]+)\.svg\)\{[^}]* width=(?P<percent>[\d.]+)%\}")
_TYPE = re.compile(r"scale\((?P<size>[\d.]+) -[\d.]+\)")  # Matplotlib's: a hundredth of the size, its axis upside down


def smallest_type(svg: str) -> float | None:
    """Return the size of the smallest letters of a figure in points; None where it has none."""
    return min((100 * float(size) for size in _TYPE.findall(svg)), default=None)


@pytest.mark.slow
@pytest.mark.parametrize("document", ["report", "supplement"])
def test_no_letter_of_a_figure_is_too_small_on_paper(smoke_build: SmokeBuild, document: str) -> None:
    source = smoke_build.checkout.build / "report" / "source"
    text = (source / f"{document}.qmd").read_text(encoding="utf-8")
    small, seen = {}, 0
    for shown in _SHOWN.finditer(text):
        svg = (source / "figures" / f"{shown['name']}.svg").read_text(encoding="utf-8")
        drawn = re.search(r'<svg[^>]* width="([\d.]+)pt"', svg)
        size = smallest_type(svg)
        assert drawn, shown["name"]
        if size is not None:
            seen += 1
            printed = size * float(shown["percent"]) / 100 * TEXT_WIDTH / float(drawn[1])
            if printed < SMALLEST - 0.02:  # half a pixel of a printer
                small[shown["name"]] = round(printed, 2)
    assert seen > 10
    assert not small


def test_the_size_that_is_read_is_the_size_that_was_asked_for(tmp_path: Path) -> None:
    import matplotlib.pyplot as plt

    from convscope.figures.style import figure_style, save

    with figure_style():
        figure = plt.figure(figsize=(2, 1))
        figure.text(0.1, 0.1, "large", fontsize=9)
        figure.text(0.5, 0.5, "small", fontsize=6.5, rotation=30)
        save(figure, tmp_path / "f.svg")
    assert smallest_type((tmp_path / "f.svg").read_text(encoding="utf-8")) == pytest.approx(6.5)
