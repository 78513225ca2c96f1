"""A data set of one's own: a folder with one sub-folder of images a class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from convscope.datasets.dataset import Dataset, Images
from convscope.errors import DatasetError
from convscope.files import digest, sha256_of
from convscope.specs import ImageFolder

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
FEWEST_IMAGES = 5  # of a class: fewer cannot be split into training and test images


def image_folder(path: str | Path, test_share: float = 0.2) -> ImageFolder:
    """Describe a folder of images, for a study's `DataSpec`.

    Parameters
    ----------
    path
        Has one sub-folder a class, named after it, with PNG, JPEG or BMP files of one size.
    test_share
        Fraction of each class that is kept for testing; which images is decided once, by their names.

    Raises
    ------
    DatasetError
        There is no such folder, it has fewer than two classes, or a class has fewer than five images.
    """
    root = Path(path).resolve()
    files = [file for group in _classes(root).values() for file in group]
    content = digest(f"{file.relative_to(root).as_posix()} {sha256_of(file)}" for file in files)
    return ImageFolder(root.name, content, test_share, str(root))


def load_folder(spec: ImageFolder) -> Dataset:
    """Read a folder of images into memory.

    Grey where every image is grey, RGB otherwise.

    Raises
    ------
    DatasetError
        The folder changed since it was described, an image cannot be read, or sizes differ; the file is named.
    """
    root = Path(spec.path)
    classes = _classes(root)
    if image_folder(root, spec.test_share).fingerprint != spec.fingerprint:
        raise DatasetError(f"{root} has changed since the build began.", "Run the same command again.")
    groups = [[_open(file) for file in files] for files in classes.values()]
    mode = "L" if all(image.mode in ("L", "1") for group in groups for image in group) else "RGB"
    first, size = next(iter(classes.values()))[0], groups[0][0].size
    train: list[NDArray[np.uint8]] = []
    test: list[NDArray[np.uint8]] = []
    labels: tuple[list[int], list[int]] = ([], [])
    for label, (files, group) in enumerate(zip(classes.values(), groups, strict=True)):
        for file, image in zip(files, group, strict=True):
            if image.size != size:
                raise DatasetError(
                    f"{file} has {image.width}×{image.height} pixels, {first} has {size[0]}×{size[1]}.",
                    "All images of a data set need one size; resize them first.",
                )
        kept = np.random.default_rng(label).permutation(len(group))
        tested = max(1, round(spec.test_share * len(group)))
        for place, index in enumerate(kept):
            part = int(place >= tested)
            (test, train)[part].append(_pixels(group[index], mode))
            labels[part].append(label)
    return Dataset(
        spec.name, spec.name, _images(train, labels[1]), _images(test, labels[0]), tuple(classes), spec.fingerprint,
        f"folder {spec.name}", "folder",
    )  # fmt: skip


def _classes(root: Path) -> dict[str, list[Path]]:
    """Image files by class, both in the order of their names."""
    if not root.is_dir():
        raise DatasetError(f"{root} is no folder.", "It must hold one sub-folder of images a class.")
    classes = {
        folder.name: sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
        for folder in sorted(root.iterdir())
        if folder.is_dir() and not folder.name.startswith(".")
    }
    if len(classes) < 2:
        raise DatasetError(f"{root} has {len(classes)} sub-folders; a data set needs one a class, at least two.")
    for name, files in classes.items():
        if len(files) < FEWEST_IMAGES:
            raise DatasetError(f"{root / name} has {len(files)} images; a class needs at least {FEWEST_IMAGES}.")
    return classes


def _open(file: Path) -> Image.Image:
    try:
        with Image.open(file) as image:
            image.load()
            return image.copy()
    except (OSError, UnidentifiedImageError, SyntaxError, Image.DecompressionBombError) as error:
        raise DatasetError(f"{file} cannot be read as an image: {error}.", "Replace or remove it.") from error


def _pixels(image: Image.Image, mode: str) -> NDArray[np.uint8]:
    values = np.asarray(image.convert(mode), dtype=np.uint8)
    return values[None] if values.ndim == 2 else np.moveaxis(values, -1, 0)


def _images(pixels: list[NDArray[np.uint8]], labels: list[int]) -> Images:
    return Images(np.stack(pixels), np.array(labels, dtype=np.int64))
