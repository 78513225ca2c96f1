from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.datasets.splits import stream
from convscope.engines.torch_engine import initialised
from convscope.models.cost import layer_costs, parameters
from convscope.models.local import LocallyConnected
from convscope.models.torch_model import build, restored
from convscope.specs import (
    Conv2d,
    Dense,
    Flatten,
    Layer,
    LocallyConnected2d,
    ModelSpec,
    PermutePixels,
    Pool2d,
    from_json,
    to_json,
)
from convscope.studies.architectures import mlp
from networks import convolutions

Case = tuple[LocallyConnected2d, tuple[int, int, int]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    layer = draw(convolutions())
    sides = st.integers(layer.kernel, layer.kernel + 6)
    shape = (draw(st.integers(1, 3)), draw(sides), draw(sides))
    return LocallyConnected2d(layer.filters, layer.kernel, layer.stride, layer.padding), shape


def images_of(shape: tuple[int, int, int], count: int = 3) -> Tensor:
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@given(cases())
def test_with_equal_weights_everywhere_it_is_a_convolution(
    case: tuple[LocallyConnected2d, tuple[int, int, int]],
) -> None:
    layer, shape = case
    local = LocallyConnected(layer, shape).double()
    plain = nn.Conv2d(shape[0], layer.filters, layer.kernel, layer.stride, layer.padding_pixels).double()
    assert plain.bias is not None
    with torch.no_grad():
        # (filters, C, k, k) to (k * k * C, filters): the window's rows, columns, channels
        local.weight.copy_(plain.weight.permute(2, 3, 1, 0).reshape(1, -1, layer.filters).expand_as(local.weight))
        local.bias.copy_(plain.bias.expand_as(local.bias))
    images = images_of(shape)
    values, expected = local(images), plain(images)
    torch.testing.assert_close(values, expected)
    assert values.shape[1:] == layer.output_shape(shape)
    # the gradient of shared weights is the sum over the positions that share them
    values.square().sum().backward()
    expected.square().sum().backward()
    assert local.weight.grad is not None
    assert plain.weight.grad is not None
    summed = local.weight.grad.sum(0).reshape(layer.kernel, layer.kernel, shape[0], layer.filters)
    torch.testing.assert_close(summed.permute(3, 2, 0, 1), plain.weight.grad)


@settings(max_examples=25)
@given(cases())
def test_every_position_has_weights_of_its_own(case: Case) -> None:
    """Window by window, in plain NumPy."""
    layer, shape = case
    local = LocallyConnected(layer, shape).double()
    images, p, k = images_of(shape, 2).numpy(), layer.padding_pixels, layer.kernel
    padded = np.pad(images, ((0, 0), (0, 0), (p, p), (p, p)))
    weight, bias = local.weight.detach().numpy(), local.bias.detach().numpy()
    values = local(torch.from_numpy(images)).detach().numpy()
    _, height, width = layer.output_shape(shape)
    for row, column in np.ndindex(height, width):
        top, left = row * layer.stride, column * layer.stride
        window = padded[:, :, top : top + k, left : left + k].transpose(0, 2, 3, 1).reshape(2, -1)
        place = row * width + column
        np.testing.assert_allclose(values[:, :, row, column], window @ weight[place] + bias[place, 0])


def test_it_starts_within_the_bounds_of_a_convolution() -> None:
    torch.manual_seed(0)
    local = LocallyConnected(LocallyConnected2d(32, 5), (4, 12, 12))
    plain = nn.Conv2d(4, 32, 5)
    assert plain.bias is not None
    for ours, expected in ((local.weight, plain.weight), (local.bias, plain.bias)):
        assert ours.abs().max().item() == pytest.approx(expected.abs().max().item(), rel=0.05)
        assert ours.std().item() == pytest.approx(expected.std().item(), rel=0.2)
    assert len(np.unique(local.weight.detach().numpy())) > 0.9 * local.weight.numel()


MODEL = ModelSpec(
    (2, 10, 8),
    (
        PermutePixels(),
        LocallyConnected2d(3, 3),
        Pool2d(),
        LocallyConnected2d(2, 3, 2, "valid"),
        Flatten(),
        Dense(4, "none"),
    ),
)


def with_shared_weights(layer: Layer) -> Layer:
    if isinstance(layer, LocallyConnected2d):
        return Conv2d(layer.filters, layer.kernel, layer.stride, layer.padding)
    return layer


def test_costs_are_those_of_the_module() -> None:
    assert parameters(MODEL) == sum(p.numel() for p in build(MODEL).parameters())
    costs = layer_costs(MODEL)
    shared = layer_costs(ModelSpec(MODEL.input_shape, tuple(map(with_shared_weights, MODEL.layers))))
    assert [cost.macs for cost in costs] == [cost.macs for cost in shared]
    assert [cost.receptive_field for cost in costs] == [cost.receptive_field for cost in shared] == [1, 3, 4, 8, 8, 10]
    assert costs[1].parameters == 10 * 8 * (9 * 2 + 1) * 3
    assert (costs[0].parameters, costs[0].macs) == (0, 0)


def test_specifications_come_back_from_json() -> None:
    assert from_json(to_json(MODEL)) == MODEL
    assert to_json(LocallyConnected2d(3, 3)) != to_json(Conv2d(3, 3))
    assert len({LocallyConnected2d(3, 3), Conv2d(3, 3)}) == 2


def test_a_permutation_moves_whole_pixels_of_every_image_alike() -> None:
    model = ModelSpec((3, 4, 5), (PermutePixels(), Flatten(), Dense(2, "none")))
    layer = initialised(model, seed=3)[0]
    places = torch.arange(20).reshape(4, 5).expand(2, 3, 4, 5) + 100 * torch.arange(3).reshape(1, 3, 1, 1)
    shuffled = layer(places.float())
    assert shuffled.shape == places.shape
    drawn = shuffled[0, 0].flatten()
    assert sorted(drawn.tolist()) == list(range(20))
    assert drawn.tolist() != list(range(20))
    for image in range(2):
        for channel in range(3):
            assert torch.equal(shuffled[image, channel].flatten(), drawn + 100 * channel)


def test_a_permutation_follows_from_the_seed_and_is_kept_with_the_weights() -> None:
    first, again, other = (initialised(MODEL, seed) for seed in (0, 0, 1))
    drawn = first.state_dict()["0.permutation"]
    assert torch.equal(drawn, again.state_dict()["0.permutation"])
    assert not torch.equal(drawn, other.state_dict()["0.permutation"])
    assert "0.permutation" not in dict(first.named_parameters())  # nothing trains it
    weights = {name: value.float().numpy() for name, value in first.state_dict().items()}  # as results keep them
    images = images_of(MODEL.input_shape).float()
    assert torch.equal(restored(MODEL, weights)(images), first(images))


def blocks_of(height: int, width: int, side: int) -> NDArray[np.int64]:
    """Number of the block that each pixel lies in."""
    numbers: NDArray[np.int64] = np.arange(height * width)
    return numbers // width // side * width + numbers % width // side


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 10), st.integers(0, 2**32))
def test_a_permutation_may_stay_within_blocks(height: int, width: int, side: int, seed: int) -> None:
    spec = ModelSpec((1, height, width), (PermutePixels(side), Flatten(), Dense(2, "none")))
    drawn = initialised(spec, seed).state_dict()["0.permutation"].numpy()
    assert sorted(drawn) == list(range(height * width))
    of_block = blocks_of(height, width, side)
    assert (of_block[drawn] == of_block).all()
    if side == 1:
        assert (drawn == np.arange(height * width)).all()
    if side >= max(height, width):  # one block is the whole image
        whole = ModelSpec(spec.input_shape, (PermutePixels(), *spec.layers[1:]))
        assert (drawn == initialised(whole, seed).state_dict()["0.permutation"].numpy()).all()


def test_every_place_within_a_block_is_equally_likely() -> None:
    spec = ModelSpec((1, 4, 6), (PermutePixels(2), Flatten(), Dense(2, "none")))
    draws = [initialised(spec, seed).state_dict()["0.permutation"].numpy() for seed in range(600)]
    of_block = blocks_of(4, 6, 2)
    for place in range(24):
        counts = np.bincount([drawn[place] for drawn in draws], minlength=24)
        assert (np.flatnonzero(counts) == np.flatnonzero(of_block == of_block[place])).all()
        assert counts[counts > 0].min() > 100  # of 150 expected; below with a chance of 1e-6
    # one block's draw says nothing of its neighbour's: both keep their first pixel in 1 of 16 draws
    both = np.mean([drawn[0] == 0 and drawn[2] == 2 for drawn in draws])
    assert 0.03 < both < 0.11


def test_whole_images_are_shuffled_as_they_were_before_blocks() -> None:
    drawn = initialised(MODEL, seed=0).state_dict()["0.permutation"]
    expected = stream(0, "permutation").permutation(80)
    assert drawn.tolist() == expected.tolist()


@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 6), st.integers(2, 6))
def test_a_fully_connected_network_does_not_see_the_order_of_its_pixels(
    seed: int, channels: int, height: int, width: int
) -> None:
    """Its first weights permuted alike, it gives equal outputs: so it learns alike, too."""
    plain_spec = mlp((channels, height, width), [5, 4], 3)
    plain = initialised(plain_spec, seed).double()
    shuffling = initialised(ModelSpec(plain_spec.input_shape, (PermutePixels(), *plain_spec.layers)), seed).double()
    permutation = shuffling.state_dict()["0.permutation"]
    weights = plain.state_dict()
    first = weights["1.weight"].reshape(5, channels, -1)[:, :, permutation].reshape(5, -1)
    there = dict(zip(list(shuffling.state_dict())[1:], weights.values(), strict=True))
    shuffling.load_state_dict(there | {"0.permutation": permutation, "2.weight": first})
    images = images_of((channels, height, width))
    torch.testing.assert_close(shuffling(images), plain(images), rtol=1e-12, atol=1e-12)
