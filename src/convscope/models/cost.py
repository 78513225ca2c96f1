"""What a network costs, from its specification alone: parameters, multiply-accumulates, memory, receptive field."""

from __future__ import annotations

from dataclasses import dataclass
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


def layer_costs(model: ModelSpec) -> tuple[LayerCost, ...]:
    """Cost of each layer, in order.

    The receptive field follows r' = r + (k - 1) j and the jump j' = j s (Araujo, Norris and Sim 2019, equation 2).
    """
    image_side = max(model.input_shape[1:])
    receptive_field, jump = 1, 1
    costs = []
    for layer, before, after in zip(model.layers, model.shapes, model.shapes[1:], strict=False):
        if isinstance(layer, Windowed):
            receptive_field += (layer.kernel - 1) * jump
            jump *= layer.stride
        elif isinstance(layer, Pool2d):
            receptive_field += (layer.size - 1) * jump
            jump *= layer.size
        elif not isinstance(layer, PermutePixels):
            receptive_field = image_side
        parameters, macs = _parameters_and_macs(layer, before, after)
        costs.append(LayerCost(after, parameters, macs, prod(after), min(receptive_field, image_side)))
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
        cost.activations
        for cost, layer in zip(layer_costs(model), model.layers, strict=True)
        if not isinstance(layer, Dense | Pool2d | GlobalAveragePool)
    )
    return images * (5.5e-12 * macs(model) + 3.9e-9 * convolutional + 8e-6)
