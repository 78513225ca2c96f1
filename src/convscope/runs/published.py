"""Results that the repository keeps: one small folder a run, which anybody can read, check and train again.

A run's folder, ``runs/KEY[:2]/KEY/``, holds ``run.json`` (what was asked for, what came out, on which machine, and the
size and SHA-256 of the other files), ``answers.xz`` (how far each answer is from the label, 0 where it is right: about
2 kB for 10,000 images), measurements that need the weights (``NAME.safetensors.xz``), and for a few runs the weights
themselves as 16-bit floats. Beside the runs, ``datasets/FINGERPRINT[:16]/`` has the facts, labels and pictures of a
data set, and ``images/STUDY/PLACE.png`` the few test images that a figure shows, so that
everything can be computed where the data set is not.

Runs are added and never taken away or replaced: training goes on over many days and machines.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, load_file, save, save_file

from convscope.engines import ENGINE_REVISION
from convscope.engines.outcome import Epoch
from convscope.errors import ConvscopeError, SpecError
from convscope.files import Json, replacing, replacing_folder, sha256_of, sizes_and_digests, write_json
from convscope.runs.result import Arrays, RunResult, as_json, fields_of
from convscope.specs import NumericMode, RunSpec, canonical_json, from_json, run_key

FORMAT = 1
RUN, ANSWERS, WEIGHTS, MEASUREMENT = "run.json", "answers.xz", "weights.safetensors", ".safetensors.xz"
FACTS, LABELS, PICTURES = "facts.json", "labels.xz", "pictures.safetensors.xz"


class DamagedPublication(ConvscopeError):
    """A published file that is not what was published, or that contradicts itself."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "`git checkout data/published` brings back what was published.")


@dataclass(frozen=True)
class PublishedDataset:
    """What is kept of a data set."""

    facts: Json  # as `convscope.datasets.eda.describe` gives them
    labels: NDArray[np.int64]  # of all its test images, (images,)
    pictures: Arrays  # sample and mean images, by name


class PublishedRuns:
    """The runs in a folder of the repository.

    Parameters
    ----------
    root
        ``data/published``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._datasets: dict[str, PublishedDataset] = {}

    def path(self, key: str) -> Path:
        """Folder of a run."""
        return self.root / "runs" / key[:2] / key

    def dataset_path(self, fingerprint: str) -> Path:
        """Folder of a data set."""
        return self.root / "datasets" / fingerprint[:16]

    @cached_property
    def _by_spec(self) -> dict[str, dict[NumericMode, str]]:
        """Keys of the runs by what was asked for and in which arithmetic."""
        found: dict[str, dict[NumericMode, str]] = {}
        for file in sorted(self.root.glob(f"runs/*/*/{RUN}")):
            header = _read_json(file)
            spec = json.dumps(header["spec"], sort_keys=True, separators=(",", ":"))
            found.setdefault(spec, {})[from_json(header["mode"])] = file.parent.name
        return found

    def find(self, spec: RunSpec) -> dict[NumericMode, str]:
        """Return the keys of the runs of one specification, by the arithmetic they were trained in."""
        return self._by_spec.get(canonical_json(spec), {})

    def keys(self) -> list[str]:
        """Return the keys of all runs, sorted."""
        return sorted(key for by_mode in self._by_spec.values() for key in by_mode.values())

    # ------------------------------------------------------------ reading

    def read(self, key: str) -> RunResult:
        """Read a run and check everything in it that can be computed again.

        Returns
        -------
        RunResult
            Without confidences; without weights, unless the run is one of the few that keep them.

        Raises
        ------
        DamagedPublication
            A file is missing or has another hash; the folder's name is not the key of its content; the stored
            accuracy is not that of the answers.
        """
        folder = self.path(key)
        header = _read_json(folder / RUN)
        try:
            spec, mode = from_json(header["spec"]), from_json(header["mode"])
            expected = run_key(spec, header["data"], mode, header["engine_revision"])
            if header["format"] != FORMAT or expected != key:
                raise DamagedPublication(
                    f"{folder / RUN} describes the run {expected[:12]} (format {header['format']}), "
                    f"but its folder is that of run {key[:12]}."
                )
            for name, stated in header["files"].items():
                _check_file(folder / name, stated)
            answers = np.frombuffer(_unpacked(folder / ANSWERS), np.uint8)
            accuracy = float((answers == 0).mean())
            if abs(accuracy - header["test_accuracy"]) > 1e-9:
                raise DamagedPublication(
                    f"{folder / RUN} states a test accuracy of {header['test_accuracy']}; its answers have {accuracy}."
                )
            labels = self.dataset(header["data"]).labels[: len(answers)]
            return RunResult(
                **fields_of(header),
                history=tuple(Epoch(*values) for values in header["history"]),
                predictions=((labels + answers) % spec.model.classes).astype(np.uint8),
                confidences=np.empty(0, np.float32),
                weights=self._weights(folder, header),
            )
        except (KeyError, TypeError, ValueError, SpecError) as error:
            raise DamagedPublication(f"{folder / RUN} cannot be read: {type(error).__name__}: {error}") from error

    def measurement(self, key: str, name: str) -> Arrays | None:
        """Return what was measured with the weights of a run when it was published; None where it was not."""
        file = self.path(key) / f"{name}{MEASUREMENT}"
        return _unpacked_arrays(file) if file.is_file() else None

    def dataset(self, fingerprint: str) -> PublishedDataset:
        """Return what is kept of a data set; read once.

        Raises DamagedPublication: it is not there, or not what was published.
        """
        if fingerprint not in self._datasets:
            folder = self.dataset_path(fingerprint)
            described = _read_json(folder / FACTS)
            for name, stated in described["files"].items():
                _check_file(folder / name, stated)
            facts = described["facts"]
            labels = np.frombuffer(_unpacked(folder / LABELS), np.uint8).astype(np.int64)
            counts = np.bincount(labels, minlength=len(facts["class_names"])).tolist()
            if facts["fingerprint"] != fingerprint or counts != facts["test_counts"]:
                raise DamagedPublication(
                    f"{folder / FACTS} states test images by class as {facts['test_counts']} for the data set "
                    f"{facts['fingerprint'][:16]}; its labels have {counts}."
                )
            self._datasets[fingerprint] = PublishedDataset(facts, labels, _unpacked_arrays(folder / PICTURES))
        return self._datasets[fingerprint]

    def images(self, study: str, places: Sequence[int]) -> NDArray[np.uint8] | None:
        """Return test images of a study, (images, C, H, W); None unless all of them are kept.

        Raises DamagedPublication: a file cannot be read.
        """
        from convscope.datasets.png import from_png  # Pillow, which most builds do without

        files = [self._image(study, place) for place in places]
        if not files or not all(file.is_file() for file in files):
            return None
        try:
            return np.stack([from_png(file.read_bytes()) for file in files])
        except (OSError, ValueError) as error:
            raise DamagedPublication(f"{files[0].parent} cannot be read: {error}") from error

    def _image(self, study: str, place: int) -> Path:
        return self.root / "images" / study / f"{place:05}.png"

    def _weights(self, folder: Path, header: Mapping[str, Any]) -> Arrays:
        if WEIGHTS not in header["files"]:
            return {}
        return {
            name: array.astype(np.float32) if array.dtype == np.float16 else array
            for name, array in load_file(folder / WEIGHTS).items()
        }

    # ------------------------------------------------------------ adding

    def add(
        self,
        result: RunResult,
        fingerprint: str,
        measurements: Mapping[str, Arrays],
        *,
        keep_weights: bool = False,
    ) -> bool:
        """Add a run; what is there already stays as it is. Its data set must have been added.

        Parameters
        ----------
        keep_weights
            Keep the weights too, as 16-bit floats.

        Returns
        -------
        bool
            Whether it was new.
        """
        folder = self.path(result.key)
        if folder.is_dir():
            return False
        if run_key(result.spec, fingerprint, result.mode, ENGINE_REVISION) != result.key:
            raise DamagedPublication(f"Run {result.key[:12]} was trained by another revision of the engine.")
        labels = self.dataset(fingerprint).labels[: len(result.predictions)]
        answers = (result.predictions.astype(np.int64) - labels) % result.spec.model.classes
        with replacing_folder(folder) as temporary:
            (temporary / ANSWERS).write_bytes(_packed(answers.astype(np.uint8).tobytes()))
            for name, arrays in measurements.items():
                (temporary / f"{name}{MEASUREMENT}").write_bytes(_packed_arrays(arrays))
            if keep_weights:
                save_file({name: _halved(name, array) for name, array in result.weights.items()}, temporary / WEIGHTS)
            header = {
                "format": FORMAT,
                "engine_revision": ENGINE_REVISION,
                "data": fingerprint,
                **as_json(result),
                "history": [list(asdict(epoch).values()) for epoch in result.history],
                "files": sizes_and_digests(temporary),
            }
            write_json(temporary / RUN, header)
        self.__dict__.pop("_by_spec", None)
        return True

    def add_images(self, study: str, places: Sequence[int], pixels: NDArray[np.uint8]) -> None:
        """Keep test images of a study, (images, C, H, W): a handful that a figure shows, never a data set."""
        from convscope.datasets.png import to_png

        for place, image in zip(places, pixels, strict=True):
            if not (file := self._image(study, place)).is_file():
                with replacing(file) as temporary:
                    temporary.write_bytes(to_png(image))

    def add_dataset(self, facts: Json, labels: NDArray[np.int64], pictures: Arrays) -> None:
        """Keep the facts, test labels and pictures of a data set, unless they are there."""
        folder = self.dataset_path(facts["fingerprint"])
        if folder.is_dir():
            return
        with replacing_folder(folder) as temporary:
            (temporary / LABELS).write_bytes(_packed(labels.astype(np.uint8).tobytes()))
            (temporary / PICTURES).write_bytes(_packed_arrays(pictures))
            write_json(temporary / FACTS, {"facts": facts, "files": sizes_and_digests(temporary)})


def _check_file(file: Path, stated: Mapping[str, Any]) -> None:
    if not file.is_file():
        raise DamagedPublication(f"{file} is missing.")
    if sha256_of(file) != stated["sha256"]:
        raise DamagedPublication(f"{file} is not what was published: its SHA-256 differs.")


def _read_json(file: Path) -> Json:
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise DamagedPublication(f"{file} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise DamagedPublication(f"{file} holds {type(content).__name__}; it must be an object.")
    return content


def _packed(content: bytes) -> bytes:
    """Compress with xz, which anybody's Python reads without a package."""
    return lzma.compress(content, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, preset=9 | lzma.PRESET_EXTREME)


def _unpacked(file: Path) -> bytes:
    try:
        return lzma.decompress(file.read_bytes())
    except (OSError, lzma.LZMAError) as error:
        raise DamagedPublication(f"{file} cannot be read: {error}") from error


def _packed_arrays(arrays: Arrays) -> bytes:
    return _packed(save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))


def _unpacked_arrays(file: Path) -> Arrays:
    return dict(load(_unpacked(file)))


def _halved(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Return weights in 16 bits; a permutation's places, which must stay whole numbers above 2,048, as they are."""
    return np.ascontiguousarray(array if name.endswith("permutation") else array.astype(np.float16))
