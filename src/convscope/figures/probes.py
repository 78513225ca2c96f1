"""Figures that look into a network: first filters and feature maps."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from convscope.figures.eda import show_image
from convscope.figures.style import WIDTH


def filters(weights: NDArray[np.float32]) -> Figure:
    """Show first-layer filters, (filters, C, k, k): blue negative, red positive; as RGB for three channels."""
    columns = 16 if len(weights) > 16 else 8
    rows = -(-len(weights) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(WIDTH, WIDTH * rows / columns), squeeze=False)
    figure.subplots_adjust(left=0, right=1, top=1, bottom=0, wspace=0.22, hspace=0.22)
    limit = float(np.abs(weights).max())
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, kernel in zip(grid.flat, weights, strict=False):
        if kernel.shape[0] == 3:
            axes.imshow(np.moveaxis(kernel / limit / 2 + 0.5, 0, -1), interpolation="nearest")
        else:
            axes.imshow(kernel[0], cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    return figure


def feature_maps(image: NDArray[np.uint8], layers: list[NDArray[Any]]) -> Figure:
    """Show an input image (C, H, W), and what the convolutions answer to it, (maps, H, W) each."""
    columns = 8
    rows = [-(-len(maps) // columns) for maps in layers]
    figure = plt.figure(figsize=(WIDTH, WIDTH * 0.84 * sum(rows) / columns + 0.22 * len(layers)))
    left, right = figure.subfigures(1, 2, width_ratios=(0.15, 0.85), squeeze=False)[0]
    axes = left.subplots()
    show_image(axes, image)
    axes.set_title("Input", loc="center", fontsize=8)
    stacked = right.subfigures(len(layers), 1, height_ratios=rows, squeeze=False)[:, 0]
    for number, (block, maps, count) in enumerate(zip(stacked, layers, rows, strict=True), start=1):
        grid = block.subplots(count, columns, squeeze=False)
        block.subplots_adjust(left=0.01, right=1, top=0.86, bottom=0.01, wspace=0.06, hspace=0.06)
        size = "×".join(str(side) for side in maps.shape[1:])
        block.text(0.01, 0.97, f"Layer {number}: {len(maps)} maps of {size}", fontsize=8, va="top", fontweight="bold")
        for cell in grid.flat:
            cell.set_axis_off()
        for cell, values in zip(grid.flat, maps.astype(np.float32), strict=False):
            cell.imshow(values, cmap="viridis", interpolation="nearest")
    return figure
