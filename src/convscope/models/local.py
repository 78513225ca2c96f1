"""The two layers that PyTorch has no module for: local connections without shared weights, and a pixel permutation."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.specs import LocallyConnected2d, PermutePixels, Shape


class LocallyConnected(nn.Module):
    """Each output position multiplies its own window of the image with its own weights.

    Computed with height and width in front, as one matrix product a position over all images: 4,600 images/s in
    training against 2,100 with images in front and 1,100 by ``unfold`` (two layers of 16 and 32 filters on 28x28
    pixels, bfloat16, batch 128, one core; a convolution: 9,100). The result is laid out as channels_last, without
    which the max pooling that follows takes 15 times as long.

    Parameters
    ----------
    layer
        Filters, kernel, stride and padding.
    shape
        (C, H, W) of the images that reach it.

    Attributes
    ----------
    weight
        (positions, kernel * kernel * C, filters); positions row by row, then the window's rows, its columns and
        channels.
    bias
        (positions, 1, filters).
    """

    def __init__(self, layer: LocallyConnected2d, shape: Shape) -> None:
        super().__init__()
        self.kernel, self.stride, self.padding = layer.kernel, layer.stride, layer.padding_pixels
        filters, *self.output_size = layer.output_shape(shape)
        positions, inputs = math.prod(self.output_size), shape[0] * layer.kernel**2
        bound = inputs**-0.5  # as nn.Conv2d and nn.Linear: uniform, by the inputs of one unit
        self.weight = nn.Parameter(torch.empty(positions, inputs, filters).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(positions, 1, filters).uniform_(-bound, bound))

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, filters, H', W')."""
        height, width = self.output_size
        border = (self.padding,) * 4
        padded = functional.pad(images.permute(2, 3, 0, 1), (0, 0, 0, 0, *border))  # (H, W, N, C)
        shifted = [
            padded[row:, column:][: self._span(height) : self.stride, : self._span(width) : self.stride]
            for row in range(self.kernel)
            for column in range(self.kernel)
        ]
        windows = torch.cat(shifted, dim=-1).flatten(0, 1)  # (positions, N, kernel * kernel * C)
        values = torch.baddbmm(self.bias, windows, self.weight).view(
            height, width, len(images), -1
        )  # (H', W', N, filters)
        return values.permute(2, 3, 0, 1).contiguous(memory_format=torch.channels_last)

    def _span(self, positions: int) -> int:
        """Pixels from the first position to the last one."""
        return (positions - 1) * self.stride + 1


class PixelPermutation(nn.Module):
    """Puts the pixels of every image and channel into another order, (N, C, H, W) -> (N, C, H, W).

    Attributes
    ----------
    permutation
        int64, (H * W,): place ``i`` takes the pixel of place ``permutation[i]``, rows one after the other. The identity
        until one is drawn.
    """

    permutation: Tensor

    def __init__(self, layer: PermutePixels, shape: Shape) -> None:
        super().__init__()
        self.block, self.size = layer.block, shape[1:]
        self.register_buffer("permutation", torch.arange(math.prod(self.size)))

    def draw(self, random: np.random.Generator) -> None:
        """Draw a permutation, each one that stays within the blocks with equal probability."""
        rows, columns = np.indices(self.size)
        side = self.block or max(self.size)
        of_block = (rows // side * max(self.size) + columns // side).ravel()
        sources = random.permutation(of_block.size)
        permutation = np.empty_like(sources)
        # Both sides sorted by block, the pixels within a block as they were drawn; without blocks: as drawn.
        permutation[np.argsort(of_block, kind="stable")] = sources[np.argsort(of_block[sources], kind="stable")]
        self.permutation.copy_(torch.from_numpy(permutation))

    def forward(self, images: Tensor) -> Tensor:
        """Shuffle the pixels of each image alike."""
        by_pixel = images.permute(0, 2, 3, 1).flatten(1, 2)  # (N, H * W, C)
        shuffled = by_pixel.index_select(1, self.permutation).view(len(images), *images.shape[2:], -1)
        return shuffled.permute(0, 3, 1, 2)
