"""Figures of how things are built: what is connected, what is seen, what a network is fed."""

from __future__ import annotations

from math import prod
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from convscope.figures import findings
from convscope.figures.eda import CHANNEL_COLOURS, CHANNEL_NAMES
from convscope.figures.mosaic import channels_last, mosaic, show
from convscope.figures.registry import Material, Row, Rows, figure, groups, picture_in, pictured
from convscope.figures.style import INK, MUTED, PALETTE, WIDTH, logarithmic
from convscope.specs import Flatten, from_json

PREFERRED = ("fashion-mnist", "mnist", "cifar10")
BOOT = 9  # the ankle boot of Fashion-MNIST: one shape that everybody knows
SETS = (PALETTE[1], PALETTE[2], PALETTE[0])
WINDOWS = ((5, 9), (13, 3), (18, 17))
"""Rows and columns of the windows that are drawn, on 28 pixels: toe, shaft and heel of a boot."""


def _image(material: Material) -> NDArray[np.uint8] | None:
    datasets = material.metrics.datasets
    for name in (*PREFERRED, *datasets):
        samples = material.pictures.get(f"datasets/{name}/samples")
        if samples is not None and name in datasets and datasets[name].source != "table":
            found: NDArray[np.uint8] = samples[min(BOOT, len(samples) - 1), 0]
            return found
    return None


def _pixels(image: NDArray[Any]) -> Row:
    """Return a grey image as entries of a row; of three channels their mean."""
    return pictured(image.mean(axis=0), 1)


def connectivity_rows(material: Material) -> Rows:
    """Return the image, and for three layers of the same outputs their windows, sets of weights and counts."""
    metrics, image = material.metrics, _image(material)
    for study in sorted(metrics.ran.values(), key=lambda study: study.dataset != PREFERRED[0]):
        if image is None or metrics.datasets[study.dataset].source == "table":
            continue
        model = from_json(study.variants[study.reference].model)
        first = next(iter(model.convolutions), None)
        if first is None or first.stride != 1 or first.kernel < 2:
            continue
        channels, side = model.input_shape[0], model.input_shape[1]
        positions = (side + 2 * ((first.kernel - 1) // 2) - first.kernel + 1) ** 2
        window = sum(map(prod, first.weights(model.input_shape).values()))
        counts = {
            "dense": positions * first.filters * (side**2 * channels + 1),
            "locally connected": positions * window,
            "convolution": window,
        }
        rows: Rows = [{"layer": "image"} | _pixels(image)]
        for layer, weights in counts.items():
            for number, (top, left) in enumerate(WINDOWS):
                rows.append(
                    {"layer": layer, "parameters": weights, "output": number, "top": top, "left": left,
                     "set": 0 if layer == "convolution" else number, "filters": first.filters, "kernel": first.kernel}
                )  # fmt: skip
        return rows
    return []


@figure("connectivity", rows=connectivity_rows)
def connectivity(rows: Rows) -> Figure:
    """Draw three layers over one image: which pixels an output sees, and with which weights."""
    board = picture_in(rows[0])
    height, width = board.shape
    layers = groups(rows[1:], "layer")
    drawn, panels = plt.subplots(1, len(layers), figsize=(WIDTH, 2.75), layout="constrained")
    for axes, (layer, here) in zip(panels, layers.items(), strict=True):
        axes.imshow(board, cmap="gray_r", vmin=0, vmax=330, interpolation="nearest", extent=(0, width, height, 0))
        for row in here:
            hue = SETS[row["set"]]
            shown = 5 * width / 28  # wider than the kernel is, to be seen
            left, top = row["left"] * width / 28, row["top"] * height / 28
            x, y = width * (0.22 + 0.28 * row["output"]), -0.2 * height
            corners = [(left, top), (left + shown, top)]
            if layer == "dense":
                corners = [(0, 0), (width, 0)]
                axes.add_patch(Rectangle((0, 0), width, height, facecolor=hue, alpha=0.09, edgecolor=hue, lw=1.2))
            else:
                axes.add_patch(Rectangle((left, top), shown, shown, facecolor=hue, alpha=0.3, edgecolor=hue, lw=1.6))
            for corner in corners:
                axes.plot([x, corner[0]], [y, corner[1]], color=hue, linewidth=0.8, alpha=0.8)
            axes.plot([x], [y], "o", color=hue, markersize=8, mec="white", clip_on=False)
        axes.set_xlim(-0.5, width + 0.5)
        axes.set_ylim(height + 0.5, -0.28 * height)
        axes.set_aspect("equal")
        axes.set_axis_off()
        seen = "all pixels" if layer == "dense" else f"{here[0]['kernel']}×{here[0]['kernel']} pixels"
        own = "one set of weights for all" if layer == "convolution" else "weights of its own each"
        axes.set_title(layer.capitalize(), loc="center")
        axes.text(0.5, -0.03, f"an output sees {seen},\n{own}:\n", transform=axes.transAxes, ha="center", va="top",
                  fontsize=8, linespacing=1.3)  # fmt: skip
        axes.text(0.5, -0.24, f"{here[0]['parameters']:,} parameters", transform=axes.transAxes, ha="center", va="top",
                  fontsize=9, weight="bold")  # fmt: skip
    return drawn


def receptive_rows(material: Material, study_id: str) -> Rows:
    """Return the image, and each layer of the reference before its head with the square that one value sees."""
    study = material.metrics.ran[study_id]
    dataset = study.dataset
    samples = material.pictures.get(f"datasets/{dataset}/samples")
    if samples is None:
        return []
    model = from_json(study.variants[study.reference].model)
    layers: Rows = []
    for layer, cost in zip(model.layers, study.variants[study.reference].layers, strict=True):
        if isinstance(layer, Flatten) or len(cost.output_shape) != 3:
            break
        layers.append(
            {"layer": ", ".join(layer.words), "receptive_field": cost.receptive_field,
             "positions": cost.output_shape[1]}
        )  # fmt: skip
    if not layers:
        return []
    return [{"layer": "image"} | _pixels(samples[min(BOOT, len(samples) - 1), 0]), *layers]


@figure("{study}-receptive-field", rows=receptive_rows, finding=findings.reach)
def receptive_field(rows: Rows) -> Figure:
    """Draw the square of the image that one value of each layer depends on, drawn on the image, layer by layer."""
    board, layers = picture_in(rows[0]), rows[1:]
    height, width = board.shape
    drawn, panels = plt.subplots(1, len(layers), figsize=(WIDTH, 0.75 + WIDTH / max(len(layers), 4)), squeeze=False)
    drawn.subplots_adjust(left=0.01, right=0.99, top=0.86, bottom=0.16, wspace=0.08)
    for axes, row in zip(panels[0], layers, strict=True):
        axes.imshow(board, cmap="gray_r", vmin=0, vmax=400, interpolation="nearest", extent=(0, width, height, 0))
        step = width / row["positions"]
        for line in np.arange(0, width + 0.01, step):
            axes.plot([line, line], [0, height], color="white", linewidth=0.25)
            axes.plot([0, width], [line * height / width] * 2, color="white", linewidth=0.25)
        side = row["receptive_field"]
        corner = (width / 2 - side / 2, height / 2 - side / 2)
        axes.add_patch(Rectangle(corner, side, side, facecolor=PALETTE[1], alpha=0.32, edgecolor=PALETTE[1], lw=1.4))
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.set_axis_off()
        axes.set_title(row["layer"], loc="center", fontsize=7.5, fontweight="normal")
        text = f"sees {side}×{side}\n{row['positions']}×{row['positions']} positions"
        axes.text(0.5, -0.04, text, transform=axes.transAxes, ha="center", va="top", fontsize=7.5, color=INK)
    return drawn


SHOWN = 3  # samples of a class
BIN = 8  # pixel values a bar of the histogram
TALL = 20.0  # percent of all pixels in one bar, beside which the others are seen on a logarithmic axis alone


def board_rows(material: Material, dataset: str) -> Rows:
    """Return samples of each class and the class's mean, pixels channel by channel, row by row."""
    facts = material.metrics.datasets[dataset]
    if facts.source == "table":
        return []
    samples, means = (material.pictures[f"datasets/{dataset}/{what}"] for what in ("samples", "means"))
    rows: Rows = []
    for name, few, mean in zip(facts.class_names, samples, means, strict=True):
        for number, image in enumerate([*few[:SHOWN], mean]):
            what = "mean" if number == len(few[:SHOWN]) else f"sample {number}"
            rows.append({"class": name, "what": what} | pictured(image))
    return rows


@figure("{dataset}-board", rows=board_rows)
def board(rows: Rows) -> Figure:
    """Draw a column a class: samples, and below them the mean of all training images."""
    names, lines = groups(rows, "class"), groups(rows, "what")
    images = np.array([picture_in(row) for line in lines.values() for row in line])
    tiles = mosaic(channels_last(images), columns=len(names))
    drawn, axes = plt.subplots(figsize=(WIDTH, WIDTH * 0.93 * tiles.shape[0] / tiles.shape[1] + 0.2))
    drawn.subplots_adjust(left=0.07, right=1, top=0.93, bottom=0)
    show(axes, tiles, "gray", (0, 255))
    for place, name in enumerate(names):
        axes.text((place + 0.5) / len(names), 1.01, name.replace("/", "/\n"), transform=axes.transAxes, ha="center",
                  va="bottom", fontsize=7.5 if len(names) <= 10 else 7, linespacing=0.95)  # fmt: skip
    for middle, text in ((len(lines) - 0.5, "mean"), ((len(lines) - 1) / 2, "samples")):
        axes.text(-0.012, 1 - middle / len(lines), text, transform=axes.transAxes, ha="right", va="center",
                  rotation=90, fontsize=7.5)  # fmt: skip
    return drawn


def preprocessing_rows(material: Material, study_id: str) -> Rows:
    """Return images of a study's data set as stored and as the network receives them, and how pixel values spread."""
    study = material.metrics.ran[study_id]
    facts = material.metrics.datasets[study.dataset]
    samples = material.pictures.get(f"datasets/{study.dataset}/samples")
    if samples is None:
        return []
    standard = study.normalisation == "standard"
    mean, sd = (np.array(facts.mean), np.array(facts.sd)) if standard else (np.array(0.0), np.array(1.0))
    rows: Rows = []
    for label in range(0, len(samples), max(1, len(samples) // 3))[:3]:
        image = samples[label, 0].astype(float)
        fed = (image / 255 - mean.reshape(-1, 1, 1)) / sd.reshape(-1, 1, 1)
        for what, values in (("stored", image), ("received", fed)):
            shown = values.mean(axis=0)
            rows.append({"what": what, "class": facts.class_names[label], "standard": standard}
                        | pictured(shown, 4))  # fmt: skip
    starts = np.arange(0, 257, BIN)
    for channel, counts in enumerate(facts.histogram):
        shares = 100 * np.add.reduceat(np.array(counts), starts[:-1]) / sum(counts)
        centre, scale = (float(values[channel]) if standard else float(values) for values in (mean, sd))
        for start, share in zip(starts.tolist(), shares, strict=False):
            rows.append({"what": "values", "channel": CHANNEL_NAMES[len(facts.histogram)][channel], "from": start,
                         "received_from": (start / 255 - centre) / scale, "width": BIN / 255 / scale,
                         "percent": float(share)})  # fmt: skip
    return rows


@figure("{study}-preprocessing", rows=preprocessing_rows)
def preprocessing(rows: Rows) -> Figure:
    """Draw images as stored and, below, as the network receives them, and beside them how often each value occurs."""
    kinds = ("stored", "received")
    parts = groups(rows, "what")
    channels = groups(parts["values"], "channel")
    columns = len(parts["stored"])
    drawn = plt.figure(figsize=(WIDTH, 2.75), layout="constrained")
    grid = drawn.add_gridspec(1, 2, width_ratios=(3, 2))
    images, charts = drawn.add_subfigure(grid[0]), drawn.add_subfigure(grid[1])
    panels = images.subplots(2, columns, squeeze=False)
    for line, axes, kind in zip(panels, charts.subplots(2, 1), kinds, strict=True):
        here = parts[kind]
        boards = [picture_in(row) for row in here]
        furthest = max(abs(board).max() for board in boards)
        low, high = (0.0, 255.0) if kind == "stored" else (-furthest, furthest)
        for picture, row, pixels in zip(line, here, boards, strict=True):
            shown = picture.imshow(pixels, cmap="gray" if kind == "stored" else "RdBu_r", interpolation="nearest",
                                   vmin=low, vmax=high)  # fmt: skip
            picture.set_xticks([])
            picture.set_yticks([])
            picture.spines[:].set_visible(False)
            if kind == "stored":
                picture.set_title(row["class"], loc="center", fontsize=8, fontweight="normal")
        bar = images.colorbar(shown, ax=list(line), shrink=0.9, pad=0.02)
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=7.5, color=MUTED)
        line[0].set_ylabel(f"as {kind}", fontsize=8)
        for of_channel, hue in zip(channels.values(), CHANNEL_COLOURS[len(channels)], strict=True):
            start, step = ("from", BIN) if kind == "stored" else ("received_from", of_channel[0]["width"])
            edges = [row[start] for row in of_channel]
            axes.stairs([row["percent"] for row in of_channel], [*edges, edges[-1] + step], color=hue, alpha=0.85,
                        fill=len(channels) == 1)  # fmt: skip
        tall = max(row["percent"] for row in parts["values"]) > TALL
        if tall:
            logarithmic(axes, "y", (1, 5))
        axes.tick_params(labelsize=7.5)
        text = (
            "pixel value" if kind == "stored" else "(value / 255 − mean) / SD" if here[0]["standard"] else "value / 255"
        )
        axes.set_xlabel(text, fontsize=8)
        axes.set_ylabel("% of pixels\n(logarithmic)" if tall else "% of pixels", fontsize=8)
    return drawn
