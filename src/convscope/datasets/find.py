"""Finds the files of a public data set: in the user's folder, in data/, on the network.

What is fetched or unpacked is kept in data/, plain. Only content with the published hash is ever used, so it
does not matter which copy of a data set is found first.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from convscope.datasets.catalogue import PublicDataset, public
from convscope.datasets.download import by_debian, by_torchvision
from convscope.datasets.unpack import fault_in, unpack_wanted
from convscope.errors import DatasetError, DatasetUnavailable

FOLDER_VARIABLE = "CONVSCOPE_DATASETS"
_ORIGIN = "SOURCE.txt"  # beside the files in data/: where they came from

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """A complete data set on this machine."""

    files: dict[str, Path]  # path of each file of the catalogue, by name; plain and verified
    source: str  # where it was found, for people


def find(name: str, data_folder: Path, download: bool = True, given: Path | None = None) -> Found:
    """Find a public data set, or fetch it.

    Looked at in this order: the sub-folder of its name in the folder that CONVSCOPE_DATASETS names, which is
    only read; the one in ``data_folder``, where what comes from elsewhere or is packed is kept; the mirrors
    that torchvision knows; the Debian package. A wrong file is named by a warning of this module's logger and
    not used; in ``data_folder`` it is removed too. Any number of processes may ask at once; one fetches.

    Parameters
    ----------
    data_folder
        The project's ``data/``; made if it is missing.
    download
        Whether the network may be used.
    given
        Folder to look at first, in the place of the one that the variable names.

    Raises
    ------
    DatasetUnavailable
        It is nowhere; the message says for each place why not.
    DatasetError
        No data set has this name, or ``data_folder`` cannot be used.
    """
    dataset = public(name)
    if given is None and (named := os.environ.get(FOLDER_VARIABLE)):
        given = Path(named, name)
    if given and (files := _verified(given, dataset)):
        return Found(files, _given_label(dataset))
    if found := _kept(dataset, data_folder):
        return found
    from filelock import FileLock  # not needed where the data are in place

    try:
        data_folder.mkdir(parents=True, exist_ok=True)
        with FileLock(data_folder / f".{name}.lock"):
            # Another process may have fetched it while this one waited for the lock.
            return _kept(dataset, data_folder) or _fetch(dataset, data_folder, given, download)
    except OSError as error:
        raise DatasetError(
            f"{data_folder} cannot be used: {error}.",
            f"{dataset.title} is unpacked there; make the folder writable or put the plain files there.",
        ) from error


# Places are named without the path of this machine: they are published with the results.
def _given_label(dataset: PublicDataset) -> str:
    return f"{FOLDER_VARIABLE}/{dataset.name}"


def _kept_label(dataset: PublicDataset, data_folder: Path) -> str:
    return f"{data_folder.name}/{dataset.name}"


def _verified(folder: Path, dataset: PublicDataset) -> dict[str, Path]:
    """Plain files of the whole set below a folder; empty if one is missing, unreadable or wrong."""
    below = {path.name: path for path in folder.rglob("*") if path.is_file()}
    try:
        for file in dataset.files:
            path = below.get(file.name)
            if path is None or path.stat().st_size != file.size or fault_in(path.read_bytes(), file):
                return {}
    except OSError:
        return {}
    return {file.name: below[file.name] for file in dataset.files}


def _kept(dataset: PublicDataset, data_folder: Path) -> Found | None:
    folder = data_folder / dataset.name
    files = _verified(folder, dataset)
    if not files:
        return None
    origin = folder / _ORIGIN
    return Found(files, origin.read_text().strip() if origin.exists() else _kept_label(dataset, data_folder))


def _fetch(dataset: PublicDataset, data_folder: Path, given: Path | None, download: bool) -> Found:
    kept = data_folder / dataset.name
    for left in data_folder.glob(f".{dataset.name}-*"):  # of a killed process: this one holds the lock
        shutil.rmtree(left)
    failures = [] if given else [f"{FOLDER_VARIABLE}: not set"]
    for label, place in _places(dataset, data_folder, given, download):
        # Within data/, so that a file arrives there by a rename, which never leaves half of it.
        with TemporaryDirectory(prefix=f".{dataset.name}-", dir=data_folder) as temporary:
            packed, plain = Path(temporary, "packed"), Path(temporary, "plain")
            packed.mkdir()
            plain.mkdir()
            if isinstance(place, Path):
                packed = place
            else:
                _log.info("%s is fetched from: %s", dataset.title, label)
                try:
                    place(dataset, packed)
                except DatasetError as error:
                    failures.append(f"{label}: {error.message}")
                    continue
            for problem in unpack_wanted(packed, dataset.files, plain):
                failures.append(f"{label}/{problem.path.relative_to(packed)} {problem.text}")
                if place == kept and problem.damaged:
                    problem.path.unlink()
                    failures[-1] += "; removed"
                _log.warning("%s", failures[-1])
            missing = [file.name for file in dataset.files if not (plain / file.name).exists()]
            if not missing:
                _keep(plain, kept, label)
                return Found({file.name: kept / file.name for file in dataset.files}, label)
            absent = f"lacks {', '.join(missing)}" if packed.is_dir() else "no such folder"
            failures.append(f"{label}: {absent}")
    if not download:
        failures.append("the network: not tried, downloads are switched off")
    raise DatasetUnavailable(
        "\n  - ".join([f"{dataset.title} is not available. Looked at:", *failures]),
        f"Put its files (named in data/README.md) into {_kept_label(dataset, data_folder)}, or let "
        f"{FOLDER_VARIABLE} name a folder that has them in {dataset.name}/, or run again with a network.",
    )


_Place = Path | Callable[[PublicDataset, Path], None]  # a folder, or what fills an empty one


def _places(dataset: PublicDataset, data_folder: Path, given: Path | None, download: bool) -> list[tuple[str, _Place]]:
    places: list[tuple[str, _Place]] = []
    if given:
        places.append((_given_label(dataset), given))
    places.append((_kept_label(dataset, data_folder), data_folder / dataset.name))
    if download:
        places.append((f"mirrors of torchvision.datasets.{dataset.torchvision_class}", by_torchvision))
    if download and dataset.debian_package:
        places.append((f"Debian package {dataset.debian_package}", by_debian))
    return places


def _keep(plain: Path, kept: Path, source: str) -> None:
    (plain / _ORIGIN).write_text(f"{source}\n")
    kept.mkdir(exist_ok=True)
    for path in plain.iterdir():
        path.replace(kept / path.name)
