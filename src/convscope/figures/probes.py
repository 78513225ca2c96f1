"""Figures that look into a network: first filters and feature maps."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from convscope.figures.eda import show_image
from convscope.figures.mosaic import mosaic, number_rows, show
from convscope.figures.registry import Material, Rows, figure, groups, picture_in, pictured
from convscope.figures.style import WIDTH


def filter_rows(material: Material, study_id: str, variant: str) -> Rows:
    """Return one row a filter and channel, its weights row by row."""
    weights = material.pictures.get(f"studies/{study_id}/{variant}/filters", ())  # (filters, C, k, k)
    return [
        {"filter": i, "channel": j} | pictured(kernel)
        for i, kernels in enumerate(weights)
        for j, kernel in enumerate(kernels)
    ]


@figure("{study}-{variant}-filters", rows=filter_rows)
def filters(rows: Rows) -> Figure:
    """Show first-layer filters: blue negative, red positive; as RGB for three channels.

    Each is scaled by its own largest weight: one strong filter would wash out all others.
    """
    kernels = np.array([picture_in(row) for row in rows], np.float32)
    weights = kernels.reshape(rows[-1]["filter"] + 1, -1, *kernels.shape[1:])
    weights = weights / np.maximum(np.abs(weights).max(axis=(1, 2, 3), keepdims=True), 1e-12)
    board = mosaic(np.moveaxis(weights, 1, -1) if weights.shape[1] == 3 else weights[:, 0], columns=8, gap=0.2)
    width, margin = 0.62 * WIDTH, 0.08
    drawn, axes = plt.subplots(figsize=(width, (1 - margin) * width * board.shape[0] / board.shape[1]))
    drawn.subplots_adjust(left=margin, right=1, top=1, bottom=0)
    show(axes, board, "RdBu_r", (-1.0, 1.0))
    number_rows(axes, board, len(weights), 8)
    return drawn


def feature_rows(material: Material, study_id: str, variant: str) -> Rows:
    """Return one row a map, its values row by row; layer 0 is the input image."""
    place = f"studies/{study_id}/{variant}"
    if f"{place}/filters" not in material.pictures:
        return []
    names = [f"studies/{study_id}/probe", f"{place}/features_1", f"{place}/features_2"]  # (maps, H, W) each
    layers = [material.pictures[name] for name in names if name in material.pictures]
    return [
        {"layer": number, "map": i} | pictured(values)
        for number, maps in enumerate(layers)
        for i, values in enumerate(maps)
    ]


@figure("{study}-{variant}-features", rows=feature_rows)
def feature_maps(rows: Rows) -> Figure:
    """Show an input image, and what the convolutions answer to it.

    Each map is scaled by its own largest value: they differ by orders of magnitude.
    """
    image, *layers = (np.array([picture_in(row) for row in maps]) for maps in groups(rows, "layer").values())
    layers = [maps.astype(np.float16) for maps in layers]  # as results have them
    boards = [mosaic(maps / np.maximum(maps.max(axis=(1, 2), keepdims=True), 1e-6), 8) for maps in layers]
    heights = [board.shape[0] / board.shape[1] for board in boards]
    width = 0.84 * WIDTH
    drawn = plt.figure(figsize=(width, width * 0.84 * sum(heights) + 0.24 * len(boards)), layout="constrained")
    grid = drawn.add_gridspec(len(boards), 2, width_ratios=(0.15, 0.85), height_ratios=heights)
    axes = drawn.add_subplot(grid[:, 0])
    show_image(axes, image.astype(np.uint8))
    axes.set_title("Input", loc="center", fontsize=8)
    for number, (maps, board) in enumerate(zip(layers, boards, strict=True), start=1):
        axes = drawn.add_subplot(grid[number - 1, 1])
        show(axes, board, "viridis", (0, 1))
        number_rows(axes, board, len(maps), 8)
        size = "×".join(str(side) for side in maps.shape[1:])
        axes.set_title(f"Layer {number}: {len(maps)} maps of {size}", fontsize=8)
    return drawn
