"""The diagram of a network, drawn from its specification."""

from __future__ import annotations

from math import log2

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from convscope.figures import findings
from convscope.figures.registry import Material, Row, Rows, figure
from convscope.figures.style import INK, MUTED, PALETTE, WIDTH
from convscope.models.cost import layer_costs
from convscope.specs import Role, Shape, from_json

GREY = "#8c959f"
COLOURS: dict[Role, str] = {
    "convolution": PALETTE[0],
    "local": PALETTE[5],
    "pooling": PALETTE[4],
    "dense": PALETTE[2],
    "shape": GREY,
    "regularisation": GREY,
}


def layer_rows(material: Material, study_id: str, role: str) -> Rows:
    """Return the layers of a study's baseline or reference, with shapes and costs."""
    study = material.metrics.ran[study_id]
    model = from_json(study.variants[getattr(study, role)].model)
    rows: Rows = [{"layer": "input", "kind": "input", "role": "", "output": _in_words(model.input_shape)}]
    for layer, shape, cost in zip(model.layers, model.shapes[1:], layer_costs(model), strict=True):
        words = {"layer": ", ".join(layer.words), "kind": layer.words[0], "role": layer.role}
        costs = {"parameters": cost.parameters, "macs": cost.macs, "receptive_field": cost.receptive_field}
        rows.append(words | {"output": _in_words(shape)} | costs)
    return rows


def _in_words(shape: Shape) -> str:
    return "×".join(map(str, shape))


@figure("{study}-{role}-architecture", rows=layer_rows, finding=findings.shapes)
def architecture(rows: Rows) -> Figure:
    """Draw the shapes that flow through a network: images as stacks of maps, vectors as bars."""
    count = len(rows)
    drawn, axes = plt.subplots(figsize=(min(WIDTH, 0.86 * count), 2.2))
    drawn.subplots_adjust(left=0, right=1, top=1, bottom=0)
    axes.set_xlim(-0.55, count - 0.45)
    axes.set_ylim(-1.55, 1.05)
    axes.set_axis_off()
    shapes = [tuple(map(int, row["output"].split("×"))) for row in rows]
    largest = max(shapes[0][1:])
    for place, (row, shape) in enumerate(zip(rows, shapes, strict=True)):
        if place:
            _arrow(axes, place)
        _draw(axes, place, shape, COLOURS[row["role"]] if place else GREY, largest)
        _caption(axes, place, row)
    return drawn


def _arrow(axes: Axes, place: float) -> None:
    ends = (place - 0.66, 0), (place - 0.38, 0)
    axes.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=7, color=MUTED, linewidth=0.8))


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


def _caption(axes: Axes, place: float, row: Row) -> None:
    text = row["layer"].replace(f"{row['kind']}, ", f"{row['kind']}\n", 1)
    axes.text(place, -0.68, text, ha="center", va="top", fontsize=7, color=INK, linespacing=1.25)
    axes.text(place, -1.08, row["output"], ha="center", va="top", fontsize=7, color=INK, weight="bold")
    if row.get("parameters"):
        text = f"{row['parameters']:,}\nparameters"
        axes.text(place, -1.25, text, ha="center", va="top", fontsize=7, color=MUTED)
