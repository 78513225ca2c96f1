"""What every data set looks like once it is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Images:
    """Labelled images.

    Parameters
    ----------
    pixels
        uint8, (N, C, H, W), 0 to 255.
    labels
        int64, (N,), 0 to classes - 1.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: NDArray[np.int64]) -> Images:
        """Return the images at these indices, in this order."""
        return Images(self.pixels[indices], self.labels[indices])


@dataclass(frozen=True)
class Dataset:
    """A data set in memory.

    Parameters
    ----------
    name, title
        ``"fashion-mnist"`` and ``"Fashion-MNIST"``.
    train, test
        The two parts as their authors split them.
    class_names
        In the order of the labels.
    fingerprint
        SHA-256 over the content; part of every run's key.
    source
        Where it was found, for people ("downloaded from …", "generated").
    kind
        ``"public"``, ``"generated"``, ``"folder"`` or ``"table"``. Of a table train and test are the same rows:
        `convscope.datasets.folds` tests each on a network that has not seen it.
    """

    name: str
    title: str
    train: Images
    test: Images
    class_names: tuple[str, ...]
    fingerprint: str
    source: str
    kind: Literal["public", "generated", "folder", "table"] = "public"
