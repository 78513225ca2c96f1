"""A number with its spread: how a value over seeds is written into metrics.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.analysis.statistics import (
    Estimate,
    accuracy_estimate,
    crossed_estimate,
    paired_difference,
    sign_flip_p,
    smallest_detectable_difference,
    summarise,
)

Measure = dict[str, Any]


def measure(values: Sequence[float], unit: str) -> Measure:
    """Describe one value a run: mean, standard deviation and 95 % t interval over seeds.

    Parameters
    ----------
    values
        One a seed, in the order of the seeds.
    unit
        ``"fraction"``, ``"nats"``, ``"seconds"``, ``"images per second"``.
    """
    summary = summarise(values)
    return {
        "unit": unit,
        "mean": summary.mean,
        "sd": summary.sd,
        "n": summary.n,
        "interval": list(summary.interval) if summary.interval else None,
        "values": [float(value) for value in values],
    }


def accuracy(correct: NDArray[np.bool_]) -> Measure:
    """Describe a test accuracy whose interval holds for new seeds and new test images.

    Parameters
    ----------
    correct
        (seeds, test images): which images each run has right.
    """
    return measure(list(correct.mean(axis=1)), "fraction") | _errors(accuracy_estimate(correct))


def score(scores: NDArray[np.float64]) -> Measure:
    """Describe the mean of fractions, (seeds, test images), whose interval holds for new seeds and new test images."""
    return measure(list(scores.mean(axis=1)), "fraction") | _errors(crossed_estimate(scores))


def comparison(a: str, b: str, correct_a: NDArray[np.bool_], correct_b: NDArray[np.bool_]) -> dict[str, Any]:
    """Describe the difference of test accuracy between two variants, A minus B, paired by seed and image."""
    estimate = paired_difference(correct_a, correct_b)
    differences = correct_a.mean(axis=1) - correct_b.mean(axis=1)
    detectable = None
    if estimate.standard_error is not None and estimate.degrees_of_freedom is not None:
        detectable = smallest_detectable_difference(estimate.standard_error, estimate.degrees_of_freedom)
    return {
        "a": a,
        "b": b,
        "quantity": "test_accuracy",
        "unit": "fraction",
        "effect": estimate.effect,
        "n": estimate.n,
        "differences": [float(difference) for difference in differences],
        "sign_flip_p": sign_flip_p(differences),
        "smallest_detectable": detectable,
        **_errors(estimate),
    }


def _errors(estimate: Estimate) -> dict[str, Any]:
    interval = estimate.interval()
    return {
        "interval": list(interval) if interval else None,
        "seed_error": estimate.seed_error,
        "test_set_error": estimate.test_set_error,
        "degrees_of_freedom": estimate.degrees_of_freedom,
    }
