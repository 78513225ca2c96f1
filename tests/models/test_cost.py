from __future__ import annotations

from typing import Any, Literal

import pytest
import torch
from hypothesis import given, settings
from torch import nn

from convscope.models.cost import layer_costs, macs, parameters, training_seconds
from convscope.models.torch_model import build
from convscope.specs import Conv2d, Dense, Flatten, GlobalAveragePool, ModelSpec, Pool2d
from convscope.studies import STUDIES
from convscope.studies.architectures import cnn, mlp
from networks import copy_weights, networks, random_images, reference, seen_through


@given(networks())
def test_parameters_are_those_that_pytorch_holds(spec: ModelSpec) -> None:
    network = reference(spec)
    assert parameters(spec) == sum(p.numel() for p in network.parameters())
    for cost, module in zip(layer_costs(spec), network, strict=True):
        assert cost.parameters == sum(p.numel() for p in module.parameters())


@given(networks())
def test_macs_and_activations_are_those_that_a_hook_counts(spec: ModelSpec) -> None:
    """Every output value of a convolution or a dense layer is one product of a row of the weights."""
    counted: dict[nn.Module, int] = {}
    values: list[int] = []

    def count(module: nn.Module, _inputs: Any, output: torch.Tensor) -> None:
        assert isinstance(module, nn.Conv2d | nn.Linear)
        counted[module] = output.numel() * module.weight[0].numel()

    network = reference(spec)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    for layer in network:
        layer.register_forward_hook(lambda _module, _inputs, output: values.append(output.numel()))
    network(random_images(spec, count=1))
    assert macs(spec) == sum(counted.values())
    for cost, layer in zip(layer_costs(spec), network, strict=True):
        assert cost.macs == sum(counted.get(module, 0) for module in layer.modules())
    assert [cost.activations for cost in layer_costs(spec)] == values


@settings(max_examples=60)
@given(networks(activations=["none"], largest=31))
def test_receptive_field_is_the_square_with_a_gradient(spec: ModelSpec) -> None:
    """With positive weights, a value far from the border has a gradient exactly where it looks."""
    side = 90
    body = [layer for layer in spec.layers if isinstance(layer, Conv2d | Pool2d)]
    model, network, images = seen_through(body, side)
    values: torch.Tensor = images
    for cost, module in zip(layer_costs(model)[: len(body)], network, strict=False):
        values = module(values)
        if cost.receptive_field > side // 2:
            break  # such a value sees the border
        row, column = values.shape[2] // 2, values.shape[3] // 2
        (gradient,) = torch.autograd.grad(values[0, 0, row, column], images, retain_graph=True)
        rows, columns = gradient[0, 0].nonzero(as_tuple=True)
        assert int(rows.max() - rows.min()) + 1 == cost.receptive_field
        assert int(columns.max() - columns.min()) + 1 == cost.receptive_field
        if all(isinstance(layer, Pool2d) or layer.stride <= layer.kernel for layer in body):
            assert len(rows) == cost.receptive_field**2  # no holes


def test_a_flattened_value_sees_what_it_saw_before() -> None:
    model, network, images = seen_through([Conv2d(2, 3), Pool2d()], 28)
    flattened = network[:3](images)[0]
    (gradient,) = torch.autograd.grad(flattened[len(flattened) // 4 + 7], images)
    rows = gradient[0, 0].nonzero(as_tuple=True)[0]
    assert [cost.receptive_field for cost in layer_costs(model)] == [3, 4, 4, 28]
    assert int(rows.max() - rows.min()) + 1 == 4


@pytest.mark.parametrize("head", [Flatten(), GlobalAveragePool()])
def test_receptive_field_ends_at_the_image(head: Flatten | GlobalAveragePool) -> None:
    model = ModelSpec((1, 12, 20), (Conv2d(2, 3), Conv2d(2, 3), Pool2d(), Conv2d(2, 9), head, Dense(10, "none")))
    assert [cost.receptive_field for cost in layer_costs(model)] == [3, 5, 6, 20, 20, 20]


@pytest.mark.parametrize(
    ("kernel", "padding"),
    [(13, "same"), (13, "valid"), (14, "valid"), (27, "same")],  # in the end every position sees the whole map
)
def test_a_kernel_may_be_as_large_as_the_map(kernel: int, padding: Literal["same", "valid"]) -> None:
    model = ModelSpec((2, 14, 14), (Conv2d(3, kernel, padding=padding), GlobalAveragePool(), Dense(10, "none")))
    network = reference(model)
    assert parameters(model) == sum(p.numel() for p in network.parameters()) == 3 * (2 * kernel**2 + 1) + 40
    cost, *_ = layer_costs(model)
    assert cost.receptive_field == min(kernel, 14)
    ours = build(model)
    copy_weights(network, ours)
    images = random_images(model)
    torch.testing.assert_close(ours(images), network(images))
    assert cost.macs == cost.output_shape[1] ** 2 * 3 * 2 * kernel**2


@pytest.mark.parametrize(
    ("study", "counts"),
    [
        ("mnist_numpy", {"mlp": 109_386, "cnn3": 206_922, "cnn5": 215_370, "cnn7": 228_042}),
        ("fashion_compact", {"mlp": 101_770, "cnn3": 220_234, "cnn5": 253_514, "cnn7": 303_434}),
        ("fashion", {"mlp": 235_146, "cnn3": 421_642, "cnn5": 454_922, "cnn7": 504_842}),
        # worked out by hand from the architectures, as nobody reported them:
        ("mnist", {"mlp": 101_770, "cnn3": 160 + 4_640 + 200_832 + 1_290}),
        ("cifar10", {"cnn3": 896 + 18_496 + 524_416 + 1_290, "cnn5": 2_432 + 18_496 + 524_416 + 1_290}),
    ],
)
def test_networks_of_the_studies_have_the_known_sizes(study: str, counts: dict[str, int]) -> None:
    assert {name: parameters(STUDIES[study].variant(name).model) for name in counts} == counts


def test_macs_of_a_network_counted_by_hand() -> None:
    model = STUDIES["fashion"].variant("cnn3").model
    assert [cost.macs for cost in layer_costs(model)] == [
        28 * 28 * 32 * 9, 0, 14 * 14 * 64 * 32 * 9, 0, 0, 3136 * 128, 128 * 10,
    ]  # fmt: skip
    assert macs(model) == 4_241_152


def test_expected_time_grows_with_images_and_with_work() -> None:
    cnn3, cnn7 = (STUDIES["fashion"].variant(name).model for name in ("cnn3", "cnn7"))
    assert training_seconds(cnn3, 2000) == pytest.approx(2 * training_seconds(cnn3, 1000))
    assert 0 < training_seconds(cnn3, 1000) < training_seconds(cnn7, 1000)


def test_small_batches_are_expected_to_take_longer() -> None:
    """Measured in bfloat16 on one core: 7 and 4.5 times the processor time an image in batches of 8 as of 128."""
    for network, times in (
        (mlp((1, 28, 28), hidden=[64]), 7.3),
        (cnn((1, 28, 28), filters=[8, 16], kernel=3, dense=32), 4.5),
    ):
        assert times / 1.5 < training_seconds(network, 1000, 8) / training_seconds(network, 1000) < times * 1.5
