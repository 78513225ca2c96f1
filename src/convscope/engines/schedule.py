"""In which batches, and at which learning rates, a run sees its training images; the same for every engine."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from convscope.specs import TrainSpec

Batch = NDArray[np.int64]  # indices of training images


def total_updates(training: TrainSpec, images: int) -> int:
    """Count the updates of a run with so many training images."""
    return training.updates or training.epochs * -(-images // training.batch_size)


def images_seen(training: TrainSpec, images: int) -> int:
    """Count the training images that all updates of a run see together, repetitions included."""
    batches = -(-images // training.batch_size)  # of one pass
    passes, rest = divmod(total_updates(training, images), batches)
    return passes * images + min(rest * training.batch_size, images)


def epochs(training: TrainSpec, images: int, order: np.random.Generator) -> Iterator[Iterator[Batch]]:
    """Yield the batches of each epoch: a pass over the images, or an equal part of a fixed number of updates.

    Parameters
    ----------
    training
        Batch size, number of epochs and of updates.
    images
        Number of training images.
    order
        Shuffles them anew for each pass; the last batch of a pass may be short.
    """
    batches = _batches(training.batch_size, images, order)
    updates = total_updates(training, images)
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
