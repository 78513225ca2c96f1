"""Loads a data set into memory: a public one from its verified files, or a generated one."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convscope.datasets.catalogue import PublicDataset, fingerprint, public
from convscope.datasets.dataset import Dataset, Images
from convscope.datasets.find import find
from convscope.datasets.idx import parse_idx
from convscope.datasets.tables import load_table
from convscope.datasets.unpack import fault_in
from convscope.errors import DatasetError
from convscope.specs import DatasetSpec, Glyphs, ImageFolder, Table


def load(dataset: DatasetSpec, data_folder: Path, download: bool = True, given: Path | None = None) -> Dataset:
    """Load a data set, fetching it first if need be.

    Parameters
    ----------
    dataset
        Name of a public data set, the parameters of the generated one, a folder of images, or a table.
    data_folder
        The project's ``data/``.
    download
        Whether the network may be used.
    given
        Folder in which the files of a public data set are looked for first.

    Returns
    -------
    Its images, uint8 (N, channels, height, width), and labels.

    Raises
    ------
    DatasetUnavailable
        It is neither on this machine nor to be fetched.
    DatasetError
        No data set has this name.
    SpecError
        The glyphs do not fit their image.
    """
    if isinstance(dataset, Glyphs):
        from convscope.datasets.glyphs import generate  # draws with matplotlib, which takes long

        return generate(dataset)
    if isinstance(dataset, ImageFolder):
        from convscope.datasets.folder import load_folder  # Pillow, needed by nothing else here

        return load_folder(dataset)
    if isinstance(dataset, Table):
        return load_table(dataset)
    known = public(dataset)
    found = find(dataset, data_folder, download, given)
    contents = {file.name: found.files[file.name].read_bytes() for file in known.files}
    for file in known.files:  # again, on the very bytes that are parsed: another process may have changed the file
        if problem := fault_in(contents[file.name], file):
            raise DatasetError(f"{found.files[file.name]} {problem}.", "It was changed just now; run again.")
    train, test = _idx_parts(contents) if known.file_format == "idx" else _cifar_parts(contents, known)
    return Dataset(known.name, known.title, train, test, known.class_names, fingerprint(dataset), found.source)


def _idx_parts(contents: dict[str, bytes]) -> tuple[Images, Images]:
    def part(name: str) -> Images:
        images, labels = f"{name}-images-idx3-ubyte", f"{name}-labels-idx1-ubyte"
        pixels = parse_idx(contents[images], images)[:, np.newaxis]  # one channel
        return Images(pixels, parse_idx(contents[labels], labels).astype(np.int64))

    return part("train"), part("t10k")


def _cifar_parts(contents: dict[str, bytes], known: PublicDataset) -> tuple[Images, Images]:
    """Parts of the Python version; unpickling runs what the file says, which is why it is verified before."""
    batches = {name: pickle.loads(content, encoding="latin1") for name, content in contents.items()}

    def part(names: list[str]) -> Images:
        pixels: NDArray[np.uint8] = np.concatenate([batches[name]["data"] for name in names])
        labels = np.concatenate([batches[name]["labels"] for name in names])
        return Images(pixels.reshape(-1, 3, 32, 32), labels.astype(np.int64))

    return part([file.name for file in known.files if file.name != "test_batch"]), part(["test_batch"])
