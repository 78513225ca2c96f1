"""Labelled images as somebody has them: folders, NumPy arrays, a table of paths. Nothing is changed here."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convscope.datasets.folder import Classes, open_image, parts_of
from convscope.errors import DatasetError

PATHS = ("path", "file", "filename", "filepath", "image", "image_path")
LABELS = ("label", "class", "category", "target", "label_name")
PARTS = ("split", "part", "subset", "set")
_TESTED = ("test", "testing")
_TRAINED = ("train", "training", "val", "valid", "validation", "dev")


@dataclass(frozen=True)
class Item:
    """One labelled image: its part (``train``, ``test`` or ``""`` where none is given), class, and what opens it."""

    part: str
    label: str
    open: Callable[[], Image.Image]


def items_of(source: Path, test: Path | None = None) -> list[Item]:
    """List the images of a folder, a NumPy archive or a table of paths, or of two folders.

    Raises DatasetError: images or labels cannot be read, or do not belong together; file and line are named.

    Parameters
    ----------
    source, test
        As for `convscope.datasets.collect.collect`.
    """
    if test is not None:
        pair = {"train": parts_of(source), "test": parts_of(test)}
        for folder, found in zip((source, test), pair.values(), strict=True):
            if "" not in found:
                raise DatasetError(f"{folder} has a split of its own.", "Name it alone, or its parts one by one.")
        return _checked(source, _of_parts({part: found[""] for part, found in pair.items()}))
    if source.is_dir():
        return _of_parts(parts_of(source))
    if not source.is_file():
        raise DatasetError(f"{source} is not there.", "--images names a folder, a .npz file or a .csv file.")
    if source.suffix.lower() == ".npz":
        return _of_arrays(source)
    if source.suffix.lower() in (".csv", ".tsv"):
        return _of_table(source)
    raise DatasetError(f"{source} is neither a folder nor a .npz or .csv file.", "--images names one of these.")


def _of_parts(parts: Mapping[str, Classes]) -> list[Item]:
    return [
        Item(part, label, lambda file=file: open_image(file))  # type: ignore[misc]
        for part, classes in parts.items()
        for label, files in classes.items()
        for file in files
    ]


def _of_table(file: Path) -> list[Item]:
    """Rows of a CSV file: a path, relative to the file's folder, a label, and a split where there is one."""
    with file.open(newline="", encoding="utf-8-sig") as text:
        try:
            dialect: Any = csv.Sniffer().sniff(text.read(4096), ",;\t")
        except csv.Error:
            dialect = "excel"
        text.seek(0)
        rows = list(csv.DictReader(text, dialect=dialect))
    columns = {(name or "").strip().lower(): name for name in rows[0]} if rows else {}
    path, label = _column(file, columns, PATHS), _column(file, columns, LABELS)
    part = next((columns[name] for name in PARTS if name in columns), None)
    items = []
    for line, row in enumerate(rows, start=2):
        image = file.parent / str(row[path]).strip()
        if not image.is_file():
            raise DatasetError(
                f"{file}, line {line}: {image} is no file.", f"Paths count from {file.parent}, or are absolute."
            )
        named = _part(f"{file}, line {line}", str(row[part])) if part else ""
        items.append(Item(named, _label(f"{file}, line {line}", row[label]), lambda image=image: open_image(image)))  # type: ignore[misc]
    return _checked(file, items)


def _column(file: Path, columns: Mapping[str, str], names: Sequence[str]) -> str:
    for name in names:
        if name in columns:
            return columns[name]
    raise DatasetError(
        f"{file} has the columns {', '.join(columns) or 'none'}.",
        f"One of them must be called {', '.join(names[:-1])} or {names[-1]}.",
    )


def _of_arrays(file: Path) -> list[Item]:
    """Images are the arrays of three or four dimensions, labels those of one; their names tell the part."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file} cannot be read: {error}.", "It must hold arrays of numbers or texts.") from error
    labels = {name: array.reshape(-1) for name, array in arrays.items() if array.ndim == 1 or array.shape[1:] == (1,)}
    images = {name: array for name, array in arrays.items() if array.ndim in (3, 4)}
    items = []
    for name, pixels in images.items():
        part = _part_in(name)
        own = [each for each, array in labels.items() if _part_in(each) == part and len(array) == len(pixels)]
        if len(own) != 1:
            raise DatasetError(
                f"{file}: {len(own)} arrays can be the labels of {name!r}, {len(pixels)} images.",
                f"It has {', '.join(f'{each} {array.shape}' for each, array in arrays.items())}; name images and "
                "labels x_train, y_train, x_test and y_test.",
            )
        names = _names(f"{file}: {own[0]!r}", labels[own[0]])
        trained = "train" if part == "val" else part
        for index, label in enumerate(names):
            items.append(Item(trained, label, _opener(f"{file}: {name!r}", pixels, index)))
    if not items:
        raise DatasetError(f"{file} has no array of images: {', '.join(arrays) or 'it is empty'}.")
    return _checked(file, items)


def _part_in(name: str) -> str:
    return next((part for part in ("test", "val", "train") if part in name.lower()), "")


def _names(where: str, labels: NDArray[Any]) -> list[str]:
    """Class names: numbers get leading zeros, so that their order is that of the names."""
    if labels.dtype.kind in "iu":
        digits = len(str(int(labels.max(initial=0))))
        return [_label(where, f"{int(label):0{digits}d}") for label in labels]
    if labels.dtype.kind == "U":
        return [_label(where, label) for label in labels]
    raise DatasetError(f"{where} holds {labels.dtype}; labels are whole numbers or texts.")


def _opener(where: str, pixels: NDArray[Any], index: int) -> Callable[[], Image.Image]:
    def opened() -> Image.Image:
        values = pixels[index]
        if values.ndim == 3 and values.shape[0] in (1, 3) and values.shape[-1] not in (1, 3):
            values = np.moveaxis(values, 0, -1)  # channels first, as PyTorch has them
        if values.ndim == 3 and values.shape[-1] == 1:
            values = values[..., 0]
        if values.ndim == 3 and values.shape[-1] != 3:
            raise DatasetError(f"{where} has images of shape {pixels.shape[1:]}.", "One channel or three are possible.")
        if values.dtype.kind == "f":
            if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 255):
                raise DatasetError(
                    f"{where}, image {index}, has values from {values.min():g} to {values.max():g}.",
                    "Numbers with a fraction must lie between 0 and 1, or between 0 and 255.",
                )
            values = np.rint(values * (255 if pixels.max() <= 1 else 1)).astype(np.uint8)
        if values.dtype != np.uint8:
            if values.ndim == 3 or values.min() < 0 or values.max() > 65535:
                raise DatasetError(f"{where} holds {values.dtype} from {values.min()} to {values.max()}.", "Use uint8.")
            values = values.astype(np.uint16)
        return Image.fromarray(values)

    return opened


def _checked(file: Path, items: list[Item]) -> list[Item]:
    """Hold the parts against each other; labels of a part without a name go with none that has one."""
    parts = {item.part for item in items}
    if parts not in ({""}, {"train", "test"}):
        raise DatasetError(
            f"{file} has images of the parts {', '.join(sorted(part or 'unnamed' for part in parts))}.",
            "Give both training and test images, or no split.",
        )
    of = {part: {item.label for item in items if item.part == part} for part in parts}
    if len(parts) > 1 and (different := of["train"] ^ of["test"]):
        raise DatasetError(f"{file}: classes {', '.join(sorted(different))} are in one part alone.")
    return items


def _part(where: str, name: str) -> str:
    lower = name.strip().lower()
    if lower in _TESTED:
        return "test"
    if lower in _TRAINED:
        return "train"
    raise DatasetError(f"{where}: {name!r} is no part.", f"It must be one of {', '.join((*_TRAINED, *_TESTED))}.")


def _label(where: str, label: object) -> str:
    name = str(label).strip() if label is not None else ""
    if not name or not name.isprintable() or "/" in name or name.startswith("."):
        raise DatasetError(f"{where}: label {name!r} cannot name a folder.", "Use letters and digits.")
    return name
