"""Images as somebody has them (folders, NumPy arrays, a list of files) made into a folder that a study can use.

What a folder lacks for that is done to copies: one size, 8 bits a pixel, upright, grey where no image has a colour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image, ImageOps

from convscope.datasets.folder import DEEP
from convscope.datasets.sources import Item, items_of
from convscope.errors import DatasetError
from convscope.files import replacing_folder

LARGEST = 64  # pixels a side that nobody asked for: above, training on a processor takes hours
NAMED = 10  # images of no use that are named one by one
SMALLEST = 8  # two poolings leave two pixels
_ORIENTATION = 0x0112  # EXIF tag: how a camera was held


@dataclass(frozen=True)
class Collected:
    """A folder that a study can use."""

    folder: Path  # where its images lie
    changes: tuple[str, ...]  # what was done to the images, as clauses; none where the folder is used as it was found


@dataclass
class _Look:
    """What all images have in common."""

    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    coloured: bool = False
    colour_modes: bool = False
    turned: bool = False
    transparent: bool = False
    several: bool = False  # pictures in one file
    deep: bool = False  # more than 8 bits a pixel
    smallest: float = 0.0  # values of such pixels
    largest: float = 0.0


def collect(source: Path, target: Path, test: Path | None = None, size: int = 0) -> Collected:
    """Look at images and make them usable: as they lie, or as copies.

    Raises DatasetError: images or labels cannot be read, or do not belong together.

    Parameters
    ----------
    source
        A folder with one sub-folder for each class, or with ``train`` and ``test`` that have them; a NumPy archive
        (.npz) of images and labels; or a CSV file of paths and labels.
    target
        Folder for copies; must not be there.
    test
        Folder of the test images, where ``source`` is that of the training images.
    size
        Pixels of the longer side; 0 keeps the images' own up to `LARGEST`.
    """
    items = items_of(source, test)
    look = _look(items)
    width, height, how = _target_size(look, size)
    changes = [how] if how else []
    if look.deep:
        bits = _bits(look)
        changes.append(f"pixels of {bits} bits are scaled to 8")
    if look.turned:
        changes.append("photographs are turned upright")
    if look.several:
        changes.append("of several pictures in one file, the first is taken")
    if look.transparent:
        changes.append("what is transparent is white")
    if look.colour_modes and not look.coloured:
        changes.append("images whose red, green and blue are equal are stored as grey")
    in_place = source.is_dir() and test is None and source.resolve().is_relative_to(target.resolve().parents[1])
    if in_place and not changes:
        return Collected(source.resolve(), ())
    if target.exists():
        raise DatasetError(f"{target} is there already, and the copies would lie there.", "Take another name.")
    with replacing_folder(target) as folder:
        for number, item in enumerate(items):
            image = _prepared(item.open(), look, (width, height))
            place = folder / item.part / item.label
            place.mkdir(parents=True, exist_ok=True)
            image.save(place / f"{number:06d}.png")
    return Collected(target, ("8-bit PNG copies", *changes))


def _look(items: Sequence[Item]) -> _Look:
    """Open every image once. All that cannot be read are named together, to be mended together."""
    look = _Look()
    refused: dict[str, DatasetError] = {}
    for item in items:
        try:
            opened = item.open()
        except DatasetError as error:
            refused[error.message] = error
            continue
        look.several |= opened.info.get("pictures", 1) > 1
        image = _upright(opened)
        look.turned |= opened.getexif().get(_ORIENTATION, 1) != 1
        look.transparent |= opened.has_transparency_data
        look.sizes[image.size] += 1
        if image.mode.startswith(DEEP):
            low, high = image.getextrema()
            look.deep = True
            look.smallest, look.largest = min(look.smallest, float(low)), max(look.largest, float(high))  # type: ignore[arg-type]
        elif image.mode not in ("L", "1"):
            look.colour_modes |= image.mode != "LA"
            if not look.coloured:
                red, green, blue = (np.asarray(channel) for channel in image.convert("RGB").split())
                look.coloured = not (np.array_equal(red, green) and np.array_equal(green, blue))
    if len(refused) == 1:
        raise next(iter(refused.values()))
    if refused:
        first = list(refused)[:NAMED]
        others = [f"and {len(refused) - NAMED} others"] if len(refused) > NAMED else []
        raise DatasetError(
            "\n".join((f"{len(refused)} images are of no use:", *first, *others)), "Replace or remove them."
        )
    return look


def _target_size(look: _Look, wanted: int) -> tuple[int, int, str]:
    """Return width and height that all images get, and how; no words where they have them already."""
    sizes = list(look.sizes)
    if len(sizes) == 1:
        width, height = sizes[0]
        longest = wanted or min(LARGEST, max(width, height))
        factor = longest / max(width, height)
        result = max(1, round(width * factor)), max(1, round(height * factor))
        how = "" if result == sizes[0] else f"scaled from {width}×{height} to {result[0]}×{result[1]} pixels"
    else:
        side = wanted or min(LARGEST, int(median(min(size) for size in look.sizes.elements())))
        result = side, side
        how = f"of {len(sizes)} sizes, the middle square of each is scaled to {side}×{side} pixels"
    if min(result) < SMALLEST:
        raise DatasetError(
            f"Images of {result[0]}×{result[1]} pixels are too small: {SMALLEST} a side are the least.",
            "--size NUMBER scales them.",
        )
    return *result, how


def _bits(look: _Look) -> int:
    """Return how many bits the pixels use: cameras and microscopes store 10, 12 or 14 in files of 16."""
    for bits in (8, 10, 12, 14, 16):
        if look.smallest >= 0 and look.largest < 2**bits:
            return bits
    raise DatasetError(
        f"Pixels have values from {look.smallest:g} to {look.largest:g}.", "They must be 0 to 65,535; scale them first."
    )


def _prepared(image: Image.Image, look: _Look, size: tuple[int, int]) -> Image.Image:
    image = _upright(image)
    if image.mode.startswith(DEEP):
        values = np.asarray(image, dtype=np.float64) * 255 / (2 ** _bits(look) - 1)
        image = Image.fromarray(np.rint(values).astype(np.uint8))
    image = image.convert("RGB" if look.coloured else "L")
    return image if image.size == size else ImageOps.fit(image, size, Image.Resampling.LANCZOS)


def _upright(image: Image.Image) -> Image.Image:
    """Turn a photograph as its camera was held, and put white behind what is transparent."""
    image = ImageOps.exif_transpose(image)
    if not image.has_transparency_data:
        return image
    opaque = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), opaque).convert("RGB")
