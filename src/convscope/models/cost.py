"""What a network costs, from its specification alone: parameters, multiply-accumulates, memory, receptive field."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from math import prod

from convscope.specs import (
    Conv2d,
    Dense,
    GlobalAveragePool,
    Layer,
    LocallyConnected2d,
    ModelSpec,
    PermutePixels,
    Pool2d,
    Shape,
    Windowed,
)

LOCAL_COST = 2.7  # of an activation without weight sharing, times a convolution's; measured at 16 and 32 filters


@dataclass(frozen=True)
class LayerCost:
    """Cost of one layer for one image.

    Parameters
    ----------
    output_shape
        (C, H, W) or (features,).
    parameters
        Weights and biases.
    macs
        Multiply-accumulate operations of the forward pass; pooling and activations count none.
    activations
        Values in the layer's output.
    receptive_field
        Side, in input pixels, of the square that one output value can depend on; the whole image (its longer
        side) from the first layer on that sees all of it, such as Flatten. After `PermutePixels` the pixels are
        those of the shuffled image.
    """

    output_shape: Shape
    parameters: int
    macs: int
    activations: int
    receptive_field: int


@dataclass(frozen=True)
class Window:
    """Which input pixels a layer's output value can depend on, along one side of the image.

    Parameters
    ----------
    size
        How many pixels in a row.
    step
        From one output value's window to the next one's, in pixels: the total stride.
    start
        First pixel of the first value's window; below 0 where it begins in the padding.
    """

    size: int = 1
    step: int = 1
    start: int = 0


def windows(model: ModelSpec) -> tuple[Window, ...]:
    """Windows of the layers in order, up to the first one that sees the whole image.

    Size r' = r + (k - 1) j, step j' = j s, start o' = o - p j (Araujo, Norris and Sim 2019, equations 1 to 3).
    """
    window, found = Window(), []
    for layer in model.layers:
        if isinstance(layer, Windowed):
            kernel, stride, padding = layer.kernel, layer.stride, layer.padding_pixels
        elif isinstance(layer, Pool2d):
            kernel, stride, padding = layer.size, layer.size, 0
        elif isinstance(layer, PermutePixels):
            kernel, stride, padding = 1, 1, 0
        else:
            break
        size = window.size + (kernel - 1) * window.step
        window = Window(size, window.step * stride, window.start - padding * window.step)
        found.append(window)
    return tuple(found)


def layer_costs(model: ModelSpec) -> tuple[LayerCost, ...]:
    """Cost of each layer, in order."""
    image_side = max(model.input_shape[1:])
    costs = []
    for layer, before, after, window in zip_longest(model.layers, model.shapes[:-1], model.shapes[1:], windows(model)):
        parameters, macs = _parameters_and_macs(layer, before, after)
        receptive_field = min(window.size, image_side) if window else image_side
        costs.append(LayerCost(after, parameters, macs, prod(after), receptive_field))
    return tuple(costs)


def _parameters_and_macs(layer: Layer, before: Shape, after: Shape) -> tuple[int, int]:
    if isinstance(layer, Conv2d):
        weights = layer.filters * before[0] * layer.kernel**2
        return weights + layer.filters, weights * after[1] * after[2]
    if isinstance(layer, LocallyConnected2d):
        weights = layer.filters * before[0] * layer.kernel**2 * after[1] * after[2]
        return weights + prod(after), weights
    if isinstance(layer, Dense):
        weights = layer.units * before[0]
        return weights + layer.units, weights
    return 0, 0


def parameters(model: ModelSpec) -> int:
    """Count trainable weights and biases."""
    return sum(cost.parameters for cost in layer_costs(model))


def macs(model: ModelSpec) -> int:
    """Count multiply-accumulate operations for one image, forward."""
    return sum(cost.macs for cost in layer_costs(model))


def training_seconds(model: ModelSpec, images: int) -> float:
    """Rough expected time to train on so many images, on one core of a current server.

    A line through the rates measured for eleven networks in bfloat16 with channels_last: 5.5 µs per million
    multiply-accumulates, 3.9 ns per activation of the convolutions and 8 µs of overhead an image at batch 128. It
    gives the time shown before training starts; from the first epoch on the display uses what it sees.
    """
    convolutional = sum(
        cost.activations * (LOCAL_COST if isinstance(layer, LocallyConnected2d) else 1.0)
        for cost, layer in zip(layer_costs(model), model.layers, strict=True)
        if not isinstance(layer, Dense | Pool2d | GlobalAveragePool)
    )
    return images * (5.5e-12 * macs(model) + 3.9e-9 * convolutional + 8e-6)
