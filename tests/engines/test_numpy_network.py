"""Networks of the NumPy engine against PyTorch: same weights, same batches, same numbers."""

from __future__ import annotations

import ast
import sys
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch_twin import torch_optimiser, torch_update, twin

from convscope.engines.numpy_cnn.layers import Array
from convscope.engines.numpy_cnn.loss import cross_entropy
from convscope.engines.numpy_cnn.network import Network, initial_weights
from convscope.engines.numpy_cnn.optimisers import optimiser
from convscope.errors import SpecError
from convscope.specs import (
    Activation,
    Conv2d,
    Dense,
    Flatten,
    GlobalAveragePool,
    ModelSpec,
    Pool2d,
    TrainSpec,
)

LOGITS = Dense(3, "none")
MODELS = {
    "pooled": ModelSpec((1, 8, 9), (Conv2d(4, 3), Pool2d(), Conv2d(5, 3), Pool2d(), Flatten(), Dense(8), LOGITS)),
    "two pools after one activation": ModelSpec(
        (2, 9, 8), (Conv2d(4, 3, activation="tanh"), Pool2d(), Pool2d(), Flatten(), LOGITS)
    ),
    "average pool, stride, global average": ModelSpec(
        (3, 11, 10),
        (
            Conv2d(4, 5, activation="sigmoid"),
            Pool2d("average"),
            Conv2d(6, 3, stride=2, padding="valid"),
            GlobalAveragePool(),
            LOGITS,
        ),
    ),
    "linear convolutions": ModelSpec(
        (1, 6, 7), (Conv2d(3, 2, padding="valid", activation="none"), Conv2d(3, 3), Flatten(), LOGITS)
    ),
    "no convolution": ModelSpec((1, 5, 6), (Flatten(), Dense(8, "tanh"), Dense(6), LOGITS)),
}


def float64_weights(spec: ModelSpec, seed: int) -> dict[str, Array]:
    return {name: array.astype(np.float64) for name, array in initial_weights(spec, seed).items()}


@pytest.mark.parametrize("name", MODELS)
def test_network_has_the_logits_and_gradients_of_pytorch(name: str) -> None:
    spec = MODELS[name]
    weights = float64_weights(spec, seed=3)
    ours, theirs = Network(spec, weights), twin(spec, weights)
    random = np.random.default_rng(0)
    images, labels = random.standard_normal((6, *spec.input_shape)), random.integers(0, 3, 6)

    logits = ours.forward(images)
    expected = theirs(torch.from_numpy(images))
    np.testing.assert_allclose(logits, expected.detach().numpy(), rtol=1e-10, atol=1e-12)

    ours.backward(cross_entropy(logits, labels)[1])
    functional.cross_entropy(expected, torch.from_numpy(labels)).backward()  # type: ignore[no-untyped-call]
    assert list(ours.gradients) == list(weights)
    for gradient, parameter in zip(ours.gradients.values(), theirs.parameters(), strict=True):
        assert parameter.grad is not None
        np.testing.assert_allclose(gradient, parameter.grad.numpy(), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("method", ["adam", "sgd"])
def test_losses_follow_pytorch_over_50_updates(name: str, method: Literal["adam", "sgd"]) -> None:
    spec = MODELS[name]
    weights = float64_weights(spec, seed=4)
    training = TrainSpec(epochs=1, learning_rate=0.01, optimiser=method)
    ours, theirs = Network(spec, weights), twin(spec, weights)
    our_optimiser = optimiser(training, ours.parameters)
    their_optimiser = torch_optimiser(training, theirs)

    random = np.random.default_rng(1)
    our_losses, their_losses = [], []
    for _ in range(50):
        images, labels = random.standard_normal((8, *spec.input_shape)), random.integers(0, 3, 8)
        loss, gradient = cross_entropy(ours.forward(images), labels)
        ours.backward(gradient)
        our_optimiser.update(ours.parameters, ours.gradients, training.learning_rate)
        our_losses.append(loss)
        their_losses.append(torch_update(theirs, their_optimiser, images, labels))
    np.testing.assert_allclose(our_losses, their_losses, rtol=1e-8)


def test_activations_after_max_pooling_touch_a_quarter_of_the_values() -> None:
    kinds = [type(layer).__name__ for layer in Network(MODELS["pooled"], float64_weights(MODELS["pooled"], 0)).layers]
    assert kinds[:3] == ["Conv2d", "MaxPool2d", "ReLU"]


def test_gelu_is_refused() -> None:
    gelu: Activation = "gelu"
    spec = ModelSpec((1, 4, 4), (Flatten(), Dense(3, gelu), LOGITS))
    with pytest.raises(SpecError, match=r"no activation 'gelu'.*error function"):
        Network(spec, initial_weights(spec, 0))


def test_given_weights_are_copied() -> None:
    spec = MODELS["no convolution"]
    weights = float64_weights(spec, seed=0)
    Network(spec, weights).parameters["1.weight"][:] = 0
    assert weights["1.weight"].any()


def test_initial_weights_are_spread_as_those_of_pytorch() -> None:
    spec = ModelSpec((3, 8, 8), (Conv2d(64, 5), Flatten(), Dense(50), LOGITS))
    ours = initial_weights(spec, seed=0)
    torch.manual_seed(0)
    modules = {"0": nn.Conv2d(3, 64, 5), "2": nn.Linear(64 * 64, 50), "3": nn.Linear(50, 3)}
    theirs = {f"{i}.{name}": p for i, module in modules.items() for name, p in module.named_parameters()}
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        assert array.shape == theirs[name].shape
        assert array.dtype == np.float32
    for name in ("0.weight", "2.weight"):  # thousands of draws: largest and spread agree closely
        expected = theirs[name].detach().numpy()
        assert np.abs(ours[name]).max() == pytest.approx(np.abs(expected).max(), rel=2e-3)
        assert ours[name].std() == pytest.approx(expected.std(), rel=0.02)
    assert np.abs(ours["2.bias"]).max() <= 1 / 64 < 2 * np.abs(ours["2.bias"]).max()


def test_initial_weights_depend_on_the_seed() -> None:
    first, again, other = (initial_weights(MODELS["pooled"], seed)["0.weight"] for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).all()


def test_engine_imports_nothing_but_numpy() -> None:
    package = find_spec("convscope.engines.numpy_cnn")
    assert package is not None
    assert package.origin is not None
    trees = [ast.parse(path.read_text()) for path in sorted(Path(package.origin).parent.glob("**/*.py"))]
    assert len(trees) >= 9
    nodes = list(chain.from_iterable(ast.walk(tree) for tree in trees))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "." for node in nodes if isinstance(node, ast.ImportFrom)}
    outside = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    own = (
        "convscope.engines.numpy_cnn",
        "convscope.engines.outcome",
        "convscope.engines.schedule",
        "convscope.datasets",
        "convscope.specs",
    )
    assert {name for name in outside if not name.startswith((*own, "convscope.errors", "numpy"))} == set()
