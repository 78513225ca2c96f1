"""A fixed number of updates, and the layers that the NumPy engine lacks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from convscope.datasets.glyphs import generate
from convscope.datasets.splits import split, stream
from convscope.engines import torch_engine
from convscope.engines.numpy_cnn import train as numpy_train
from convscope.engines.outcome import Outcome
from convscope.engines.torch_engine import initialised
from convscope.errors import SpecError
from convscope.specs import (
    Conv2d,
    DataSpec,
    Dense,
    Flatten,
    Glyphs,
    Layer,
    LocallyConnected2d,
    ModelSpec,
    NumericMode,
    PermutePixels,
    RunSpec,
    TrainSpec,
)

GLYPHS = Glyphs(size=10, shift=0, train=150, test=40)
MODEL = ModelSpec((1, 10, 10), (Conv2d(3, 3), Flatten(), Dense(10, "none")))
TRAINING = TrainSpec(epochs=3, batch_size=32, learning_rate=1e-2, schedule="linear", updates=11)
RUN = RunSpec(DataSpec(GLYPHS, validation_images=50), MODEL, TRAINING, seed=0)
MODE = NumericMode("torch", "cpu", "float32", "channels_last")
IMAGES = split(generate(GLYPHS), RUN.data, seed=0)  # 100 to train: 4 batches a pass, the last of 4 images


def trained(engine: str, spec: RunSpec = RUN) -> Outcome:
    if engine == "numpy":
        return numpy_train.train(spec, IMAGES, lambda *_: None)
    return torch_engine.train(spec, IMAGES, MODE, lambda *_: None)


@pytest.mark.parametrize("engine", ["torch", "numpy"])
def test_a_number_of_updates_of_whole_passes_is_those_passes(engine: str) -> None:
    by_passes = trained(engine, replace(RUN, training=replace(TRAINING, updates=0)))
    by_updates = trained(engine, replace(RUN, training=replace(TRAINING, updates=12)))
    assert by_passes.history == by_updates.history
    for name, array in by_passes.weights.items():
        assert (by_updates.weights[name] == array).all()


def test_updates_are_the_loop_of_the_textbook() -> None:
    """Eleven updates in plain PyTorch, the passes over the images cycling."""
    network = initialised(MODEL, RUN.seed)
    optimiser = torch.optim.Adam(network.parameters())
    order, queue = stream(RUN.seed, "order"), torch.empty(0, dtype=torch.int64)
    pixels = torch.from_numpy(IMAGES.normalise(IMAGES.train.pixels))
    labels = torch.from_numpy(IMAGES.train.labels)
    accuracies = []
    right = seen = 0
    for update in range(11):
        if len(queue) == 0:
            queue = torch.from_numpy(order.permutation(100))
        batch, queue = queue[:32], queue[32:]
        optimiser.param_groups[0]["lr"] = 1e-2 * (1 - update / 11)
        logits = network(pixels[batch])
        right, seen = right + int((logits.argmax(1) == labels[batch]).sum()), seen + len(batch)
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits, labels[batch])
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if update + 1 in (3, 7, 11):  # three parts of eleven updates
            accuracies.append(right / seen)
            right = seen = 0
    ours = trained("torch")
    assert [epoch.train_accuracy for epoch in ours.history] == pytest.approx(accuracies)
    for name, value in network.state_dict().items():
        np.testing.assert_allclose(ours.weights[name], value.numpy(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("layer", [LocallyConnected2d(2, 3), PermutePixels()])
def test_numpy_refuses_what_it_lacks(layer: Layer) -> None:
    model = ModelSpec((1, 10, 10), (layer, Flatten(), Dense(10, "none")))
    with pytest.raises(SpecError, match=f"The NumPy engine has no {', '.join(layer.words)}") as error:
        trained("numpy", replace(RUN, model=model))
    assert "engine='torch'" in error.value.hint


def test_a_local_network_on_permuted_pixels_learns_and_keeps_its_permutation() -> None:
    model = ModelSpec((1, 10, 10), (PermutePixels(), LocallyConnected2d(4, 3), Flatten(), Dense(10, "none")))
    outcome = trained("torch", replace(RUN, model=model, training=replace(TRAINING, updates=0, epochs=12)))
    assert outcome.history[-1].train_accuracy > 0.8
    kept = outcome.weights["0.permutation"]
    assert kept.dtype == np.float32  # as all weights; whole numbers up to 2**24 are exact
    assert (kept == initialised(model, 0).state_dict()["0.permutation"].numpy()).all()


@pytest.mark.parametrize(("updates", "message"), [(-1, "updates is -1"), (2, "updates is 2 in 3 epochs")])
def test_impossible_updates_are_named(updates: int, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        TrainSpec(3, updates=updates)
