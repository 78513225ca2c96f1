"""What claims compare: one number for each seed and test image, by measure and variant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from convscope.runs.result import RunResult
from convscope.studies.study import Study

Outcomes = dict[str, dict[str, NDArray[np.float64]]]


def outcomes(
    study: Study,
    results: Mapping[str, Sequence[RunResult]],
    correct: Mapping[str, NDArray[np.bool_]],
    labels: NDArray[np.int64],
) -> Outcomes:
    """Return, by measure and variant, (seeds, test images) numbers whose mean over images is the measure of a seed.

    Parameters
    ----------
    study
        Names the look-alike classes; without any there is no ``"class gain"``.
    results
        By variant, one a seed.
    correct
        By variant, (seeds, test images): which images each run has right.
    labels
        Of the test images, (test images,).
    """

    def accuracy(name: str) -> NDArray[np.float64]:
        return correct[name].astype(np.float64)

    def generalisation_gap(name: str) -> NDArray[np.float64]:
        trained = np.array([[result.history[-1].train_accuracy] for result in results[name]])
        return trained - accuracy(name)

    def class_gain(name: str) -> NDArray[np.float64]:
        named = np.isin(labels, study.look_alikes)
        weights: NDArray[np.float64] = np.where(named, 1 / named.mean(), -1 / (~named).mean())
        return accuracy(name) * weights

    measures: dict[str, Callable[[str], NDArray[np.float64]]] = {
        "accuracy": accuracy,
        "generalisation gap": generalisation_gap,
    }
    if study.look_alikes:
        measures["class gain"] = class_gain
    return {measure: {name: values(name) for name in results} for measure, values in measures.items()}
