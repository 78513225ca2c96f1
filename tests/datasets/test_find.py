"""Finding and fetching: a data set of a few bytes in the place of MNIST, and a mirror on this machine."""

from __future__ import annotations

import gc
import gzip
import hashlib
import http.server
import logging
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from torchvision import datasets as torchvision_datasets

from convscope.datasets import download
from convscope.datasets.catalogue import FASHION_MNIST, MNIST, PUBLIC, DataFile, PublicDataset
from convscope.datasets.find import find
from convscope.datasets.load import load
from convscope.errors import DatasetError, DatasetUnavailable

# torchvision leaves the body of an HTTP error unread and its socket to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

IMAGES = "train-images-idx3-ubyte"


def idx_bytes(values: NDArray[np.uint8]) -> bytes:
    """An IDX file, written from the description of the format alone."""
    return bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def tiny_contents() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    contents = {}
    for part, count in (("train", 12), ("t10k", 5)):
        images = rng.integers(256, size=(count, 28, 28), dtype=np.uint8)
        contents[f"{part}-images-idx3-ubyte"] = idx_bytes(images)
        contents[f"{part}-labels-idx1-ubyte"] = idx_bytes((np.arange(count) % 10).astype(np.uint8))
    return contents


def tiny_entry() -> PublicDataset:
    contents = tiny_contents()
    files = (DataFile(f.name, len(contents[f.name]), _sha256(contents[f.name])) for f in MNIST.files)
    return replace(MNIST, files=tuple(files))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write(folder: Path, contents: Mapping[str, bytes], packed: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(content) if packed else content)
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@dataclass
class Mirror:
    """A real HTTP server on the loopback device."""

    url: str
    answers: dict[str, bytes] = field(default_factory=dict)
    missing_bytes: int = 0  # announced in Content-Length but never sent
    stalled: threading.Event | None = None  # set once a request has come that gets no answer
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    monkeypatch.setitem(PUBLIC, "mnist", tiny_entry())
    monkeypatch.delenv("CONVSCOPE_DATASETS", raising=False)
    return tiny_contents()


@pytest.fixture
def mirror(tiny: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    closing = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.requests.append(self.path)
            if served.stalled is not None:
                served.stalled.set()
                closing.wait()
                return
            if (body := served.answers.get(self.path)) is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body) + served.missing_bytes))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Mirror(f"http://127.0.0.1:{server.server_port}/")
        served.answers = {f"/{name}.gz": gzip.compress(content) for name, content in tiny.items()}
        monkeypatch.setattr(torchvision_datasets.MNIST, "mirrors", [served.url])
        # Without MD5s, torchvision takes what comes: what is wrong has to be seen by this project.
        monkeypatch.setattr(
            torchvision_datasets.MNIST, "resources", [(f"{name}.gz", None) for name in tiny_contents()]
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield served
        closing.set()
        server.shutdown()
        thread.join()
    gc.collect()


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
def test_a_file_in_data_that_the_system_cannot_read_is_not_removed(
    tiny: dict[str, bytes], tmp_path: Path
) -> None:
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
    assert lines[0] == "MNIST is not to be had. Looked at:"
    assert lines[1] == "  - CONVSCOPE_DATASETS: not set"
    assert lines[2] == "  - data/mnist: no such folder"
    assert lines[3].startswith("  - mirrors of torchvision.datasets.MNIST: ")
    assert f"{mirror.url}, got: HTTP Error 404" in lines[3]
    assert "data/mnist" in raised.value.hint
    assert "CONVSCOPE_DATASETS" in raised.value.hint
    monkeypatch.setenv("CONVSCOPE_DATASETS", str(tmp_path / "nowhere"))
    with pytest.raises(DatasetUnavailable, match=r"CONVSCOPE_DATASETS/mnist: no such folder"):
        find("mnist", tmp_path / "data", download=False)


def test_without_download_no_server_is_asked(tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(DatasetUnavailable, match="the network: not tried"):
        find("mnist", tmp_path / "data", download=False)
    assert mirror.requests == []


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
def test_a_transfer_that_ends_early(
    tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path, missing: int
) -> None:
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
    with pytest.raises(DatasetUnavailable, match="Not a gzipped file"):
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


# ---------------------------------------------------------------- several processes

SCRIPT = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_find import PUBLIC, find, tiny_contents, tiny_entry, torchvision_datasets
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
def test_a_killed_download_leaves_nothing_in_the_way(
    tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path
) -> None:
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
