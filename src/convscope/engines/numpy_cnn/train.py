"""Training: epochs of batches, one update each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convscope.datasets.dataset import Images
from convscope.datasets.splits import Split
from convscope.engines.numpy_cnn.loss import cross_entropy, log_softmax
from convscope.engines.numpy_cnn.network import Network, initial_weights
from convscope.engines.numpy_cnn.optimisers import optimiser
from convscope.engines.outcome import Outcome, Progress
from convscope.engines.schedule import Batch, Evaluation, through_epochs
from convscope.specs import RunSpec


def train(spec: RunSpec, split: Split, progress: Progress) -> Outcome:
    """Train a network in float32 and test it once, after the last epoch.

    Equal specification, images and number of BLAS threads give equal bits.

    Raises
    ------
    SpecError
        The model has a layer or an activation that this engine lacks.
    """
    network = Network(spec.model, initial_weights(spec.model, spec.seed))
    chosen = optimiser(spec.training, network.parameters)

    def learn(batches: Iterator[Batch], rates: Iterator[float]) -> tuple[float, float]:
        loss_sum, correct, seen = 0.0, 0, 0
        for batch in batches:
            images = split.train.take(batch)
            logits = network.forward(split.normalise(images.pixels))  # (N, classes)
            loss, gradient = cross_entropy(logits, images.labels)
            network.backward(gradient)
            chosen.update(network.parameters, network.gradients, next(rates))
            loss_sum += loss * len(images)
            correct += int((logits.argmax(axis=1) == images.labels).sum())
            seen += len(images)
        return loss_sum / seen, correct / seen

    return through_epochs(
        spec, len(split.train), progress,
        learn=learn,
        evaluate=lambda part: evaluate(network, getattr(split, part), split, spec.training.batch_size),
        weights=lambda: {name: array.astype(np.float32) for name, array in network.parameters.items()},
    )  # fmt: skip


def evaluate(network: Network, images: Images, split: Split, batch_size: int) -> Evaluation:
    """Predict the classes of images and compare them with the labels."""
    every = [
        log_softmax(network.forward(split.normalise(images.pixels[start : start + batch_size])))  # (N, classes)
        for start in range(0, len(images), batch_size)
    ]
    log_probabilities = np.concatenate(every)  # (images, classes)
    predictions = log_probabilities.argmax(axis=1)
    return Evaluation(
        loss=-float(log_probabilities[np.arange(len(images)), images.labels].mean(dtype=np.float64)),
        accuracy=float((predictions == images.labels).mean()),
        predictions=predictions.astype(np.uint8),
        confidences=np.exp(log_probabilities.max(axis=1)).astype(np.float32),
    )
