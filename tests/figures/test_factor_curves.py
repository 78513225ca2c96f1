"""Curves of factors, of studies trained as briefly as a trial build does."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from convscope.figures.factors import factor_curves


@pytest.mark.parametrize("epochs", [1, 2, 10])
def test_curves_are_drawn_however_short_the_training(epochs: int) -> None:
    rows = [
        {"factor": factor, "variant": name, "title": name, "part": part, "epoch": epoch, "accuracy": 0.1 * epoch / 2}
        for factor, names in {"depth": ("base", "depth3"), "stride": ("base", "stride2")}.items()
        for name in names
        for part in ("train", "validation")
        for epoch in range(1, epochs + 1)
    ]
    figure = factor_curves(rows)
    shown = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert shown == ["depth", "stride"]
    low, high = figure.axes[0].get_ylim()
    assert low < 100 * 0.1 * epochs / 2 <= high
    plt.close(figure)
