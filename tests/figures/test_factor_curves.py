"""Curves of factors, of studies trained as briefly as a trial build does."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from convscope.figures.factors import factor_curves


@pytest.mark.parametrize("epochs", [1, 2, 10])
def test_curves_are_drawn_however_short_the_training(epochs: int) -> None:
    rows = [
        {"factor": factor, "variant": name, "title": name, "part": part, "epoch": epoch,
         "accuracy": 0.1 * epoch / 2, "loss": 2 / epoch}
        for factor, names in {"depth": ("base", "depth3"), "stride": ("base", "stride2")}.items()
        for name in names
        for part in ("train", "validation")
        for epoch in range(1, epochs + 1)
    ]  # fmt: skip
    figure = factor_curves(rows)
    shown = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert shown == ["depth", "stride"]
    for axes, last in ((figure.axes[0], 100 * 0.1 * epochs / 2), (figure.axes[4], 2 / epochs)):
        low, high = axes.get_ylim()
        assert low < last <= high
    plt.close(figure)
