"""Fetching: from mirrors good and bad, by several processes, as a Debian package."""

from __future__ import annotations

import gzip
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from tiny_mnist import IMAGES, Mirror, tree

from convscope.datasets import download
from convscope.datasets.catalogue import FASHION_MNIST
from convscope.datasets.find import find
from convscope.datasets.load import load
from convscope.errors import DatasetError, DatasetUnavailable

pytest_plugins = ["tiny_mnist"]
# torchvision leaves the body of an HTTP error unread and its socket to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


# ---------------------------------------------------------------- mirrors


def test_from_a_mirror(
    tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = find("mnist", tmp_path / "data")
    assert found.source == "mirrors of torchvision.datasets.MNIST"
    expected = {f"mnist/{name}": content for name, content in tiny.items()}
    kept = tree(tmp_path / "data")
    assert {name: kept[name] for name in expected} == expected
    assert set(kept) - set(expected) == {"mnist/SOURCE.txt", ".mnist.lock"}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("missing", [1, 1000])
def test_a_transfer_that_ends_early(tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path, missing: int) -> None:
    mirror.answers[f"/{IMAGES}.gz"] = mirror.answers[f"/{IMAGES}.gz"][:-missing]
    mirror.missing_bytes = missing
    with pytest.raises(DatasetUnavailable, match=r"torchvision\.datasets\.MNIST"):
        find("mnist", tmp_path / "data")
    assert set(tree(tmp_path / "data")) == {".mnist.lock"}


def test_a_mirror_with_other_content(
    tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flipped = bytearray(tiny[IMAGES])
    flipped[100] ^= 1
    mirror.answers[f"/{IMAGES}.gz"] = gzip.compress(flipped)
    with pytest.raises(DatasetUnavailable, match=rf"{IMAGES}\.gz is altered"):
        find("mnist", tmp_path / "data")
    assert "is altered" in caplog.text
    assert set(tree(tmp_path / "data")) == {".mnist.lock"}


def test_a_web_page_from_a_mirror(tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path) -> None:
    mirror.answers[f"/{IMAGES}.gz"] = b"<html>Sign in to the network</html>"
    with pytest.raises(DatasetUnavailable, match=f"{IMAGES}.gz is a web page"):
        find("mnist", tmp_path / "data")
    assert set(tree(tmp_path / "data")) == {".mnist.lock"}


def test_a_mirror_that_never_answers(
    tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "SILENCE", 0.1)
    mirror.stalled = threading.Event()
    with pytest.raises(DatasetUnavailable, match="timed out"):
        find("mnist", tmp_path / "data")
    assert mirror.stalled.is_set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mirror_that_drips_is_left(
    tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never silent for long, and never done: 9,000 bytes at ten a second."""
    monkeypatch.setattr(download, "LONGEST", 1.5)
    mirror.drip = 0.1
    started = time.monotonic()
    with pytest.raises(DatasetUnavailable, match=r"the transfer took longer than 1\.5 seconds"):
        find("mnist", tmp_path / "data")
    assert time.monotonic() - started < 30
    assert set(tree(tmp_path / "data")) == {".mnist.lock"}


# ---------------------------------------------------------------- several processes

SCRIPT = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from tiny_mnist import PUBLIC, tiny_contents, tiny_entry, torchvision_datasets
from convscope.datasets.find import find
PUBLIC["mnist"] = tiny_entry()
torchvision_datasets.MNIST.mirrors = [sys.argv[2]]
torchvision_datasets.MNIST.resources = [(f"{{name}}.gz", None) for name in tiny_contents()]
print(find("mnist", Path(sys.argv[1])).source)
"""


def start(data: Path, mirror: Mirror) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SCRIPT, str(data), mirror.url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_of_several_processes_one_fetches(tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path) -> None:
    processes = [start(tmp_path / "data", mirror) for _ in range(3)]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert (out, err) == ("mirrors of torchvision.datasets.MNIST\n", "")
    together = sorted(mirror.requests)
    mirror.requests.clear()
    find("mnist", tmp_path / "alone")
    assert together == sorted(mirror.requests)


@pytest.mark.slow
def test_a_killed_download_leaves_nothing_in_the_way(tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path) -> None:
    data = tmp_path / "data"
    mirror.stalled = threading.Event()
    process = start(data, mirror)
    assert mirror.stalled.wait(timeout=120)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert list(data.glob(".mnist-*"))
    mirror.stalled = None
    find("mnist", data)
    assert not list(data.glob(".mnist-*"))
    assert {name: (data / "mnist" / name).read_bytes() for name in tiny} == tiny


# ---------------------------------------------------------------- the Debian package


@pytest.mark.slow
@pytest.mark.data
def test_fashion_mnist_from_debian(tmp_path: Path) -> None:
    folder = tmp_path / "packed"
    folder.mkdir()
    try:
        download.by_debian(FASHION_MNIST, folder)
    except DatasetError as error:
        pytest.skip(error.message)
    data = tmp_path / "data"
    data.mkdir()
    folder.rename(data / "fashion-mnist")
    dataset = load("fashion-mnist", data, download=False)
    assert np.bincount(dataset.train.labels).tolist() == [6000] * 10


def test_debian_failures_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DatasetError, match="this machine has no apt-get"):
        download.by_debian(FASHION_MNIST, tmp_path)
    program = tmp_path / "apt-get"
    program.write_text("#!/bin/sh\necho 'W: old' >&2\necho 'E: Unable to locate package' >&2\nexit 100\n")
    program.chmod(0o755)
    with pytest.raises(DatasetError, match=r"^apt-get failed: E: Unable to locate package$"):
        download.by_debian(FASHION_MNIST, tmp_path)
