"""How many images one network needs for another's accuracy: against curves whose crossing is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from convscope.analysis.efficiency import crossing, efficiency, fieller_limits
from convscope.analysis.measured import Measured

SIZES = (100, 1_000, 10_000)


def measured(levels: dict[str, float], seeds: int, images: int, stream: int) -> Measured:
    """Networks whose answers share the images' difficulty."""
    random = np.random.default_rng(stream)
    difficulty = random.random(images)
    scores = {}
    for name, level in levels.items():
        own = level + random.normal(0, 0.004, (seeds, 1)) - 0.5
        scores[name] = (np.clip(difficulty + random.normal(0, 0.2, (seeds, images)), 0, 1) < own + 0.5).astype(float)
    return Measured(scores, {name: np.ones(seeds, dtype=np.bool_) for name in levels})


def test_the_crossing_is_interpolated_on_the_logarithmic_scale() -> None:
    curve = [(100, 0.6), (1_000, 0.7), (10_000, 0.8)]
    assert crossing(curve, 0.65) == pytest.approx(100 * 10**0.5)
    assert crossing(curve, 0.72) == pytest.approx(1_000 * 10**0.2)
    assert crossing(curve, 0.7) == pytest.approx(1_000)
    assert crossing(curve, 0.81) is None
    assert crossing(curve, 0.59) is None


def test_limits_hold_the_truth_as_often_as_they_say() -> None:
    """The other network's true accuracies are 60, 70 and 80 %; 73 % is had with 1,000 times 10 to the 0.3."""
    levels = {"cnn": 0.73, "m0": 0.6, "m1": 0.7, "m2": 0.8}
    others = list(zip(SIZES, ("m0", "m1", "m2"), strict=True))
    exact = measured(levels, 40, 40_000, 0)
    means = {name: float(table.mean()) for name, table in exact.scores.items()}  # the truth, up to the hundredth
    truth = crossing([(size, means[name]) for size, name in others], means["cnn"])
    assert truth is not None
    hits = []
    for stream in range(1, 201):
        low, high = fieller_limits("cnn", others, measured(levels, 8, 800, stream))
        hits.append((low or 0) <= truth <= (high or np.inf))
    assert 0.91 <= np.mean(hits) <= 0.985  # 200 draws: a Monte Carlo standard error of 1.5 points


def test_limits_outside_of_what_was_tried_are_open() -> None:
    found = measured({"cnn": 0.9, "m0": 0.6, "m1": 0.7, "m2": 0.8}, 8, 1_000, 1)
    others = list(zip(SIZES, ("m0", "m1", "m2"), strict=True))
    assert fieller_limits("cnn", others, found) == (None, None)
    single = measured({"cnn": 0.7, "m0": 0.6, "m1": 0.7, "m2": 0.8}, 1, 1_000, 1)
    assert fieller_limits("cnn", others, single) == (None, None)


def test_each_network_gets_its_number() -> None:
    levels = {"c0": 0.66, "c1": 0.75, "c2": 0.9, "m0": 0.6, "m1": 0.7, "m2": 0.8}
    right = measured(levels, 8, 2_000, 3)

    def variant(name: str) -> Any:
        accuracy = SimpleNamespace(mean=float(right.scores[name].mean()))
        return SimpleNamespace(train_images=SIZES[int(name[1])], test_accuracy=accuracy)

    pairs = [(f"c{i}", f"m{i}") for i in (2, 0, 1)]
    found = efficiency(pairs, {name: variant(name) for name in levels}, right)
    assert [(each.a, each.images) for each in found] == [("c0", 100), ("c1", 1_000), ("c2", 10_000)]
    assert found[2].needed is None
    for each in found[:2]:
        assert each.needed is not None
        assert each.lower is not None
        assert each.upper is not None
        assert each.images < each.lower < each.needed < each.upper
    without = {name: SimpleNamespace(train_images=None, test_accuracy=None) for name in levels}
    assert efficiency(pairs, without, right) == []  # type: ignore[arg-type]
