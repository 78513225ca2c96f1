"""Training images as they are seen: moved and mirrored, drawn for each image each time.

The transforms of torchvision draw once a call, so that a batch is moved as one; here every image of a batch is moved
by itself, in one gather.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from convscope.datasets.splits import Split, stream
from convscope.specs import NumericMode, TrainSpec


class Augmentation:
    """Moves and mirrors batches as a training specification asks, with a random stream of its own.

    Parameters
    ----------
    training
        How far, and whether mirrored; by default images stay as they are and nothing is drawn.
    """

    def __init__(self, training: TrainSpec, split: Split, seed: int, mode: NumericMode) -> None:
        self.shift, self.flip = training.shift, training.flip
        self._random = stream(seed, "augmentation")
        black = np.zeros((1, len(split.mean), 1, 1), np.uint8)
        self._black = torch.from_numpy(split.normalise(black)).permute(0, 2, 3, 1).to(mode.device)  # (1, 1, 1, C)

    def __call__(self, batch: Tensor) -> Tensor:
        """Return images (N, H, W, C) as they are seen this time."""
        if not (self.shift or self.flip):
            return batch
        count, height, width, _ = batch.shape
        down, right = self._random.integers(-self.shift, self.shift + 1, (2, count, 1))
        rows = np.broadcast_to(np.arange(height) + self.shift - down, (count, height))
        columns = np.broadcast_to(np.arange(width) + self.shift - right, (count, width))
        if self.flip:
            mirrored = self._random.random((count, 1)) < 0.5
            columns = np.where(mirrored, columns[:, ::-1], columns)
        return self._padded(batch)[
            torch.arange(count)[:, None, None],
            torch.from_numpy(rows.copy())[:, :, None],
            torch.from_numpy(columns.copy())[:, None, :],
        ]

    def _padded(self, batch: Tensor) -> Tensor:
        count, height, width, channels = batch.shape
        size = (count, height + 2 * self.shift, width + 2 * self.shift, channels)
        padded = self._black.to(batch.dtype).expand(size).clone()
        padded[:, self.shift : self.shift + height, self.shift : self.shift + width] = batch
        return padded
