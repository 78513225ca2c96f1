"""Figures about a data set."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from convscope.analysis.study_records import Dataset
from convscope.figures.mosaic import mosaic, show
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


def class_distribution(facts: Dataset) -> Figure:
    """Images of each class in the training and the test part."""
    figure, axes = plt.subplots(figsize=(WIDTH, 2.2), layout="constrained")
    names, places = facts.class_names, np.arange(len(facts.class_names))
    parts = ((-0.2, "train", facts.train_counts, PALETTE[0], 0), (0.2, "test", facts.test_counts, PALETTE[4], 90))
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
    axes.set_ylim(0, max(facts.train_counts) * 1.14)
    axes.grid(axis="x", visible=False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=2)
    return figure


def samples(facts: Dataset, images: NDArray[np.uint8]) -> Figure:
    """Show training images of each class, one class a row; images (classes, n, C, H, W)."""
    classes, count = images.shape[:2]
    board = mosaic(_channels_last(images.reshape(-1, *images.shape[2:])), columns=count)
    figure, axes = plt.subplots(figsize=(WIDTH * 0.66, WIDTH * 0.52 * classes / count))
    figure.subplots_adjust(left=0.21, right=1, top=1, bottom=0)
    show(axes, board, "gray", (0, 255))
    for label, name in enumerate(facts.class_names):
        axes.text(-0.02, 1 - (label + 0.5) / classes, name, transform=axes.transAxes, ha="right", va="center")
    return figure


def _channels_last(images: NDArray[Any]) -> NDArray[Any]:
    """Turn (N, C, H, W) into (N, H, W, 3), or (N, H, W) for grey images."""
    return images[:, 0] if images.shape[1] == 1 else np.moveaxis(images, 1, -1)


def mean_images(facts: Dataset, images: NDArray[np.uint8]) -> Figure:
    """Show the mean training image of each class, (classes, C, H, W)."""
    # A title of 12 letters is nearly as wide as a fifth of the figure.
    columns = max(1, min(5, 62 // max(map(len, facts.class_names))))
    rows = -(-len(images) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(WIDTH * 0.75, WIDTH * 0.75 * rows / columns * 1.14), squeeze=False
    )
    figure.subplots_adjust(left=0, right=1, top=0.93, bottom=0, wspace=0.08, hspace=0.2)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, image, name in zip(grid.flat, images, facts.class_names, strict=False):
        show_image(axes, image)
        axes.set_title(name, loc="center", fontweight="normal", fontsize=8.5)
    return figure


def pixel_histogram(facts: Dataset, normalisation: str) -> Figure:
    """Distribution of pixel values as they are stored, and as a network is fed them: ``unit`` or ``standard``."""
    figure, (before, after) = plt.subplots(1, 2, figsize=(WIDTH, 2.4), layout="constrained", sharey=True)
    channels = facts.channels
    edges = np.arange(0, 257, 8)
    for channel, counts in enumerate(facts.histogram):
        shares = np.add.reduceat(np.array(counts), edges[:-1]) / sum(counts) * 100
        colour, name = CHANNEL_COLOURS[channels][channel], CHANNEL_NAMES[channels][channel]
        scaled = edges / 255
        if normalisation == "standard":
            scaled = (scaled - facts.mean[channel]) / facts.sd[channel]
        for axes, places in ((before, edges), (after, scaled)):
            axes.stairs(shares, places, fill=channels == 1, color=colour, alpha=0.85, label=name)
    before.set_title("As stored")
    before.set_xlabel("pixel value (0 to 255)")
    before.set_ylabel("share of pixels (%)")
    after.set_title("Normalised")
    standard = normalisation == "standard"
    after.set_xlabel("(value / 255 − mean) / standard deviation" if standard else "value / 255")
    after.axvline(0, color=LINE, linewidth=1, zorder=0)
    logarithmic(before, "y")
    if channels > 1:
        before.legend()
    return figure
