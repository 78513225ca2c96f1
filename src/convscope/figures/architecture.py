"""The diagram of a network, drawn from its specification."""

from __future__ import annotations

from math import log2

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from convscope.figures.style import INK, MUTED, PALETTE, WIDTH
from convscope.models.cost import LayerCost, layer_costs
from convscope.specs import ModelSpec, Role, Shape

GREY = "#8c959f"
COLOURS: dict[Role, str] = {
    "convolution": PALETTE[0],
    "local": PALETTE[5],
    "pooling": PALETTE[4],
    "dense": PALETTE[2],
    "shape": GREY,
    "regularisation": GREY,
}


def architecture(model: ModelSpec) -> Figure:
    """Draw the shapes that flow through a network: images as stacks of maps, vectors as bars."""
    costs = layer_costs(model)
    count = len(model.layers) + 1
    figure, axes = plt.subplots(figsize=(min(WIDTH, 0.86 * count), 2.2))
    figure.subplots_adjust(left=0, right=1, top=1, bottom=0)
    axes.set_xlim(-0.55, count - 0.45)
    axes.set_ylim(-1.55, 1.05)
    axes.set_axis_off()
    largest = max(model.input_shape[1:])
    _draw(axes, 0, model.input_shape, GREY, largest)
    _caption(axes, 0, "input", model.input_shape, None)
    for place, (layer, shape, cost) in enumerate(zip(model.layers, model.shapes[1:], costs, strict=True), start=1):
        axes.add_patch(
            FancyArrowPatch(
                (place - 0.66, 0),
                (place - 0.38, 0),
                arrowstyle="-|>",
                mutation_scale=7,
                color=MUTED,
                linewidth=0.8,
            )
        )
        _draw(axes, place, shape, COLOURS[layer.role], largest)
        _caption(axes, place, "\n".join(layer.words), shape, cost)
    return figure


def _draw(axes: Axes, place: float, shape: Shape, colour: str, largest: int) -> None:
    if len(shape) == 1:
        height = min(0.28 + 0.1 * log2(shape[0]), 1.25)
        axes.add_patch(Rectangle((place - 0.06, -height / 2), 0.12, height, facecolor=colour, edgecolor="white"))
        return
    channels, pixels = shape[0], max(shape[1:])
    sheets = 1 if channels == 1 else min(2 + int(log2(channels)) // 2, 6)
    width, height = 0.44 * (pixels / largest) ** 0.5, 0.95 * (pixels / largest) ** 0.5
    for sheet in reversed(range(sheets)):
        offset = 0.028 * (sheet - (sheets - 1) / 2)
        corner = (place - width / 2 + offset, -height / 2 + 1.6 * offset)
        axes.add_patch(
            Rectangle(
                corner,
                width,
                height,
                facecolor=colour,
                edgecolor="white",
                linewidth=0.7,
                alpha=1 - 0.1 * sheet,
            )
        )


def _caption(axes: Axes, place: float, text: str, shape: Shape, cost: LayerCost | None) -> None:
    axes.text(place, -0.68, text, ha="center", va="top", fontsize=7, color=INK, linespacing=1.25)
    axes.text(place, -1.08, "×".join(map(str, shape)), ha="center", va="top", fontsize=7, color=INK, weight="bold")
    if cost is not None and cost.parameters:
        axes.text(place, -1.25, f"{cost.parameters:,}\nparameters", ha="center", va="top", fontsize=7, color=MUTED)
