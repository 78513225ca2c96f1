"""Studies that share runs with the decomposition, and the figure that has doses in order."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from convscope.analysis.estimates import Measure
from convscope.analysis.records import Metrics
from convscope.analysis.study_records import Experiment, StudyRun, Variant
from convscope.figures.dose import dose, dose_and_response, dose_rows
from convscope.figures.registry import Material
from convscope.figures.style import figure_style
from convscope.specs import to_json
from convscope.studies import STUDIES

DOSES = {"dose": [1, 2, 4, 7, 14, 28], "windows": [3, 1, 5, 7]}


@pytest.mark.parametrize(
    ("study", "shared"), [("dose", ("mlp-wide", "conv", "conv-permuted")), ("windows", ("mlp-wide", "conv"))]
)
def test_they_share_runs_with_the_decomposition(study: str, shared: tuple[str, ...]) -> None:
    ours, theirs = (STUDIES[name].runs("full") for name in (study, "inductive_bias"))
    for name in shared:
        assert ours[name] == theirs[name]


def test_the_base_of_one_choice_is_the_network_that_is_taken_apart() -> None:
    assert STUDIES["design"].runs("full")["base"] == STUDIES["inductive_bias"].runs("full")["conv"]
    photographs = STUDIES["inductive_bias_cifar10"].variant("conv")
    assert STUDIES["design_cifar10"].variant("base").model == photographs.model


@pytest.mark.parametrize("study", DOSES)
def test_networks_have_the_doses_that_they_are_named_for(study: str) -> None:
    (declared,) = STUDIES[study].experiments
    doses = [dose(declared.factor, STUDIES[study].variant(name).model) for name in declared.variants]
    assert doses == DOSES[study]


def measured(mean: float, interval: bool) -> Measure:
    return Measure.model_construct(mean=mean, interval=(mean - 0.01, mean + 0.02) if interval else None)


def material(name: str, **fields: Any) -> Material:
    """Return a study of which only these fields are there."""
    study = StudyRun.model_construct(**fields)
    return Material(Metrics.model_construct(studies={name: study}), {})


@pytest.mark.parametrize("interval", [True, False])
@pytest.mark.parametrize("name", DOSES)
def test_the_figure_draws_every_dose_in_order_and_the_baseline_as_a_band(name: str, interval: bool) -> None:
    declared = STUDIES[name]
    variants = {
        each.id: Variant.model_construct(
            title=each.title, model=to_json(each.model), test_accuracy=measured(0.5 + i / 50, interval)
        )
        for i, each in enumerate(declared.variants)
    }
    experiments = {
        each.id: Experiment.model_construct(factor=each.factor, variants=each.variants) for each in declared.experiments
    }
    shown = material(name, variants=variants, experiments=experiments, baseline=declared.baseline)
    rows = dose_rows(shown, name)
    assert [row["dose"] for row in rows] == ["", *sorted(DOSES[name])]
    with figure_style():
        (axes,) = dose_and_response(rows).axes
    means = {row["variant"]: row["accuracy"] for row in rows}
    (curve,) = (line for line in axes.lines if line.get_label() == "CNN")
    assert np.asarray(curve.get_ydata()).tolist() == [means[row["variant"]] for row in rows[1:]]
    assert np.asarray(axes.lines[0].get_ydata())[0] == pytest.approx(50)
    assert len(axes.patches) == interval
    plt.close("all")


def test_a_study_of_two_orders_has_no_dose() -> None:
    order = Experiment.model_construct(factor="pixel order", variants=("conv", "conv-permuted"))
    assert dose_rows(material("x", experiments={"order": order}), "x") == []
