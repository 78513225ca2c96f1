"""Networks drawn by hypothesis, and their plain PyTorch twins, which work out every size for themselves."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from convscope.specs import (
    Activation,
    Conv2d,
    Dense,
    Flatten,
    GlobalAveragePool,
    Layer,
    ModelSpec,
    Pool2d,
)

ACTIVATIONS: tuple[Activation, ...] = ("relu", "tanh", "sigmoid", "gelu", "none")


@st.composite
def convolutions(draw: st.DrawFn, activations: Sequence[Activation] = ACTIVATIONS) -> Conv2d:
    kernel = draw(st.integers(1, 7))
    padding = "valid" if kernel % 2 == 0 else draw(st.sampled_from(["same", "valid"]))
    stride, filters = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    return Conv2d(filters, kernel, stride, padding, draw(st.sampled_from(activations)))  # type: ignore[arg-type]


pools = st.builds(Pool2d, st.sampled_from(["max", "average"]), st.integers(1, 3))


@st.composite
def networks(draw: st.DrawFn, activations: Sequence[Activation] = ACTIVATIONS, largest: int = 19) -> ModelSpec:
    """Up to four layers on images, most not square, with every kind of head."""
    sides = st.integers(4, largest)
    shape = (draw(st.integers(1, 3)), draw(sides), draw(sides))
    layers: list[Layer] = []
    left = min(shape[1:])  # pixels of the shorter side
    body: list[Conv2d | Pool2d] = draw(st.lists(convolutions(activations) | pools, max_size=4))
    for layer in body:
        needed = layer.size if isinstance(layer, Pool2d) else layer.kernel - 2 * layer.padding_pixels
        if needed <= left:
            layers.append(layer)
            left = layer.output_shape((1, left, left))[1]
    heads: list[Layer] = [Flatten(), GlobalAveragePool()]
    layers.append(draw(st.sampled_from(heads)))
    hidden = draw(st.lists(st.builds(Dense, st.integers(1, 6), st.sampled_from(activations)), max_size=2))
    return ModelSpec(shape, (*layers, *hidden, Dense(draw(st.integers(2, 10)), "none")))


def module_of(layer: Layer) -> nn.Sequential:
    """What a layer is in PyTorch; input sizes are left for PyTorch to find."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Lazy modules are a new feature")
        return nn.Sequential(*_modules_of(layer))


def _modules_of(layer: Layer) -> list[nn.Module]:
    activations = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU, "none": nn.Identity}
    match layer:
        case Conv2d():
            padding = (layer.kernel - 1) // 2 if layer.padding == "same" else 0
            convolution = nn.LazyConv2d(layer.filters, layer.kernel, layer.stride, padding)
            return [convolution, activations[layer.activation]()]
        case Pool2d():
            return [nn.MaxPool2d(layer.size) if layer.kind == "max" else nn.AvgPool2d(layer.size)]
        case GlobalAveragePool():
            return [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        case Flatten():
            return [nn.Flatten()]
        case Dense():
            return [nn.LazyLinear(layer.units), activations[layer.activation]()]
        case _:
            raise TypeError(f"PyTorch has no module for {layer}")


def reference(spec: ModelSpec) -> nn.Sequential:
    """Build the network in the order of the specification: one inner Sequential a layer."""
    network = nn.Sequential(*(module_of(layer) for layer in spec.layers))
    network(torch.zeros(2, *spec.input_shape))
    return network


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Give one network the weights of another that has the same ones in the same order."""
    with torch.no_grad():
        for there, here in zip(target.parameters(), source.parameters(), strict=True):
            there.copy_(here)


def random_images(spec: ModelSpec, count: int = 3, seed: int = 0) -> Tensor:
    return torch.randn(count, *spec.input_shape, generator=torch.Generator().manual_seed(seed))


def seen_through(layers: Sequence[Conv2d | Pool2d], side: int) -> tuple[ModelSpec, nn.Sequential, Tensor]:
    """Return layers as a network with positive weights, its twin, and an image: a gradient is where a value looks.

    Maxima, which pass their gradient to one pixel alone, become averages.
    """
    averages = [Pool2d("average", layer.size) if isinstance(layer, Pool2d) else layer for layer in layers]
    model = ModelSpec((1, side, side), (*averages, Flatten(), Dense(3, "none")))
    network = reference(model).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1.0)
    return model, network, torch.ones(1, 1, side, side, dtype=torch.float64, requires_grad=True)
