"""Figures about a data set, drawn from facts made up here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from convscope.analysis.records import Metrics
from convscope.analysis.study_records import Dataset
from convscope.figures import eda
from convscope.figures.registry import Material, pictured
from convscope.figures.style import figure_style, save

FACTS = Dataset.model_construct(channels=1, histogram=((3, *[1] * 255),), mean=(0.2,), sd=(0.25,))


@pytest.fixture(autouse=True)
def styled() -> Iterator[None]:
    with figure_style():
        yield
    plt.close("all")


@pytest.mark.parametrize(
    ("normalisation", "low", "high", "label"),
    [("unit", 0.0, 256 / 255, "value / 255"), ("standard", -0.8, (256 / 255 - 0.2) / 0.25, "mean")],
)
def test_the_histogram_shows_what_the_network_receives(normalisation: str, low: float, high: float, label: str) -> None:
    rows = eda.pixel_rows(Material(Metrics.model_construct(datasets={"made-up": FACTS}), {}), "made-up", normalisation)
    _, after = eda.pixel_histogram(rows).axes
    (stairs,) = after.patches
    edges = stairs.get_data().edges  # type: ignore[attr-defined]
    assert (edges[0], edges[-1]) == pytest.approx((low, high))
    assert label in after.get_xlabel()
    assert [rows[0]["normalised"], rows[-1]["normalised"]] == pytest.approx([low, (1 - 0.2) / 0.25 if low else 1])
    np.testing.assert_allclose([row["pixels"] for row in rows], FACTS.histogram[0])


def test_names_are_drawn_as_they_are(tmp_path: Path) -> None:
    """Matplotlib leaves each text beside its outlines as a comment; read as a formula, the first is an error."""
    rows = [{"class": name, "train": 2, "test": 1} for name in (r"$\no$", "a_{b}", "{{< y >}}")]
    save(eda.class_distribution(rows), tmp_path / "classes.svg")
    svg = (tmp_path / "classes.svg").read_text()
    for name in (r"$\no$", "a_{b}", "{{&lt; y &gt;}}"):
        assert f"<!-- {name} -->" in svg


@pytest.mark.parametrize("longest", [1, 17, 30, 60])
def test_titles_of_mean_images_do_not_meet(longest: int) -> None:
    names = [chr(ord("a") + number) * longest for number in range(7)]
    figure = eda.mean_images([{"class": name} | pictured(np.zeros((1, 9, 9), np.uint8)) for name in names])
    figure.canvas.draw()
    titles = [axes.title.get_window_extent() for axes in figure.axes if axes.get_title()]
    assert len(titles) == 7
    assert not any(one.overlaps(other) for number, one in enumerate(titles) for other in titles[:number])
