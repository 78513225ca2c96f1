"""Results by content key: complete or absent, and checked when read.

A run's folder holds ``result.json`` (everything that is no array, with the size and SHA-256 of the array files),
``predictions.safetensors`` and ``weights.safetensors``. It is written to a temporary folder, synced and renamed, so
a killed process leaves no half result.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from convscope.engines.outcome import Epoch
from convscope.errors import ConvscopeError, SpecError
from convscope.files import replacing_folder, sha256_of, sizes_and_digests, write_json
from convscope.runs.result import RunResult, as_json, fields_of

if TYPE_CHECKING:
    from convscope.runs.plan import PlannedRun

FORMAT = 1
ARRAY_FILES = ("predictions.safetensors", "weights.safetensors")


class UnreadableResult(ConvscopeError):
    """A stored result that is not what was written; it counts as missing and is trained again."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message, "`make train` trains it again.")
        self.key = key


class RunStore:
    """Results in a folder, one sub-folder a run.

    Parameters
    ----------
    root
        The folder; made when the first result is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, key: str) -> Path:
        """Folder of a run."""
        return self.root / key[:2] / key

    def state(self, key: str) -> str | None:
        """Return a digest of a stored result, None where it is absent or damaged.

        Fast, for the check that a build is up to date: ``result.json`` is read, of the arrays only the sizes.
        """
        try:
            header = self._header(key)
        except UnreadableResult:
            return None
        return header.digest if header else None

    def read(self, key: str) -> RunResult:
        """Read a result and check every file of it.

        Raises UnreadableResult: it is absent, or a file is truncated, altered or of another format.
        """
        header = self._header(key)
        folder = self.path(key)
        if header is None:
            raise UnreadableResult(key, f"Run {key[:12]} has no stored result in {folder}.")
        for name in ARRAY_FILES:
            if sha256_of(folder / name) != header.sha256[name]:
                raise UnreadableResult(key, f"{folder / name} is not what was written: its SHA-256 differs.")
        arrays = load_file(folder / "predictions.safetensors")
        return RunResult(
            predictions=arrays["predictions"],
            confidences=arrays["confidences"],
            weights=load_file(folder / "weights.safetensors"),
            **header.values,
        )

    def write(self, result: RunResult) -> None:
        """Store a result; it appears whole or not at all."""
        with replacing_folder(self.path(result.key)) as folder:
            arrays: dict[str, NDArray[Any]] = {"predictions": result.predictions, "confidences": result.confidences}
            save_file(arrays, folder / "predictions.safetensors")
            # safetensors takes the memory as it lies: a transposed array would come back scrambled.
            weights = {name: np.asarray(array, order="C") for name, array in result.weights.items()}
            save_file(weights, folder / "weights.safetensors")
            header = {
                "format": FORMAT,
                **as_json(result),
                "history": [asdict(epoch) for epoch in result.history],
                "files": sizes_and_digests(folder),
            }
            write_json(folder / "result.json", header)

    def missing(self, runs: Iterable[PlannedRun]) -> list[PlannedRun]:
        """Return the runs without a readable result."""
        return [run for run in runs if self.state(run.key) is None]

    def discard(self, key: str) -> None:
        """Remove a result, if it is there."""
        shutil.rmtree(self.path(key), ignore_errors=True)

    def _header(self, key: str) -> _Header | None:
        folder = self.path(key)
        file = folder / "result.json"
        if not file.is_file():
            return None
        try:
            content = file.read_bytes()
            header = json.loads(content)
            if header["format"] != FORMAT or header["key"] != key:
                raise UnreadableResult(key, f"{file} is of format {header['format']}, key {header['key'][:12]}.")
            for name in ARRAY_FILES:
                size, expected = (folder / name).stat().st_size, header["files"][name]["bytes"]
                if size != expected:
                    raise UnreadableResult(
                        key, f"{folder / name} has {size:,} bytes; it was written with {expected:,}."
                    )
            sha256 = {name: header["files"][name]["sha256"] for name in ARRAY_FILES}
            return _Header(hashlib.sha256(content).hexdigest(), sha256, without_arrays(header))
        except (ValueError, KeyError, TypeError, OSError, SpecError) as error:
            raise UnreadableResult(key, f"{file} cannot be read: {type(error).__name__}: {error}") from error


@dataclass(frozen=True)
class _Header:
    digest: str  # of result.json, which has the digests of the other files
    sha256: dict[str, str]  # by array file
    values: dict[str, Any]  # fields of the RunResult that are no arrays


def without_arrays(header: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a result that its result.json holds."""
    return fields_of(header) | {"history": tuple(Epoch(**epoch) for epoch in header["history"])}
