"""A tiny trained run, its artefact, and a real server of it. It asserts nothing: PYTEST_DONT_REWRITE."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import httpx
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convscope.datasets.catalogue import fingerprint
from convscope.datasets.dataset import Dataset
from convscope.datasets.load import load
from convscope.deployment.artefact import Artefact, write_artefact
from convscope.engines import ENGINE_REVISION
from convscope.engines.numeric_mode import numeric_mode
from convscope.runs.plan import PlannedRun
from convscope.runs.result import RunResult
from convscope.runs.worker import trained
from convscope.specs import (
    Conv2d,
    DataSpec,
    Dense,
    Flatten,
    Glyphs,
    ModelSpec,
    NumericMode,
    Pool2d,
    RunSpec,
    TrainSpec,
    run_key,
)

PYTHON = (sys.executable, "-W", "error")
LAYERS = (Conv2d(6, 3), Pool2d(), Flatten(), Dense(24), Dense(10, "none"))


def spec(channels: int = 1, epochs: int = 3) -> RunSpec:
    """503 test images: a whole batch of an evaluation, and three more."""
    glyphs = Glyphs(size=16, channels=channels, train=900, test=503)
    data = DataSpec(glyphs, validation_images=100)
    return RunSpec(data, ModelSpec((channels, 16, 16), LAYERS), TrainSpec(epochs, batch_size=32), seed=0)


@lru_cache
def dataset(channels: int = 1) -> Dataset:
    return load(spec(channels).data.dataset, Path("unused"), download=False)


@lru_cache
def result(channels: int = 1, mode: NumericMode | None = None) -> RunResult:
    run, mode = spec(channels), mode or numeric_mode("torch", "cpu")
    key = run_key(run, fingerprint(run.data.dataset), mode, ENGINE_REVISION)
    return trained(PlannedRun(key, run, mode, "tiny", "cnn", "tiny"), dataset(channels), lambda *_: None)


def artefact(folder: Path, channels: int = 1, mode: NumericMode | None = None) -> Artefact:
    return write_artefact(result(channels, mode), dataset(channels), folder, "tiny/cnn/seed0")


def png(pixels: NDArray[np.uint8], file_format: str = "PNG") -> bytes:
    """An image file from pixels (C, H, W)."""
    buffer = io.BytesIO()
    Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)).save(buffer, file_format)
    return buffer.getvalue()


class Server:
    """A server process and a client of it."""

    def __init__(self, process: subprocess.Popen[str], client: httpx.Client) -> None:
        self.process = process
        self.client = client

    def wait_until_loaded(self) -> httpx.Response:
        """Ask /ping until it says 200, for as long as the process lives."""
        while self.process.poll() is None:
            answer = self.client.get("/ping")
            if answer.status_code == 200:
                return answer
            time.sleep(0.05)
        raise RuntimeError(f"The server ended with {self.process.returncode}.")

    def post(self, content: bytes, content_type: str) -> httpx.Response:
        return self.client.post("/invocations", content=content, headers={"Content-Type": content_type})


@contextmanager
def process_of(
    folder: Path, log: Path, python: Sequence[str] = PYTHON, variables: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Start a server on a free port; its log names the port. It is ended when the block ends."""
    command = [*python, "-m", "convscope.deployment.serving", "--model-dir", str(folder)]
    with (
        log.open("w") as stream,
        subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", "0"],
            env=variables,
            stdout=stream,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,  # fmt: skip
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            finally:
                process.kill()


@contextmanager
def server_of(
    folder: Path, log: Path, python: Sequence[str] = PYTHON, variables: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Start a server and wait until it listens; the model may still be loading."""
    with process_of(folder, log, python, variables) as process:
        while "http://" not in log.read_text():
            if process.poll() is not None:
                raise RuntimeError(log.read_text())
            time.sleep(0.02)
        url = next(word for word in log.read_text().split() if word.startswith("http://"))
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            yield Server(process, client)
