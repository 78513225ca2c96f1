"""In which batches, and at which learning rates, a run sees its training images; the same for every engine."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from convscope.specs import TrainSpec

Batch = NDArray[np.int64]  # indices of training images


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
