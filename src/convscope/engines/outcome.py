"""What an engine gives back, whichever engine it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace

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
    """A trained network and how it did."""

    history: tuple[Epoch, ...]  # one entry an epoch
    # over the test images, after the last epoch
    test_loss: float
    test_accuracy: float
    predictions: NDArray[np.uint8]  # uint8, (test images,): the class of the largest logit
    confidences: NDArray[np.float32]  # float32, (test images,): its softmax probability
    # arrays by name: ``"0.weight"`` belongs to layer 0 of the ModelSpec. Convolutions are (filters, channels, kernel,
    # kernel), dense layers (units, features), biases (units,); of local connections and permutations see
    # `convscope.models.local`. float32
    weights: dict[str, NDArray[np.float32]]
    # wall time of the passes over training images, and of all evaluations
    train_seconds: float
    evaluate_seconds: float


def merged(outcomes: Sequence[Outcome], tested: Sequence[NDArray[np.int64]]) -> Outcome:
    """Put the outcomes of a cross-validation together: each image is tested by the fold that left it out.

    Parameters
    ----------
    tested
        For each fold the places of its test images; together every place once.

    Returns
    -------
    Outcome
        The history is the mean over the folds; the weights are those of the first fold's network.
    """
    if len(outcomes) == 1:
        return outcomes[0]
    order = np.argsort(np.concatenate(tested))
    shares = np.array([len(places) for places in tested]) / len(order)
    return replace(
        outcomes[0],
        history=tuple(
            Epoch(*np.mean([astuple(epoch) for epoch in epochs], axis=0).tolist())
            for epochs in zip(*(outcome.history for outcome in outcomes), strict=True)
        ),
        test_loss=float(shares @ [outcome.test_loss for outcome in outcomes]),
        test_accuracy=float(shares @ [outcome.test_accuracy for outcome in outcomes]),
        predictions=np.concatenate([outcome.predictions for outcome in outcomes])[order],
        confidences=np.concatenate([outcome.confidences for outcome in outcomes])[order],
        train_seconds=sum(outcome.train_seconds for outcome in outcomes),
        evaluate_seconds=sum(outcome.evaluate_seconds for outcome in outcomes),
    )
