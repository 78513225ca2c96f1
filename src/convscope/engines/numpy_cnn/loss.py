"""The loss that training makes small, and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.engines.numpy_cnn.layers import Array


def cross_entropy(logits: Array, labels: NDArray[np.integer[Any]]) -> tuple[float, Array]:
    """Cross-entropy of softmax probabilities, mean over the batch, and its gradient.

    For one image the loss is ``-log(softmax(logits)[label])``. Its gradient is ``softmax(logits)`` with 1
    taken off at the label: what the network said minus what it should have said.

    Parameters
    ----------
    logits
        (N, classes), any finite values.
    labels
        (N,), 0 to classes - 1.

    Returns
    -------
    loss, gradient
        In nats; (N, classes).
    """
    log_probabilities = log_softmax(logits)  # (N, classes)
    images = np.arange(len(labels))
    loss = -log_probabilities[images, labels].mean()
    gradient = np.exp(log_probabilities)
    gradient[images, labels] -= 1
    return float(loss), gradient / len(labels)


def log_softmax(logits: Array) -> Array:
    """Logarithm of softmax probabilities, (N, classes).

    The largest logit is taken off first, which changes nothing but keeps `exp` from overflowing.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    result: Array = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result
