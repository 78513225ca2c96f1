"""What an engine gives back, whichever engine it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Epoch:
    """Means over one pass through the training images; accuracies are fractions, losses are in nats.

    The training values are those seen while training (each batch before its update), the validation values are
    taken after the pass.
    """

    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float


Progress = Callable[[int, float], None]
"""Called as ``progress(epochs_done, validation_accuracy)`` after each epoch."""


@dataclass(frozen=True)
class Outcome:
    """A trained network and how it did.

    Parameters
    ----------
    history
        One entry an epoch.
    test_loss, test_accuracy
        Over the test images, after the last epoch.
    predictions
        uint8, (test images,): the class of the largest logit.
    confidences
        float32, (test images,): its softmax probability.
    weights
        Arrays by name: ``"0.weight"`` belongs to layer 0 of the ModelSpec. Convolutions are
        (filters, channels, kernel, kernel), dense layers (units, features), biases (units,); float32.
    train_seconds, evaluate_seconds
        Wall time of the passes over training images, and of all evaluations.
    """

    history: tuple[Epoch, ...]
    test_loss: float
    test_accuracy: float
    predictions: NDArray[np.uint8]
    confidences: NDArray[np.float32]
    weights: dict[str, NDArray[np.float32]]
    train_seconds: float
    evaluate_seconds: float
