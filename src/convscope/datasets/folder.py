"""A data set of the user's own: a folder with one sub-folder of images for each class."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from convscope.datasets.dataset import Dataset, Images
from convscope.errors import DatasetError
from convscope.files import digest, sha256_of
from convscope.specs import ImageFolder

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
ARCHIVE = "images.zip"  # as a training job gets a folder
FEWEST_IMAGES = 5  # of a class: fewer cannot be split into training and test images
DEEP = ("I", "F")  # Pillow's modes of more than 8 bits a pixel begin so; converting them clips at 255

Classes = dict[str, list[Path]]  # image files by class, both in the order of their names


def image_folder(path: str | Path, test_share: float = 0.2) -> ImageFolder:
    """Describe a folder of images, for a study's `DataSpec`.

    Parameters
    ----------
    path
        Has one sub-folder for each class, named after it, with images of one size. Or it has the sub-folders
        ``train`` and ``test``, each with one sub-folder for each class: then this split is taken.
    test_share
        Fraction of each class that is kept for testing where the folder has no split of its own; which images is
        decided once, by their names.

    Raises
    ------
    DatasetError
        There is no such folder, it has fewer than two classes, a class has fewer than five images, or something in it
        is no plain file.
    """
    root = Path(path).resolve()
    content = digest(f"{file.relative_to(root).as_posix()} {sha256_of(file)}" for file in _all(parts_of(root)))
    return ImageFolder(root.name, content, test_share, str(root))


def load_folder(spec: ImageFolder) -> Dataset:
    """Read a folder of images into memory.

    Grey where every image is grey, RGB otherwise.

    Raises
    ------
    DatasetError
        The folder changed since it was described, an image cannot be read or has more than 8 bits a pixel, or sizes
        differ; the file is named.
    """
    root = Path(spec.path)
    parts = parts_of(root)
    if image_folder(root, spec.test_share).fingerprint != spec.fingerprint:
        raise DatasetError(f"{root} has changed since the build began.", "Run the same command again.")
    opened = {file: _eight_bits(file) for file in _all(parts)}
    mode = "L" if all(image.mode in ("L", "1") for image in opened.values()) else "RGB"
    first, size = next((file, image.size) for file, image in opened.items())
    for file, image in opened.items():
        if image.size != size:
            raise DatasetError(
                f"{file} has {image.width}×{image.height} pixels, {first} has {size[0]}×{size[1]}.",
                "A data set needs images of one size. `convscope new-study NAME --images FOLDER` makes such copies.",
            )
    chosen = _split(parts[""], spec.test_share) if "" in parts else parts

    def images(part: Classes) -> Images:
        pixels = [_pixels(opened[file], mode) for group in part.values() for file in group]
        labels = [label for label, group in enumerate(part.values()) for _ in group]
        return Images(np.stack(pixels), np.array(labels, dtype=np.int64))

    return Dataset(
        spec.name, spec.name, images(chosen["train"]), images(chosen["test"]), tuple(chosen["train"]),
        spec.fingerprint, f"folder {spec.name}", "folder",
    )  # fmt: skip


def pack_folder(spec: ImageFolder, archive: Path) -> Path:
    """Write the images of a folder into one file, as a training job takes them; return its path.

    Raises DatasetError: as `image_folder`.
    """
    root = Path(spec.path)
    with zipfile.ZipFile(archive, "w") as packed:  # images are compressed already
        for file in _all(parts_of(root)):
            packed.write(file, file.relative_to(root))
    return archive


def unpack_folder(spec: ImageFolder, archive: Path, output: Path) -> ImageFolder:
    """Unpack what `pack_folder` wrote; return the data set where it now lies, not yet compared with its fingerprint.

    Raises DatasetError: there is no such archive, or it cannot be read.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(output)  # never outside of it
    except (OSError, zipfile.BadZipFile) as error:
        raise DatasetError(f"The images of {spec.name} cannot be unpacked from {archive}: {error}.") from error
    return replace(spec, path=str(output))


def parts_of(root: Path) -> dict[str, Classes]:
    """Return the image files of a folder by part, ``train`` and ``test``, or ``""`` where it has no split; by class.

    Raises
    ------
    DatasetError
        As `image_folder`.
    """
    if not root.is_dir():
        raise DatasetError(f"{root} is no folder.", "It must hold one sub-folder of images for each class.")
    if not has_split(root):
        return {"": _classes(root, FEWEST_IMAGES)}
    parts = {"train": _classes(root / "train", 2), "test": _classes(root / "test", 1)}
    if different := set(parts["train"]) ^ set(parts["test"]):
        raise DatasetError(
            f"{root / 'train'} and {root / 'test'} have different classes: "
            f"{', '.join(sorted(different))} is in one alone.",
            "Both need a sub-folder for each class.",
        )
    return parts


def _all(parts: Mapping[str, Classes]) -> Iterator[Path]:
    return (file for part in parts.values() for group in part.values() for file in group)


def has_split(root: Path) -> bool:
    """Tell whether a folder holds ``train`` and ``test``, each with sub-folders, rather than one for each class."""
    inside = {folder.name: folder for folder in root.iterdir() if folder.is_dir() and not folder.name.startswith(".")}
    return set(inside) == {"train", "test"} and all(any(_folders(folder)) for folder in inside.values())


def _folders(root: Path) -> list[Path]:
    """Return sub-folders, in the order of their names; links to nothing are named, not passed over."""
    found = [path for path in sorted(root.iterdir()) if not path.name.startswith(".")]
    for path in found:
        if path.is_symlink() and not path.exists():
            raise DatasetError(f"{path} is a link to nothing.", "Remove it, or let it point to what it should.")
    return [path for path in found if path.is_dir()]


def _classes(root: Path, fewest: int) -> Classes:
    classes = {folder.name: _files(folder) for folder in _folders(root)}
    if len(classes) < 2:
        raise DatasetError(f"{root} has {len(classes)} sub-folders; a data set needs one for each class, at least two.")
    for name, files in classes.items():
        if not name.isprintable():
            raise DatasetError(f"{root} has a sub-folder {name!r}, which cannot be printed.", "Rename it.")
        if len(files) < fewest:
            raise DatasetError(
                f"{root / name} has {len(files)} images; a class needs at least {fewest}.",
                f"Images end in {', '.join(SUFFIXES)}, and lie in the class's folder itself.",
            )
    return classes


def _files(folder: Path) -> list[Path]:
    """Return the images of a class. Reading a pipe waits for ever, so what is no plain file is refused."""
    images = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES and path.name[0] != "."]
    for path in images:
        if not path.is_file():
            what = "a folder" if path.is_dir() else "a link to nothing" if path.is_symlink() else "no plain file"
            raise DatasetError(f"{path} is named like an image, but is {what}.", "Remove or rename it.")
    return images


def _split(classes: Classes, test_share: float) -> dict[str, Classes]:
    """Keep a share of each class for testing."""
    parts: dict[str, Classes] = {"test": {}, "train": {}}
    for label, (name, files) in enumerate(classes.items()):
        tested = max(1, round(test_share * len(files)))
        order = [files[index] for index in np.random.default_rng(label).permutation(len(files))]
        parts["test"][name], parts["train"][name] = order[:tested], order[tested:]
    return parts


def open_image(file: Path) -> Image.Image:
    """Read an image file.

    Raises
    ------
    DatasetError
        It cannot be read.
    """
    try:
        with Image.open(file) as image:
            image.load()
            copied = image.copy()
            copied.info["pictures"] = getattr(image, "n_frames", 1)
            return copied
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DatasetError(f"{file} cannot be read as an image: {error}.", "Replace or remove it.") from error


def _eight_bits(file: Path) -> Image.Image:
    image = open_image(file)
    if image.mode.startswith(DEEP):
        raise DatasetError(
            f"{file} has more than 8 bits a pixel (Pillow's mode {image.mode}).",
            "`convscope new-study NAME --images FOLDER` makes copies of 8 bits.",
        )
    return image


def _pixels(image: Image.Image, mode: str) -> NDArray[np.uint8]:
    values = np.asarray(image.convert(mode), dtype=np.uint8)
    return values[None] if values.ndim == 2 else np.moveaxis(values, -1, 0)
