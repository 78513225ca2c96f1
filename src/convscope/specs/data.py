"""Which images a run sees: a public data set, generated digits, a folder of one's own, a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from convscope.specs.checks import require, require_one_of, require_positive, require_whole


@dataclass(frozen=True)
class Glyphs:
    """Digits drawn in many fonts: a data set that needs no network, with its variation as parameters.

    Parameters
    ----------
    size, channels
        Images are ``channels x size x size`` (1 grey, 3 colour).
    train, test
        Number of images, spread evenly over the ten digits.
    scale
        Smallest and largest height of a digit as a fraction of ``content``.
    content
        Side in pixels of the square that digits are drawn in, centred; the rest is margin. 0 means ``size``.
    rotation
        Largest rotation to either side, degrees.
    shift
        Largest displacement from the centre, pixels in each direction.
    noise
        Standard deviation of Gaussian pixel noise, as a fraction of full brightness.
    seed
        Everything drawn follows from it.
    """

    size: int = 28
    channels: int = 1
    train: int = 2000
    test: int = 500
    scale: tuple[float, float] = (0.55, 0.8)
    content: int = 0
    rotation: float = 12.0
    shift: int = 2
    noise: float = 0.08
    seed: int = 0

    def __post_init__(self) -> None:
        require_positive("Glyphs size", self.size)
        require_one_of("Glyphs channels", self.channels, (1, 3))
        require_positive("Glyphs train", self.train)
        require_positive("Glyphs test", self.test)
        require(
            0 < self.scale[0] <= self.scale[1] <= 1,
            f"Glyphs scale is {self.scale}; it must be (smallest, largest) with 0 < smallest <= largest <= 1.",
        )
        for name in ("content", "shift", "seed"):
            require_whole(f"Glyphs {name}", getattr(self, name))
        require(self.content <= self.size, f"Glyphs content is {self.content}; it must be 0 to {self.size}.")
        require(0 <= self.rotation <= 180, f"Glyphs rotation is {self.rotation}; it must be 0 to 180 degrees.")
        require(
            self.shift < self.size,
            f"Glyphs shift is {self.shift}; it must be 0 to {self.size - 1} pixels.",
        )
        require(0 <= self.noise <= 1, f"Glyphs noise is {self.noise}; it must be 0 to 1.")


@dataclass(frozen=True)
class ImageFolder:
    """A data set of one's own: a folder with one sub-folder of images a class.

    Made by `convscope.datasets.folder.image_folder`, which hashes the files: the content decides a run's key, not
    where it lies.

    Parameters
    ----------
    name
        Of the folder.
    fingerprint
        SHA-256 over names and contents of the files.
    test_share
        Fraction of each class that is kept for testing.
    path
        Where it lies on this machine; no part of the JSON.
    """

    name: str
    fingerprint: str
    test_share: float = 0.2
    path: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        require(
            0 < self.test_share < 1, f"ImageFolder test_share is {self.test_share}; it must be above 0 and below 1."
        )


@dataclass(frozen=True)
class Table:
    """A table of numbers laid out as a small grey image, each row one image: data whose columns have no places.

    Every row is tested once, by a network that has not seen it: one run is one k-fold cross-validation, its folds
    drawn from the run's seed and stratified by class.

    Parameters
    ----------
    name
        Of the table (`convscope.datasets.catalogue`).
    folds
        How many networks a run trains, each tested on its share of the rows.
    """

    name: str
    folds: int = 10

    def __post_init__(self) -> None:
        require_whole("Table folds", self.folds, least=2)


DatasetSpec = str | Glyphs | ImageFolder | Table


@dataclass(frozen=True)
class DataSpec:
    """Which images a run sees.

    Parameters
    ----------
    dataset
        Name of a public data set (``"fashion-mnist"``), the parameters of a generated one, or a folder of images.
    validation_images
        Held out from the training part, others for each seed.
    train_images
        Drawn from what remains; None takes all of it.
    test_images
        The first so many of the test part; None takes all of it.
    normalisation
        ``"unit"``: pixels / 255. ``"standard"``: then minus mean, divided by standard deviation of the training
        part, each channel by itself.
    canvas
        Side in pixels of a black square that every image is put in the middle of, before anything else, so that it
        has a margin to move in; where the margin is odd, the larger half is at the right and the bottom. 0 leaves
        images as they are.
    """

    dataset: DatasetSpec
    validation_images: int
    train_images: int | None = None
    test_images: int | None = None
    normalisation: Literal["unit", "standard"] = "standard"
    canvas: int = 0

    def __post_init__(self) -> None:
        require_positive("validation_images", self.validation_images)
        for name in ("train_images", "test_images"):
            if getattr(self, name) is not None:
                require_positive(name, getattr(self, name))
        require_one_of("normalisation", self.normalisation, ("unit", "standard"))
        require_whole("canvas", self.canvas)
        require(
            not (self.canvas and isinstance(self.dataset, Table)),
            f"canvas is {self.canvas} for the table {self.dataset}; it is for images.",
            "Leave it out: the columns of a table have no margin to move in.",
        )
