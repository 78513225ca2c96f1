"""Training with the NumPy engine: the loop that one would write in PyTorch, with the same numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch_twin import torch_optimiser, torch_update, twin

from convscope.datasets.dataset import Images
from convscope.datasets.splits import Split, stream
from convscope.engines.numpy_cnn.network import Network, initial_weights
from convscope.engines.numpy_cnn.train import train
from convscope.engines.outcome import Outcome
from convscope.specs import Conv2d, DataSpec, Dense, Flatten, ModelSpec, Pool2d, RunSpec, TrainSpec

SMALL = ModelSpec((1, 10, 10), (Conv2d(6, 3), Pool2d(), Flatten(), Dense(16), Dense(4, "none")))
RUN = RunSpec(DataSpec("blobs", 60), SMALL, TrainSpec(epochs=4, learning_rate=5e-3, batch_size=32), seed=5)


def quiet(epochs: int, accuracy: float) -> None:
    """Take no notice of progress."""


def blobs(images: int, seed: int) -> Images:
    """Draw noise with a brighter blob in one of the four quarters, which is the label."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 4, images)
    pixels = random.integers(0, 120, (images, 1, 10, 10))
    for image, label in zip(pixels, labels, strict=True):
        top, left = 5 * (label // 2) + random.integers(0, 3), 5 * (label % 2) + random.integers(0, 3)
        image[0, top : top + 3, left : left + 3] += 110
    return Images(pixels.astype(np.uint8), labels)


@pytest.fixture(scope="module")
def split() -> Split:
    mean, scale = np.full(1, 0.3, np.float32), np.full(1, 0.2, np.float32)
    return Split(blobs(410, 0), blobs(60, 1), blobs(200, 2), mean, scale)  # 410 images: the 13th batch is short


@pytest.fixture(scope="module")
def outcome(split: Split) -> Outcome:
    return train(RUN, split, quiet)


def test_training_learns_what_can_be_seen(outcome: Outcome) -> None:
    assert outcome.test_accuracy > 0.97
    assert outcome.history[-1].train_loss < outcome.history[0].train_loss / 4


def test_outcome_keeps_the_contract(split: Split) -> None:
    calls: list[tuple[int, float]] = []
    outcome = train(RUN, split, lambda epochs, accuracy: calls.append((epochs, accuracy)))
    assert calls == [(i, epoch.validation_accuracy) for i, epoch in enumerate(outcome.history, start=1)]
    assert len(calls) == 4
    assert outcome.predictions.dtype == np.uint8
    assert outcome.confidences.dtype == np.float32
    assert outcome.predictions.shape == outcome.confidences.shape == (200,)
    assert outcome.test_accuracy == (outcome.predictions == split.test.labels).mean()
    shapes = {name: array.shape for name, array in outcome.weights.items()}
    assert shapes == {
        "0.weight": (6, 1, 3, 3),
        "0.bias": (6,),
        "3.weight": (16, 150),
        "3.bias": (16,),
        "4.weight": (4, 16),
        "4.bias": (4,),
    }
    assert {array.dtype for array in outcome.weights.values()} == {np.dtype(np.float32)}
    assert outcome.train_seconds > 0
    assert outcome.evaluate_seconds > 0


def test_weights_give_the_same_predictions_in_pytorch(split: Split, outcome: Outcome) -> None:
    network = twin(SMALL, dict(outcome.weights))
    with torch.no_grad():
        logits = network(torch.from_numpy(split.normalise(split.test.pixels)))
    confidences, predictions = logits.softmax(dim=1).max(dim=1)
    assert (predictions.numpy() == outcome.predictions).all()
    np.testing.assert_allclose(outcome.confidences, confidences.numpy(), rtol=1e-4)
    loss = functional.cross_entropy(logits, torch.from_numpy(split.test.labels)).item()
    assert outcome.test_loss == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize("schedule", ["constant", "linear"])
@pytest.mark.parametrize("method", ["adam", "sgd"])
def test_training_is_the_loop_that_one_would_write_in_pytorch(
    split: Split, schedule: Literal["constant", "linear"], method: Literal["adam", "sgd"]
) -> None:
    training = replace(RUN.training, epochs=2, schedule=schedule, optimiser=method)
    ours = train(replace(RUN, training=training), split, quiet)

    network = twin(SMALL, dict(initial_weights(SMALL, RUN.seed)))
    chosen = torch_optimiser(training, network)
    decay = torch.optim.lr_scheduler.LinearLR(chosen, 1.0, 0.0 if schedule == "linear" else 1.0, total_iters=26)
    order = stream(RUN.seed, "order")
    validation = torch.from_numpy(split.normalise(split.validation.pixels))
    for epoch in ours.history:
        shuffled, losses = order.permutation(410), []
        for start in range(0, 410, 32):
            batch = split.train.take(shuffled[start : start + 32])
            losses += [torch_update(network, chosen, split.normalise(batch.pixels), batch.labels)] * len(batch)
            decay.step()
        with torch.no_grad():
            logits = network(validation)
        loss = functional.cross_entropy(logits, torch.from_numpy(split.validation.labels)).item()
        assert epoch.train_loss == pytest.approx(np.mean(losses), rel=1e-3)
        assert epoch.validation_loss == pytest.approx(loss, rel=1e-3)
        accuracy = (logits.argmax(dim=1).numpy() == split.validation.labels).mean()
        assert epoch.validation_accuracy == pytest.approx(accuracy)


def test_train_accuracy_is_that_before_each_update(split: Split) -> None:
    still = replace(RUN, training=replace(RUN.training, epochs=1, learning_rate=1e-12))
    epoch = train(still, split, quiet).history[0]
    logits = Network(SMALL, initial_weights(SMALL, RUN.seed)).forward(split.normalise(split.train.pixels))
    assert epoch.train_accuracy == pytest.approx((logits.argmax(axis=1) == split.train.labels).mean())


def test_same_seed_gives_the_same_bits(split: Split, outcome: Outcome) -> None:
    again = train(RUN, split, quiet)
    assert again.history == outcome.history
    assert (again.confidences == outcome.confidences).all()
    assert all((again.weights[name] == array).all() for name, array in outcome.weights.items())
    other = train(replace(RUN, seed=6), split, quiet)
    assert other.history != outcome.history
