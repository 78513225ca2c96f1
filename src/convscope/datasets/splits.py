"""Which images a run trains, validates and tests on; every choice has a random stream of its own.

Streams are spawned from the run's seed (`numpy.random.SeedSequence`), so two variants with the same seed
share their validation images, their subset and their batch order whatever else differs between them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from convscope.datasets.dataset import Dataset, Images
from convscope.errors import SpecError
from convscope.specs import DataSpec

Stream = Literal["split", "subset", "order", "initialisation", "augmentation", "permutation", "folds", "dropout"]


def stream(seed: int, name: Stream) -> np.random.Generator:
    """Return the random stream of one purpose; streams of one seed are independent of each other."""
    index = get_args(Stream).index(name)
    return np.random.default_rng(np.random.SeedSequence(seed).spawn(index + 1)[index])


@dataclass(frozen=True)
class Split:
    """The images of one run, and the normalisation that its training part asks for."""

    # disjoint; validation and train both come from the data set's training part
    train: Images
    validation: Images
    test: Images
    # float32, (C,): a pixel p of 0 to 255 is fed to the network as ``(p / 255 - mean) / scale``
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]

    def normalise(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn pixels (N, C, H, W) of 0 to 255 into what the network is fed, float32 of the same shape."""
        return normalise(pixels, self.mean, self.scale)


def normalise(
    pixels: NDArray[np.uint8] | NDArray[np.float32], mean: NDArray[np.float32], scale: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Turn pixels (N, C, H, W) of 0 to 255 into ``(p / 255 - mean) / scale``, float32, with mean and scale (C,)."""
    scaled = pixels.astype(np.float32) / np.float32(255)
    return (scaled - mean[:, None, None]) / scale[:, None, None]


def split(dataset: Dataset, spec: DataSpec, seed: int) -> Split:
    """Draw the images of a run.

    Raises SpecError: More images are asked for than there are, or the canvas is smaller than they are.
    """
    dataset = on_canvas(dataset, spec.canvas)
    available = len(dataset.train) - spec.validation_images
    wanted = available if spec.train_images is None else spec.train_images
    if available < 1 or wanted > available:
        raise SpecError(
            f"{dataset.title} has {len(dataset.train):,} training images; {spec.validation_images:,} for "
            f"validation and {wanted:,} for training are more.",
            "Lower train_images or validation_images of the study.",
        )
    tested = len(dataset.test) if spec.test_images is None else spec.test_images
    if tested > len(dataset.test):
        raise SpecError(f"{dataset.title} has {len(dataset.test):,} test images; test_images is {tested:,}.")
    shuffled = stream(seed, "split").permutation(len(dataset.train))
    validation, rest = shuffled[: spec.validation_images], shuffled[spec.validation_images :]
    if wanted < available:
        rest = stream(seed, "subset").permutation(rest)[:wanted]
    train = dataset.train.take(rest)
    channels = dataset.train.pixels.shape[1]
    mean, scale = np.zeros(channels, np.float32), np.ones(channels, np.float32)
    if spec.normalisation == "standard":
        mean, scale = channel_statistics(dataset.train.pixels)
    return Split(train, dataset.train.take(validation), dataset.test.take(np.arange(tested)), mean, scale)


def on_canvas(dataset: Dataset, side: int) -> Dataset:
    """Put every image in the middle of a black square of this side; 0 leaves them as they are.

    Raises SpecError: the images are larger.
    """
    if side == 0:
        return dataset
    height, width = dataset.train.pixels.shape[2:]
    if side < max(height, width):
        raise SpecError(
            f"canvas is {side}; the images of {dataset.title} have {height}×{width} pixels.",
            f"Take a canvas of at least {max(height, width)} pixels, or 0.",
        )
    margins = [((side - length) // 2, -(-(side - length) // 2)) for length in (height, width)]

    def placed(images: Images) -> Images:
        return Images(np.pad(images.pixels, ((0, 0), (0, 0), *margins)), images.labels)

    return replace(dataset, train=placed(dataset.train), test=placed(dataset.test))


def channel_statistics(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each channel of pixels (N, C, H, W) / 255; float32, (C,) each.

    Taken from counts of the 256 values, which is exact and needs no copy of the images as floats.
    """
    values = np.arange(256) / 255
    counts = np.stack([np.bincount(pixels[:, c].ravel(), minlength=256) for c in range(pixels.shape[1])])
    weights = counts / counts.sum(axis=1, keepdims=True)
    mean = weights @ values
    deviation = np.sqrt(weights @ values**2 - mean**2)
    return mean.astype(np.float32), np.maximum(deviation, 1e-6).astype(np.float32)
