"""Pooling: one number for each ``size x size`` square of pixels, or for a whole image."""

from __future__ import annotations

from functools import reduce

import numpy as np

from convscope.engines.numpy_cnn.layers import Array, Layer


class MaxPool2d(Layer):
    """Largest value of each square: (C, H, W, N) -> (C, H // size, W // size, N).

    Only the winner of a square touched the output, so it alone receives the gradient. Of equal values the
    first in reading order wins, as in PyTorch; squares of plain background are full of them.
    """

    def __init__(self, size: int = 2) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Array) -> Array:
        """Compare the pixels of each square, position by position."""
        self._x = x  # (C, H, W, N)
        self._largest: Array = reduce(np.maximum, positions(x, self.size))
        return self._largest  # (C, H', W', N)

    def input_gradient(self, gradient: Array) -> Array:
        """Give the gradient of each square to its winner."""
        spread = np.zeros_like(self._x)  # (C, H, W, N)
        unclaimed = np.ones(gradient.shape, bool)  # (C, H', W', N)
        for values, place in zip(positions(self._x, self.size), positions(spread, self.size), strict=True):
            won = unclaimed & (values == self._largest)
            np.multiply(gradient, won, out=place)
            unclaimed ^= won
        return spread


class AveragePool2d(Layer):
    """Mean of each square: (C, H, W, N) -> (C, H // size, W // size, N)."""

    def __init__(self, size: int = 2) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Array) -> Array:
        """Add up the pixels of each square, divided by their number."""
        self._shape = x.shape
        total: Array = reduce(np.add, positions(x, self.size))
        return total / self.size**2  # (C, H', W', N)

    def input_gradient(self, gradient: Array) -> Array:
        """Share the gradient equally: every pixel had the same part in the mean."""
        spread = np.zeros(self._shape, gradient.dtype)  # (C, H, W, N)
        share = gradient / self.size**2
        for values in positions(spread, self.size):
            values[...] = share
        return spread


class GlobalAveragePool(Layer):
    """Mean of each channel over all pixels (Lin et al. 2014, section 3.2): (C, H, W, N) -> (C, N)."""

    def forward(self, x: Array) -> Array:
        """Average over height and width."""
        self._shape = x.shape  # (C, H, W, N)
        means: Array = x.mean(axis=(1, 2))
        return means  # (C, N)

    def input_gradient(self, gradient: Array) -> Array:
        """Share the gradient equally: every pixel had the same part in the mean."""
        _, height, width, _ = self._shape
        share = gradient / (height * width)  # (C, N)
        return np.broadcast_to(share[:, None, None, :], self._shape)  # (C, H, W, N)


def positions(images: Array, size: int) -> list[Array]:
    """Split images into the pixels at each place of a square, in reading order.

    Parameters
    ----------
    images
        (C, H, W, N). A remainder at the right or bottom edge is left out.

    Returns
    -------
    list of Array
        ``size * size`` views, (C, H // size, W // size, N); for size 2: top left, top right, bottom left,
        bottom right of every square.
    """
    _, height, width, _ = images.shape
    bottom, right = height - height % size, width - width % size
    return [images[:, i:bottom:size, j:right:size] for i in range(size) for j in range(size)]
