"""Runs that never began to learn. They are counted, and averaged with no other."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special

from convscope.runs.result import RunResult

UNMOVED = 0.95  # of the loss of a network that knows how frequent the classes are, and nothing else


def failed_to_train(result: RunResult, labels: NDArray[np.int64]) -> bool:
    """Tell whether a run stayed at chance: its training loss never left its start, and its answers are guesses.

    The loss of guessing by the classes' shares is their entropy; an untrained network starts there or above. A run
    counts as failed where the mean training loss of every epoch stays above 95 % of it, and the test accuracy is not
    above that of always naming the largest class by more than three standard errors.

    Parameters
    ----------
    labels
        Of the test images, (test images,).
    """
    shares = np.bincount(labels) / len(labels)
    entropy, largest = float(special.entr(shares).sum()), float(shares.max())
    never_left = all(epoch.train_loss > UNMOVED * entropy for epoch in result.history)
    accuracy = float((result.predictions == labels).mean())
    return never_left and accuracy <= largest + 3 * sqrt(largest * (1 - largest) / len(labels))


def trained_seeds(results: Sequence[RunResult], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which runs of a variant count, (seeds,): those that trained, or all where none did."""
    trained = np.array([not failed_to_train(result, labels) for result in results])
    return trained if trained.any() else np.ones_like(trained)
