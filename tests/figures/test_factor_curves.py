"""Curves of factors, of studies trained as briefly as a trial build does."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from convscope.figures.factors import factor_curves


@pytest.mark.parametrize("epochs", [1, 2, 10])
def test_curves_are_drawn_however_short_the_training(epochs: int) -> None:
    rows = [
        {"factor": factor, "variant": name, "title": name, "epoch": epoch,
         "mean": 0.05 * epoch, "lowest": 0.04 * epoch, "highest": 0.06 * epoch}
        for factor, names in {"depth": ("base", "depth3"), "stride": ("base", "stride2")}.items()
        for name in names
        for epoch in range(1, epochs + 1)
    ]  # fmt: skip
    figure = factor_curves(rows)
    shown = {axes.get_title("left") or axes.get_title(): axes for axes in figure.axes if axes.get_legend()}
    assert list(shown) == ["depth", "stride"]
    for axes, names in zip(shown.values(), (["base", "depth3"], ["base", "stride2"]), strict=True):
        legend = axes.get_legend()
        assert legend is not None
        assert [text.get_text() for text in legend.get_texts()] == names
        low, high = axes.get_ylim()
        assert low < 5 * epochs <= high
    plt.close(figure)
