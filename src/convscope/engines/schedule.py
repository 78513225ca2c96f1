"""The course of a training, the same for every engine: batches and learning rates, epoch after epoch, and the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from time import perf_counter
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convscope.datasets.splits import stream
from convscope.engines.outcome import Epoch, Outcome, Progress
from convscope.specs import RunSpec, TrainSpec

Batch = NDArray[np.int64]  # indices of training images


class Evaluation(NamedTuple):
    """How a network does on some images: means over them, and what it said about each."""

    loss: float
    accuracy: float
    predictions: NDArray[np.uint8]
    confidences: NDArray[np.float32]


Learn = Callable[[Iterator[Batch], Iterator[float]], tuple[float, float]]
"""One update a batch, each with the next learning rate; returns mean loss and accuracy of the batches as they were met.
"""
Evaluate = Callable[[Literal["validation", "test"]], Evaluation]
"""Tests the network as it is now."""
Weights = Callable[[], dict[str, NDArray[np.float32]]]
"""Gives what the network has learned, as `Outcome` has it."""


def through_epochs(
    spec: RunSpec, images: int, progress: Progress, *, learn: Learn, evaluate: Evaluate, weights: Weights
) -> Outcome:
    """Train a network for all its epochs and test it once, after the last.

    Parameters
    ----------
    images
        How many it trains on.
    """
    training = spec.training
    rates = learning_rates(training, training.total_updates(images))
    history: list[Epoch] = []
    train_seconds = evaluate_seconds = 0.0
    for number, batches in enumerate(epochs(training, images, stream(spec.seed, "order")), start=1):
        started = perf_counter()
        loss, accuracy = learn(batches, rates)
        trained = perf_counter()
        validation = evaluate("validation")
        evaluate_seconds += perf_counter() - trained
        train_seconds += trained - started
        history.append(Epoch(loss, accuracy, validation.loss, validation.accuracy))
        progress(number, validation.accuracy)
    started = perf_counter()
    test = evaluate("test")
    evaluate_seconds += perf_counter() - started
    return Outcome(
        history=tuple(history),
        test_loss=test.loss,
        test_accuracy=test.accuracy,
        predictions=test.predictions,
        confidences=test.confidences,
        weights=weights(),
        train_seconds=train_seconds,
        evaluate_seconds=evaluate_seconds,
    )


def epochs(training: TrainSpec, images: int, order: np.random.Generator) -> Iterator[Iterator[Batch]]:
    """Yield the batches of each epoch: a pass over the images, or an equal part of a fixed number of updates.

    Parameters
    ----------
    order
        Shuffles them again for each pass; the last batch of a pass may be short.
    """
    batches = _batches(training.batch_size, images, order)
    updates = training.total_updates(images)
    ends = [updates * epoch // training.epochs for epoch in range(training.epochs + 1)]
    for start, end in pairwise(ends):
        yield islice(batches, end - start)


def _batches(size: int, images: int, order: np.random.Generator) -> Iterator[Batch]:
    while True:
        shuffled = order.permutation(images)
        for start in range(0, images, size):
            yield shuffled[start : start + size]


def learning_rates(training: TrainSpec, updates: int) -> Iterator[float]:
    """Yield the learning rate of each update: constant, or falling on a line from the given rate towards zero."""
    for update in range(updates):
        decay = 1 - update / updates if training.schedule == "linear" else 1.0
        yield training.learning_rate * decay
