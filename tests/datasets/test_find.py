"""Where a data set is looked for, and what becomes of wrong files."""

from __future__ import annotations

import gzip
import logging
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torchvision
from tiny_mnist import IMAGES, Mirror, tiny_entry, tree, write

from convscope.datasets.catalogue import PUBLIC
from convscope.datasets.find import find
from convscope.datasets.load import load
from convscope.errors import DatasetError, DatasetUnavailable

pytest_plugins = ["tiny_mnist"]
# torchvision leaves the body of an HTTP error unread and its socket to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


# ---------------------------------------------------------------- where it is found


def test_plain_files_of_the_user_are_used_where_they_lie(
    tiny: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = write(tmp_path / "sets/mnist", tiny, packed=False)
    monkeypatch.setenv("CONVSCOPE_DATASETS", str(tmp_path / "sets"))
    found = find("mnist", tmp_path / "data", download=False)
    assert found.files == {name: given / name for name in tiny}
    assert found.source == "CONVSCOPE_DATASETS/mnist"
    assert not (tmp_path / "data").exists()


def test_packed_files_of_the_user_are_unpacked_once(
    tiny: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = write(tmp_path / "sets/mnist", tiny)
    before = tree(given)
    monkeypatch.setenv("CONVSCOPE_DATASETS", str(tmp_path / "sets"))
    found = find("mnist", tmp_path / "data", download=False)
    assert {name: path.read_bytes() for name, path in found.files.items()} == tiny
    assert tree(given) == before
    times = {path: path.stat().st_mtime_ns for path in found.files.values()}
    assert find("mnist", tmp_path / "data", download=False) == found
    assert times == {path: path.stat().st_mtime_ns for path in found.files.values()}
    monkeypatch.delenv("CONVSCOPE_DATASETS")  # the source is remembered
    assert find("mnist", tmp_path / "data", download=False).source == "CONVSCOPE_DATASETS/mnist"


@pytest.mark.parametrize("packed", [True, False])
def test_files_put_into_data(tiny: dict[str, bytes], tmp_path: Path, packed: bool) -> None:
    write(tmp_path / "data/mnist", tiny, packed)
    dataset = load("mnist", tmp_path / "data", download=False)
    assert dataset.source == "data/mnist"
    assert dataset.title == "MNIST"
    assert dataset.train.pixels.shape == (12, 1, 28, 28)
    assert dataset.train.pixels.tobytes() == tiny[IMAGES][16:]
    assert dataset.test.labels.tolist() == [0, 1, 2, 3, 4]
    assert dataset.train.pixels.dtype == np.uint8
    assert dataset.train.labels.dtype == np.int64


def test_the_order_of_the_places(
    tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = write(tmp_path / "sets/mnist", tiny, packed=False)
    data = tmp_path / "data"
    write(data / "mnist", tiny, packed=False)
    monkeypatch.setenv("CONVSCOPE_DATASETS", str(tmp_path / "sets"))
    assert find("mnist", data).source == "CONVSCOPE_DATASETS/mnist"
    (given / IMAGES).unlink()
    assert find("mnist", data).source == "data/mnist"
    assert mirror.requests == []
    (data / "mnist" / IMAGES).unlink()
    assert find("mnist", data).source == "mirrors of torchvision.datasets.MNIST"
    mirror.requests.clear()
    assert find("mnist", data).source == "mirrors of torchvision.datasets.MNIST"
    assert mirror.requests == []


# ---------------------------------------------------------------- what is wrong


def test_a_wrong_file_in_data_is_named_removed_and_fetched_anew(
    tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = write(tmp_path / "data/mnist", tiny, packed=False)
    (kept / IMAGES).write_bytes(tiny[IMAGES][:-1])
    find("mnist", tmp_path / "data")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"data/mnist/{IMAGES} is truncated: 9,423 bytes" in record.getMessage()
    assert record.getMessage().endswith("; removed")
    assert {name: (kept / name).read_bytes() for name in tiny} == tiny


def test_wrong_files_are_not_left_in_data_where_nothing_better_is_to_be_had(
    tiny: dict[str, bytes], tmp_path: Path
) -> None:
    kept = write(tmp_path / "data/mnist", tiny)
    flipped = bytearray(tiny[IMAGES])
    flipped[100] ^= 1
    (kept / f"{IMAGES}.gz").write_bytes(gzip.compress(flipped))
    (kept / "t10k-labels-idx1-ubyte.gz").write_bytes(b"<html>404</html>")
    (kept / "notes.txt").write_text("mine")
    with pytest.raises(DatasetUnavailable) as raised:
        find("mnist", tmp_path / "data", download=False)
    assert f"data/mnist/{IMAGES}.gz is altered" in raised.value.message
    assert "data/mnist/t10k-labels-idx1-ubyte.gz is a web page" in raised.value.message
    assert sorted(path.name for path in kept.iterdir()) == [
        "notes.txt",
        "t10k-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    ]


def test_wrong_files_of_the_user_are_named_and_stay(
    tiny: dict[str, bytes],
    mirror: Mirror,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    given = write(tmp_path / "sets/mnist", tiny)
    (given / f"{IMAGES}.gz").write_bytes(gzip.compress(tiny[IMAGES])[:-50])
    before = tree(given)
    monkeypatch.setenv("CONVSCOPE_DATASETS", str(tmp_path / "sets"))
    assert find("mnist", tmp_path / "data").source == "mirrors of torchvision.datasets.MNIST"
    assert f"CONVSCOPE_DATASETS/mnist/{IMAGES}.gz cannot be read" in caplog.text
    assert tree(given) == before


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that fails when it is read")
def test_a_file_in_data_that_the_system_cannot_read_is_not_removed(tiny: dict[str, bytes], tmp_path: Path) -> None:
    kept = write(tmp_path / "data/mnist", tiny)
    (kept / f"{IMAGES}.gz").unlink()
    (kept / f"{IMAGES}.gz").symlink_to("/proc/self/mem")  # an input/output error, for root as well
    with pytest.raises(DatasetUnavailable, match="Input/output error"):
        find("mnist", tmp_path / "data", download=False)
    assert (kept / f"{IMAGES}.gz").is_symlink()


def test_data_that_cannot_be_a_folder(tiny: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(DatasetError, match="data cannot be used"):
        find("mnist", tmp_path / "data", download=False)


def test_unavailable_names_every_place(
    tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.answers.clear()
    with pytest.raises(DatasetUnavailable) as raised:
        find("mnist", tmp_path / "data")
    lines = raised.value.message.splitlines()
    assert lines[0] == "MNIST is not available. Looked at:"
    assert lines[1] == "  - CONVSCOPE_DATASETS: not set"
    assert lines[2] == "  - data/mnist: no such folder"
    assert lines[3].startswith("  - mirrors of torchvision.datasets.MNIST: ")
    assert re.search(f"{mirror.url}{IMAGES}.gz: .*HTTP Error 404", lines[3])
    assert "data/mnist" in raised.value.hint
    assert "CONVSCOPE_DATASETS" in raised.value.hint
    monkeypatch.setenv("CONVSCOPE_DATASETS", str(tmp_path / "nowhere"))
    with pytest.raises(DatasetUnavailable, match=r"CONVSCOPE_DATASETS/mnist: no such folder"):
        find("mnist", tmp_path / "data", download=False)


def test_without_download_no_server_is_asked(tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(DatasetUnavailable, match="the network: not tried"):
        find("mnist", tmp_path / "data", download=False)
    assert mirror.requests == []


@pytest.mark.parametrize("name", [name for name, entry in PUBLIC.items() if entry.file_format == "idx"])
def test_an_entry_of_the_catalogue_is_all_that_an_idx_data_set_takes(
    tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Fetched from the mirrors of torchvision's class of its name, verified, parsed, and called by its classes."""
    entry = PUBLIC[name]
    monkeypatch.setitem(PUBLIC, name, replace(entry, files=tiny_entry().files))
    served = getattr(torchvision.datasets, entry.torchvision_class)
    monkeypatch.setattr(served, "mirrors", [mirror.url])
    dataset = load(name, tmp_path / "data")
    assert dataset.source == f"mirrors of torchvision.datasets.{entry.torchvision_class}"
    assert (dataset.title, dataset.class_names) == (entry.title, tuple(entry.class_names))
    assert dataset.train.pixels.tobytes() == tiny[IMAGES][16:]
    assert {request.removeprefix("/") for request in mirror.requests} == {f"{file}.gz" for file in tiny}
