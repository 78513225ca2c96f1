"""Many small images as one: a figure with one pair of axes is drawn ten times as fast as one with a hundred."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

SHARPNESS = 64  # pixels a tile is enlarged to at least, so that gaps can be narrow


def mosaic(images: NDArray[Any], columns: int, gap: float = 0.07) -> NDArray[np.float32]:
    """Put images into rows with narrow white gaps between them.

    Parameters
    ----------
    images
        (N, H, W) or (N, H, W, 3), any numbers.
    gap
        Width of the gaps, as a fraction of an image's longer side.

    Returns
    -------
    NDArray
        (rows, columns) or (rows, columns, 3), enlarged by whole pixels; gaps and unused places are NaN.
    """
    enlargement = -(-SHARPNESS // max(images.shape[1:3]))
    tiles = images.astype(np.float32).repeat(enlargement, axis=1).repeat(enlargement, axis=2)
    count, height, width = tiles.shape[:3]
    space = round(gap * max(height, width))
    rows = -(-count // columns)
    shape = (rows * (height + space) - space, columns * (width + space) - space, *tiles.shape[3:])
    board = np.full(shape, np.nan, np.float32)
    for number, tile in enumerate(tiles):
        top, left = number // columns * (height + space), number % columns * (width + space)
        board[top : top + height, left : left + width] = tile
    return board


def number_rows(axes: Axes, board: NDArray[Any], count: int, columns: int) -> None:
    """Write left of each row of a mosaic which of its images stand in it, counted from 1."""
    rows = -(-count // columns)
    for row in range(rows):
        middle = (row + 0.5) * board.shape[0] / rows
        first, last = row * columns + 1, min((row + 1) * columns, count)
        axes.text(-0.01 * board.shape[1], middle, f"{first}–{last}", ha="right", va="center", fontsize=7)


def channels_last(images: NDArray[Any]) -> NDArray[Any]:
    """Turn images (N, C, H, W) into (N, H, W, 3), or (N, H, W) where they are grey."""
    return images[:, 0] if images.shape[1] == 1 else np.moveaxis(images, 1, -1)


def show(axes: Axes, board: NDArray[np.float32], cmap: str, limits: tuple[float, float]) -> None:
    """Draw a mosaic without axes; NaN is white. RGB values lie between the limits, too."""
    low, high = limits
    if board.ndim == 3:
        board = np.nan_to_num((board - low) / (high - low), nan=1.0).clip(0, 1)
    axes.imshow(board, cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
    axes.set_axis_off()
