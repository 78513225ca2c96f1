"""What claims compare: one number for each seed and test image, by measure and variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from convscope.analysis.measured import Measured, Table
from convscope.runs.result import RunResult
from convscope.studies.study import Study

Outcomes = dict[str, Measured]
ACCURACY, GAP, CLASS_GAIN = "accuracy", "generalisation gap", "class gain"
ERRORS_GAIN = "class gain in errors removed"


def outcomes(
    study: Study,
    results: Mapping[str, Sequence[RunResult]],
    correct: Mapping[str, NDArray[np.bool_]],
    labels: NDArray[np.int64],
    counted: Mapping[str, NDArray[np.bool_]],
) -> Outcomes:
    """Return, by measure, (seeds, test images) numbers of each variant whose mean over images is the measure of a seed.

    Parameters
    ----------
    study
        Names the look-alike classes; without any there is no ``"class gain"``.
    correct
        By variant, (seeds, test images): which images each run has right.
    labels
        Of the test images, (test images,).
    counted
        By variant, (seeds,): the runs that trained.
    """
    right = {name: table.astype(np.float64) for name, table in correct.items()}
    trained_to = {name: np.array([[run.history[-1].train_accuracy] for run in runs]) for name, runs in results.items()}
    found = {
        ACCURACY: Measured(right, counted),
        GAP: Measured({name: trained_to[name] - right[name] for name in right}, counted),
    }
    if study.look_alikes:
        named = np.isin(labels, study.look_alikes)
        alike, others = named / named.mean(), ~named / (~named).mean()  # weights whose mean is 1
        found[CLASS_GAIN] = Measured({name: table * (alike - others) for name, table in right.items()}, counted)

        def removed(a: Table, b: Table) -> Table:
            return _share_removed(a, b, alike) - _share_removed(a, b, others)

        found[ERRORS_GAIN] = Measured(right, counted, between=removed)
    return found


def _share_removed(right: Table, of_baseline: Table, weights: NDArray[np.float64]) -> Table:
    """Return numbers whose mean is the share of the baseline's errors removed, and whose spread is its (delta method).

    Parameters
    ----------
    right, of_baseline
        (seeds, test images), 1 or 0.
    weights
        (test images,), of mean 1: which classes are meant.
    """
    wrong, baseline = (1 - right) * weights, (1 - of_baseline) * weights
    errors, all_errors = wrong.mean(), baseline.mean()
    if not all_errors:
        return np.zeros_like(wrong)  # nothing to remove
    linear: Table = 1 - wrong / all_errors + errors / all_errors * (baseline / all_errors - 1)
    return linear
