"""What every data set looks like once it is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Images:
    """Labelled images."""

    pixels: NDArray[np.uint8]  # uint8, (N, C, H, W), 0 to 255
    labels: NDArray[np.int64]  # int64, (N,), 0 to classes - 1

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: NDArray[np.int64]) -> Images:
        """Return the images at these indices, in this order."""
        return Images(self.pixels[indices], self.labels[indices])


@dataclass(frozen=True)
class Dataset:
    """A data set in memory."""

    # ``"fashion-mnist"`` and ``"Fashion-MNIST"``
    name: str
    title: str
    # the two parts as their authors split them
    train: Images
    test: Images
    class_names: tuple[str, ...]  # in the order of the labels
    fingerprint: str  # SHA-256 over the content; part of every run's key
    source: str  # where it was found, for people ("downloaded from …", "generated")
    # ``"public"``, ``"generated"``, ``"folder"`` or ``"table"``. Of a table train and test are the same rows:
    # `convscope.datasets.folds` tests each on a network that has not seen it
    kind: Literal["public", "generated", "folder", "table"] = "public"
