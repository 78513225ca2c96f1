"""How many images a data set has, without reading them."""

from __future__ import annotations

from pathlib import Path

from convscope.datasets.catalogue import known_table, public
from convscope.specs import DatasetSpec, Glyphs, ImageFolder, Table

_IDX_LABELS_HEADER = 8  # bytes
_CIFAR_IMAGES = 10_000  # in each file


def size(dataset: DatasetSpec) -> tuple[int, int]:
    """Return how many images the training part and the test part have; of a table, what each of its folds has."""
    if isinstance(dataset, Glyphs):
        return dataset.train, dataset.test
    if isinstance(dataset, Table):
        rows = known_table(dataset.name).rows
        return rows - rows // dataset.folds, rows // dataset.folds
    if isinstance(dataset, ImageFolder):
        images = sum(path.is_file() for path in Path(dataset.path).glob("**/*.*")) if dataset.path else 0
        test = round(images * dataset.test_share)
        return images - test, test
    files = public(dataset).files
    if public(dataset).file_format == "idx":
        train, test = (file.size - _IDX_LABELS_HEADER for file in files if "labels" in file.name)
        return train, test
    tests = sum("test" in file.name for file in files)
    batches = sum("data_batch" in file.name for file in files)
    return batches * _CIFAR_IMAGES, tests * _CIFAR_IMAGES
