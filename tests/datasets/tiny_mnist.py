"""A data set of a few bytes in the place of MNIST, and a mirror that serves it from this machine.

A plugin of the tests that use it, which import it too. It asserts nothing: PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

import gc
import gzip
import hashlib
import http.server
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from torchvision import datasets as torchvision_datasets

from convscope.datasets.catalogue import MNIST, PUBLIC, DataFile, PublicDataset

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
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@dataclass
class Mirror:
    """A real HTTP server on the loopback device."""

    url: str
    answers: dict[str, bytes] = field(default_factory=dict)
    missing_bytes: int = 0  # announced in Content-Length but never sent
    drip: float = 0.0  # seconds between two bytes
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
            for place in range(len(body)) if served.drip else ():
                if closing.wait(served.drip):
                    return
                self.wfile.write(body[place : place + 1])
            self.wfile.write(b"" if served.drip else body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Mirror(f"http://127.0.0.1:{server.server_port}/")
        served.answers = {f"/{name}.gz": gzip.compress(content) for name, content in tiny.items()}
        monkeypatch.setattr(torchvision_datasets.MNIST, "mirrors", [served.url])
        # Without MD5s, torchvision takes what comes: what is wrong has to be seen by this project.
        monkeypatch.setattr(torchvision_datasets.MNIST, "resources", [(f"{name}.gz", None) for name in tiny_contents()])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield served
        closing.set()
        server.shutdown()
        thread.join()
    gc.collect()
