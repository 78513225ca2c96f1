from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from torch import nn

from convscope.models.modules import pooling_commutes
from convscope.models.torch_model import build
from convscope.specs import Activation, Conv2d, Dense, Flatten, ModelSpec, Pool2d
from networks import copy_weights, networks, random_images, reference


def network_with(pool: Pool2d, activation: Activation) -> ModelSpec:
    layers = (Conv2d(6, 3, activation=activation), pool, Conv2d(5, 3, activation=activation), Pool2d("max"))
    return ModelSpec((2, 12, 10), (*layers, Flatten(), Dense(7, activation), Dense(4, "none")))


def names(network: nn.Sequential) -> list[str]:
    return [type(module).__name__ for module in network]


@given(networks())
def test_network_is_the_plain_one_in_another_order_of_work(spec: ModelSpec) -> None:
    expected, images = reference(spec), random_images(spec)
    for pool_first in (True, False):
        network = build(spec, pool_first=pool_first)
        copy_weights(expected, network)
        logits = network(images)
        assert logits.shape == (3, spec.classes)
        torch.testing.assert_close(logits, expected(images))


@given(networks())
def test_every_layer_and_every_activation_has_its_name(spec: ModelSpec) -> None:
    wanted = {str(i) for i in range(len(spec.layers))}
    activated = [(i, x) for i, x in enumerate(spec.layers) if isinstance(x, Conv2d | Dense) and x.activation != "none"]
    wanted |= {f"{i}_{layer.activation}" for i, layer in activated}
    for pool_first in (True, False):
        network = build(spec, pool_first=pool_first)
        assert {name for name, _ in network.named_children()} == wanted
        weighted = [str(i) for i, layer in enumerate(spec.layers) if isinstance(layer, Conv2d | Dense)]
        assert list(network.state_dict()) == [f"{i}.{part}" for i in weighted for part in ("weight", "bias")]


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_max_pooling_goes_before_a_monotone_activation(activation: Activation) -> None:
    spec = network_with(Pool2d("max"), activation)
    word = {"relu": "ReLU", "tanh": "Tanh", "sigmoid": "Sigmoid"}[activation]
    # To the bit, but for PyTorch's sigmoid: 33 times 0.39122760 gives two values, a rounding apart (AVX-512), since
    # the end of a vector is computed in another way than its body. Of 3,000 networks drawn here 284 show it.
    rounding = 2**-22 if activation == "sigmoid" else 0.0
    for seed in range(20):
        torch.manual_seed(seed)
        before, after = build(spec), build(spec, pool_first=False)
        copy_weights(before, after)
        assert names(before)[:3] == ["Conv2d", "MaxPool2d", word]
        assert names(after)[:3] == ["Conv2d", word, "MaxPool2d"]
        images = random_images(spec)
        torch.testing.assert_close(before[:3](images), after[:3](images), rtol=rounding, atol=0)
        torch.testing.assert_close(before(images), after(images), rtol=4 * rounding, atol=4 * rounding)


@pytest.mark.parametrize(
    ("pool", "activation", "word"),
    [
        (Pool2d("max"), "gelu", "GELU"),
        (Pool2d("average"), "gelu", "GELU"),
        (Pool2d("average"), "relu", "ReLU"),
        (Pool2d("average"), "tanh", "Tanh"),
        (Pool2d("average"), "sigmoid", "Sigmoid"),
    ],
)
def test_no_other_pooling_changes_its_place(pool: Pool2d, activation: Activation, word: str) -> None:
    spec = network_with(pool, activation)
    network = build(spec)
    assert names(network)[:2] == ["Conv2d", word]
    modules = list(network)
    modules[1], modules[2] = modules[2], modules[1]
    first, swapped = nn.Sequential(*list(network)[:3]), nn.Sequential(*modules[:3])
    images = 3 * random_images(spec)
    assert (first(images) - swapped(images)).abs().max() > 0.01  # another function, far beyond rounding


def test_gelu_is_not_monotone_and_the_others_are() -> None:
    grid = torch.linspace(-6, 6, 2001, dtype=torch.float64)
    functions = {
        "relu": nn.ReLU(),
        "tanh": nn.Tanh(),
        "sigmoid": nn.Sigmoid(),
        "gelu": nn.GELU(),
        "none": nn.Identity(),
    }
    for name, function in functions.items():
        values = function(grid).tolist()
        monotone = all(low <= high for low, high in pairwise(values))
        assert pooling_commutes(name, Pool2d("max")) == monotone, name  # type: ignore[arg-type]
        assert not pooling_commutes(name, Pool2d("average"))  # type: ignore[arg-type]
        assert not pooling_commutes(name, Conv2d(3, 3))  # type: ignore[arg-type]
        assert not pooling_commutes(name, None)  # type: ignore[arg-type]


def test_initialisation_is_pytorchs_own_from_the_global_seed() -> None:
    spec = network_with(Pool2d("max"), "relu")
    torch.manual_seed(3)
    expected = [
        value for module in (nn.Conv2d(2, 6, 3), nn.Conv2d(6, 5, 3), nn.Linear(30, 7), nn.Linear(7, 4))
        for value in module.state_dict().values()
    ]  # fmt: skip
    torch.manual_seed(3)
    for value, wanted in zip(build(spec).state_dict().values(), expected, strict=True):
        torch.testing.assert_close(value, wanted, rtol=0, atol=0)
