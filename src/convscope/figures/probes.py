"""Figures that look into a network: first filters and feature maps."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from convscope.figures.eda import show_image
from convscope.figures.mosaic import mosaic, show
from convscope.figures.style import WIDTH


def filters(weights: NDArray[np.float32]) -> Figure:
    """Show first-layer filters, (filters, C, k, k): blue negative, red positive; as RGB for three channels.

    Each is scaled by its own largest weight: one strong filter would wash out all others.
    """
    weights = weights / np.maximum(np.abs(weights).max(axis=(1, 2, 3), keepdims=True), 1e-12)
    limit = 1.0
    board = mosaic(np.moveaxis(weights, 1, -1) if weights.shape[1] == 3 else weights[:, 0], columns=8, gap=0.2)
    width = 0.62 * WIDTH
    figure, axes = plt.subplots(figsize=(width, width * board.shape[0] / board.shape[1]))
    figure.subplots_adjust(left=0, right=1, top=1, bottom=0)
    show(axes, board, "RdBu_r", (-limit, limit))
    return figure


def feature_maps(image: NDArray[np.uint8], layers: list[NDArray[Any]]) -> Figure:
    """Show an input image (C, H, W), and what the convolutions answer to it, (maps, H, W) each.

    Each map is scaled by its own largest value: they differ by orders of magnitude.
    """
    boards = [mosaic(maps / np.maximum(maps.max(axis=(1, 2), keepdims=True), 1e-6), 8) for maps in layers]
    heights = [board.shape[0] / board.shape[1] for board in boards]
    width = 0.84 * WIDTH
    figure = plt.figure(figsize=(width, width * 0.84 * sum(heights) + 0.24 * len(boards)), layout="constrained")
    grid = figure.add_gridspec(len(boards), 2, width_ratios=(0.15, 0.85), height_ratios=heights)
    axes = figure.add_subplot(grid[:, 0])
    show_image(axes, image)
    axes.set_title("Input", loc="center", fontsize=8)
    for number, (maps, board) in enumerate(zip(layers, boards, strict=True), start=1):
        axes = figure.add_subplot(grid[number - 1, 1])
        show(axes, board, "viridis", (0, 1))
        size = "×".join(str(side) for side in maps.shape[1:])
        axes.set_title(f"Layer {number}: {len(maps)} maps of {size}", fontsize=8)
    return figure
