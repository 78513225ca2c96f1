"""The study of doses: its ends are runs of another study, and its figure has them in order."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from convscope.figures.dose import dose, dose_and_response, dose_rows
from convscope.figures.style import figure_style
from convscope.specs import to_json
from convscope.studies import STUDIES

STUDY = STUDIES["dose"]


def test_both_ends_are_runs_of_the_decomposition() -> None:
    ours, theirs = (STUDIES[name].runs("full") for name in ("dose", "inductive_bias"))
    for name in ("mlp-wide", "conv", "conv-permuted"):
        assert ours[name] == theirs[name]


@pytest.mark.parametrize(("experiment", "doses"), [("blocks", [1, 2, 4, 7, 14, 28]), ("windows", [3, 1, 7, 27])])
def test_networks_have_the_doses_that_they_are_named_for(experiment: str, doses: list[int]) -> None:
    (declared,) = (each for each in STUDY.experiments if each.id == experiment)
    assert [dose(declared.factor, STUDY.variant(name).model) for name in declared.variants] == doses


def test_the_largest_window_sees_all_of_the_image_from_its_middle() -> None:
    """A window of 27 reaches 13 pixels to each side of place 13 or 14, of 28."""
    whole = STUDY.variant("whole").model
    assert max(window.size for window in whole.windows) >= whole.input_shape[1]


def measured(mean: float, interval: bool) -> dict[str, Any]:
    return {"mean": mean, "interval": [mean - 0.01, mean + 0.02] if interval else None}


@pytest.mark.parametrize("interval", [True, False])
def test_the_figure_draws_every_dose_in_order_and_the_baseline_as_a_band(interval: bool) -> None:
    variants = {
        each.id: {"title": each.title, "model": to_json(each.model), "test_accuracy": measured(0.5 + i / 50, interval)}
        for i, each in enumerate(STUDY.variants)
    }
    experiments = {each.id: {"factor": each.factor, "variants": list(each.variants)} for each in STUDY.experiments}
    study = {"variants": variants, "experiments": experiments, "baseline": STUDY.baseline}
    rows = dose_rows({"studies": {"dose": study}}, {}, "dose")
    assert [row["dose"] for row in rows] == ["", 1, 2, 4, 7, 14, 28, 1, 3, 7, 27]
    with figure_style():
        left, right = dose_and_response(rows).axes
    means = {row["variant"]: row["accuracy"] for row in rows}
    for axes, names in ((left, ["conv", "block-2", "block-4", "block-7", "block-14", "conv-permuted"]),
                        (right, ["cnn1", "conv", "cnn7", "whole"])):  # fmt: skip
        (curve,) = (line for line in axes.lines if line.get_label() == "CNN")
        assert np.asarray(curve.get_ydata()).tolist() == [means[name] for name in names]
        assert np.asarray(axes.lines[0].get_ydata())[0] == pytest.approx(50)
        assert len(axes.patches) == interval
    plt.close("all")


def test_a_study_of_two_orders_has_no_dose() -> None:
    experiments = {"order": {"factor": "pixel order", "variants": ["conv", "conv-permuted"]}}
    assert dose_rows({"studies": {"x": {"experiments": experiments}}}, {}, "x") == []
