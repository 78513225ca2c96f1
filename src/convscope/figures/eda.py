"""Figures about a data set."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from convscope.figures import findings
from convscope.figures.mosaic import channels_last, mosaic, show
from convscope.figures.registry import Material, Rows, figure, groups, picture_in, pictured
from convscope.figures.style import LINE, PALETTE, WIDTH, logarithmic

CHANNEL_NAMES = {1: ("grey",), 3: ("red", "green", "blue")}
CHANNEL_COLOURS = {1: ("#444444",), 3: (PALETTE[1], PALETTE[2], PALETTE[0])}


def show_image(axes: Axes, image: NDArray[Any]) -> None:
    """Draw one image (C, H, W) of 0 to 255 without axes."""
    if image.shape[0] == 1:
        axes.imshow(image[0], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    else:
        axes.imshow(np.moveaxis(image, 0, -1), interpolation="nearest")
    axes.set_axis_off()


def class_counts(material: Material, dataset: str) -> Rows:
    """Return images of each class by part."""
    facts = material.metrics.datasets[dataset]
    counts = zip(facts.class_names, facts.train_counts, facts.test_counts, strict=True)
    return [{"class": name, "train": train, "test": test} for name, train, test in counts]


@figure("{dataset}-classes", rows=class_counts, finding=findings.class_sizes)
def class_distribution(rows: Rows) -> Figure:
    """Images of each class in the training and the test part."""
    drawn, axes = plt.subplots(figsize=(WIDTH, 1.8), layout="constrained")
    names, places = [row["class"] for row in rows], np.arange(len(rows))
    train, test = ([row[part] for row in rows] for part in ("train", "test"))
    parts = ((-0.2, "train", train, PALETTE[0], 0), (0.2, "test", test, PALETTE[4], 90))
    for shift, part, counts, colour, turned in parts:
        bars = axes.bar(places + shift, counts, width=0.38, color=colour, label=f"{part} ({sum(counts):,} images)")
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=7, padding=1.5, rotation=turned)
    axes.set_xticks(
        places,
        names,
        rotation=30 if max(map(len, names)) > 4 else 0,
        ha="right" if max(map(len, names)) > 4 else "center",
    )
    axes.set_ylabel("images")
    axes.set_ylim(0, max(train) * 1.14)
    axes.grid(axis="x", visible=False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=2)
    return drawn


def sample_rows(material: Material, dataset: str) -> Rows:
    """Return one row an image, its pixels channel by channel, row by row."""
    names, images = material.metrics.datasets[dataset].class_names, material.pictures[f"datasets/{dataset}/samples"]
    return [
        {"class": name, "sample": number} | pictured(image)
        for name, of_class in zip(names, images, strict=True)
        for number, image in enumerate(of_class)
    ]


@figure("{dataset}-samples", rows=sample_rows)
def samples(rows: Rows) -> Figure:
    """Show training images of each class, one class a row."""
    names = list(groups(rows, "class"))
    classes, count = len(names), len(rows) // len(names)
    board = mosaic(channels_last(np.array([picture_in(row) for row in rows])), columns=count)
    drawn, axes = plt.subplots(figsize=(WIDTH * 0.66, WIDTH * 0.52 * classes / count))
    drawn.subplots_adjust(left=0.21, right=1, top=1, bottom=0)
    show(axes, board, "gray", (0, 255))
    for label, name in enumerate(names):
        axes.text(-0.02, 1 - (label + 0.5) / classes, name, transform=axes.transAxes, ha="right", va="center")
    return drawn


def drawn_rows(material: Material) -> Rows:
    """Return the first sample of each class of the data sets that this project draws; none where it draws all."""
    datasets = material.metrics.datasets
    if all(facts.source == "generated" for facts in datasets.values()):
        return []  # a trial build, whose digits stand in for all images
    return [
        {"dataset": dataset, "class": name} | pictured(images[0])
        for dataset, facts in datasets.items()
        if facts.source == "generated"
        for name, images in zip(facts.class_names, material.pictures[f"datasets/{dataset}/samples"], strict=True)
    ]


@figure("drawn-digits", rows=drawn_rows)
def drawn_digits(rows: Rows) -> Figure:
    """Show one image of each class, a data set a row; its size in pixels stands on the left."""
    sets = groups(rows, "dataset").values()
    columns = max(map(len, sets))
    tile = 0.9 * WIDTH / columns
    drawn, panels = plt.subplots(len(sets), 1, figsize=(WIDTH, 1.06 * tile * len(sets)), squeeze=False)
    drawn.subplots_adjust(left=0.1, right=1, top=1, bottom=0, hspace=0.06)
    for axes, here in zip(panels[:, 0], sets, strict=True):
        show(axes, mosaic(channels_last(np.array([picture_in(row) for row in here])), columns), "gray", (0, 255))
        axes.text(-0.01, 0.5, f"{here[0]['height']}×{here[0]['width']}", transform=axes.transAxes, ha="right",
                  va="center")  # fmt: skip
    return drawn


def mean_rows(material: Material, dataset: str) -> Rows:
    """Return one row a class, the pixels of its mean image channel by channel, row by row."""
    names, images = material.metrics.datasets[dataset].class_names, material.pictures[f"datasets/{dataset}/means"]
    return [{"class": name} | pictured(image) for name, image in zip(names, images, strict=True)]


@figure("{dataset}-means", rows=mean_rows)
def mean_images(rows: Rows) -> Figure:
    """Show the mean training image of each class."""
    # A title of 12 letters is nearly as wide as a fifth of the figure.
    columns = max(1, min(5, 62 // max(len(row["class"]) for row in rows)))
    lines = -(-len(rows) // columns)
    drawn, grid = plt.subplots(
        lines, columns, figsize=(WIDTH * 0.75, WIDTH * 0.75 * lines / columns * 1.14), squeeze=False
    )
    drawn.subplots_adjust(left=0, right=1, top=0.93, bottom=0, wspace=0.08, hspace=0.2)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, row in zip(grid.flat, rows, strict=False):
        show_image(axes, picture_in(row).astype(np.uint8))
        axes.set_title(row["class"], loc="center", fontweight="normal", fontsize=8.5)
    return drawn


def pixel_rows(material: Material, dataset: str, normalisation: str) -> Rows:
    """Return how many pixels have each value, by channel, and what a network is fed in its place.

    That is by the normalisation: ``unit`` or ``standard``.
    """
    facts = material.metrics.datasets[dataset]
    standard = normalisation == "standard"
    return [
        {
            "channel": CHANNEL_NAMES[facts.channels][channel],
            "value": value,
            "normalised": (value / 255 - facts.mean[channel]) / facts.sd[channel] if standard else value / 255,
            "pixels": pixels,
            "normalisation": normalisation,
        }
        for channel, counts in enumerate(facts.histogram)
        for value, pixels in enumerate(counts)
    ]


@figure("{dataset}-{normalisation}-histogram", rows=pixel_rows)
def pixel_histogram(rows: Rows) -> Figure:
    """Distribution of pixel values as they are stored, and as a network is fed them."""
    drawn, (before, after) = plt.subplots(1, 2, figsize=(WIDTH, 2.4), layout="constrained", sharey=True)
    channels = groups(rows, "channel")
    edges = np.arange(0, 257, 8)
    for (name, here), colour in zip(channels.items(), CHANNEL_COLOURS[len(channels)], strict=True):
        counts, fed = (np.array([row[what] for row in here]) for what in ("pixels", "normalised"))
        shares = np.add.reduceat(counts, edges[:-1]) / counts.sum() * 100
        scaled = np.append(fed, 2 * fed[-1] - fed[-2])[edges]  # the last edge is that of a value of 256
        for axes, places in ((before, edges), (after, scaled)):
            axes.stairs(shares, places, fill=len(channels) == 1, color=colour, alpha=0.85, label=name)
    before.set_title("As stored")
    before.set_xlabel("pixel value (0 to 255)")
    before.set_ylabel("share of pixels (%)\n(logarithmic)")
    after.set_title("Normalised")
    standard = rows[0]["normalisation"] == "standard"
    after.set_xlabel("(value / 255 − mean) / standard deviation" if standard else "value / 255")
    after.axvline(0, color=LINE, linewidth=1, zorder=0)
    logarithmic(before, "y")
    if len(channels) > 1:
        before.legend()
    return drawn
