"""Training: epochs of batches, one update each."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convscope.datasets.dataset import Images
from convscope.datasets.splits import Split, stream
from convscope.engines.numpy_cnn.loss import cross_entropy, log_softmax
from convscope.engines.numpy_cnn.network import Network, initial_weights
from convscope.engines.numpy_cnn.optimisers import optimiser
from convscope.engines.outcome import Epoch, Outcome, Progress
from convscope.engines.schedule import epochs, learning_rates
from convscope.specs import RunSpec


def train(spec: RunSpec, split: Split, progress: Progress) -> Outcome:
    """Train a network in float32 and test it once, after the last epoch.

    Equal specification, images and number of BLAS threads give equal bits.

    Raises
    ------
    SpecError
        The model has a layer or an activation that this engine lacks.
    """
    training = spec.training
    network = Network(spec.model, initial_weights(spec.model, spec.seed))
    chosen = optimiser(training, network.parameters)
    order = stream(spec.seed, "order")
    rates = learning_rates(training, training.total_updates(len(split.train)))
    history: list[Epoch] = []
    train_seconds = evaluate_seconds = 0.0

    for number, chosen_images in enumerate(epochs(training, len(split.train), order), start=1):
        started = perf_counter()
        loss_sum, correct, seen = 0.0, 0, 0
        for batch in chosen_images:
            images = split.train.take(batch)
            logits = network.forward(split.normalise(images.pixels))  # (N, classes)
            loss, gradient = cross_entropy(logits, images.labels)
            network.backward(gradient)
            chosen.update(network.parameters, network.gradients, next(rates))
            loss_sum += loss * len(images)
            correct += int((logits.argmax(axis=1) == images.labels).sum())
            seen += len(images)
        train_seconds += perf_counter() - started

        started = perf_counter()
        validation = evaluate(network, split.validation, split, training.batch_size)
        evaluate_seconds += perf_counter() - started
        history.append(Epoch(loss_sum / seen, correct / seen, validation.loss, validation.accuracy))
        progress(number, validation.accuracy)

    started = perf_counter()
    test = evaluate(network, split.test, split, training.batch_size)
    evaluate_seconds += perf_counter() - started
    return Outcome(
        history=tuple(history),
        test_loss=test.loss,
        test_accuracy=test.accuracy,
        predictions=test.predictions,
        confidences=test.confidences,
        weights={name: array.astype(np.float32) for name, array in network.parameters.items()},
        train_seconds=train_seconds,
        evaluate_seconds=evaluate_seconds,
    )


def batches(indices: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    """Cut indices into batches; the last one may be short."""
    for start in range(0, len(indices), size):
        yield indices[start : start + size]


class Evaluation(NamedTuple):
    """How a network does on some images: means over them, and what it said about each."""

    loss: float
    accuracy: float
    predictions: NDArray[np.uint8]
    confidences: NDArray[np.float32]


def evaluate(network: Network, images: Images, split: Split, batch_size: int) -> Evaluation:
    """Predict the classes of images and compare them with the labels."""
    every = [
        log_softmax(network.forward(split.normalise(images.pixels[batch])))  # (N, classes)
        for batch in batches(np.arange(len(images)), batch_size)
    ]
    log_probabilities = np.concatenate(every)  # (images, classes)
    predictions = log_probabilities.argmax(axis=1)
    return Evaluation(
        loss=-float(log_probabilities[np.arange(len(images)), images.labels].mean(dtype=np.float64)),
        accuracy=float((predictions == images.labels).mean()),
        predictions=predictions.astype(np.uint8),
        confidences=np.exp(log_probabilities.max(axis=1)).astype(np.float32),
    )
