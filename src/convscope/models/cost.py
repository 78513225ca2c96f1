"""What a network costs, from its specification alone: parameters, multiply-accumulates, memory, receptive field."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from math import prod

from convscope.specs import Flatten, ModelSpec, Shape


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
        side) from the first layer on that mixes positions, such as Dense. After `PermutePixels` the pixels are
        those of the shuffled image.
    """

    output_shape: Shape
    parameters: int
    macs: int
    activations: int
    receptive_field: int


def layer_costs(model: ModelSpec) -> tuple[LayerCost, ...]:
    """Cost of each layer, in order."""
    image_side = max(model.input_shape[1:])
    costs, receptive_field = [], 1
    for layer, before, after, window in zip_longest(model.layers, model.shapes[:-1], model.shapes[1:], model.windows):
        parameters = sum(map(prod, layer.weights(before).values()))
        if not isinstance(layer, Flatten):  # which moves values, and lets each see what it saw
            receptive_field = min(window.size, image_side) if window else image_side
        costs.append(LayerCost(after, parameters, layer.macs(before), prod(after), receptive_field))
    return tuple(costs)


def parameters(model: ModelSpec) -> int:
    """Count trainable weights and biases."""
    return sum(cost.parameters for cost in layer_costs(model))


def macs(model: ModelSpec) -> int:
    """Count multiply-accumulate operations for one image, forward."""
    return sum(cost.macs for cost in layer_costs(model))


def training_seconds(model: ModelSpec, images: float, batch_size: int = 128) -> float:
    """Rough expected time to train on so many images, on one core of a current server.

    A line through the rates measured for eleven networks in bfloat16 with channels_last: 5.5 µs per million
    multiply-accumulates, 3.9 ns per activation of the convolutions; and 0.2 ms for each layer of a batch, which in
    batches of 16 is most of it. It gives the time shown before training starts; from the first epoch on the display
    uses what it sees.
    """
    traffic = sum(
        cost.activations * layer.traffic for cost, layer in zip(layer_costs(model), model.layers, strict=True)
    )
    return images * (5.5e-12 * macs(model) + 3.9e-9 * traffic + 2e-4 * len(model.layers) / batch_size)
