"""The artefact: everything that a trained model needs to answer, in two files, and its archive for S3.

``model.json`` says what the model is and how images are normalised, ``weights.safetensors`` holds its weights. No
pickle: an artefact from elsewhere can be wrong, but it cannot run code. Beside it stands the archive of the code that
trains it in a container.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from convscope.code import SOURCES, Code
from convscope.datasets.dataset import Dataset
from convscope.datasets.splits import split
from convscope.errors import ConvscopeError
from convscope.files import Json, digest, replacing, replacing_folder, sha256_of, write_json
from convscope.runs.result import RunResult
from convscope.specs import ModelSpec, NumericMode, RunSpec, from_json, to_json

FORMAT = 1
HEADER, WEIGHTS = "model.json", "weights.safetensors"
TRAINING = "convscope.deployment.train_entry"
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # that zip knows: equal sources give equal bytes


class ArtefactError(ConvscopeError):
    """An artefact that is incomplete, damaged or of another format."""


@dataclass(frozen=True)
class Artefact:
    """A trained model with what it needs to answer."""

    name: str  # ``"fashion/cnn3/seed0"``, or the start of the run's key
    dataset: str  # title of the data set: ``"Fashion-MNIST"``
    class_names: tuple[str, ...]  # in the order of the logits
    # float32, (C,): a pixel p of 0 to 255 is fed to the network as ``(p / 255 - mean) / scale``
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    # what was trained, and how
    model: ModelSpec
    run: RunSpec
    mode: NumericMode  # the arithmetic of the training
    key: str  # content key of the run
    test_accuracy: float  # fraction, as measured at the end of the training
    # arrays by name, float32, as `convscope.engines.outcome.Outcome` describes them
    weights: dict[str, NDArray[np.float32]]
    # over the contents of both files, in hexadecimal. Unlike the hash of an archive it does not depend on who packed
    # it: SageMaker packs again what a training job leaves
    sha256: str


def write_artefact(result: RunResult, dataset: Dataset, folder: Path, name: str = "") -> Artefact:
    """Write the artefact of a run into a folder, which may exist; ``model.json`` comes last.

    Parameters
    ----------
    folder
        Made if it is missing. It is not replaced as a whole: in a training container it is a mount point.
    name
        For people; empty takes the start of the run's key.
    """
    images = split(dataset, result.spec.data, result.spec.seed)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HEADER).unlink(missing_ok=True)
    with replacing(folder / WEIGHTS) as temporary:
        save_file(result.weights, temporary)
    header = {
        "format": FORMAT,
        "name": name or result.key[:12],
        "dataset": dataset.title,
        "class_names": list(dataset.class_names),
        "mean": [float(value) for value in images.mean],
        "scale": [float(value) for value in images.scale],
        "model": to_json(result.spec.model),
        "run": to_json(result.spec),
        "mode": to_json(result.mode),
        "key": result.key,
        "test_accuracy": result.test_accuracy,
        "weights_sha256": sha256_of(folder / WEIGHTS),
    }
    write_json(folder / HEADER, header)
    return read_artefact(folder)


def read_artefact(folder: Path) -> Artefact:
    """Read an artefact and check that its parts fit each other.

    Raises ArtefactError: a file is missing, damaged or of another format, or the weights are not those of the model.
    """
    header, header_sha256 = _read_header(folder / HEADER)
    try:
        weights_sha256 = sha256_of(folder / WEIGHTS)
        if weights_sha256 != header["weights_sha256"]:
            raise ArtefactError(f"{folder / WEIGHTS} is not what was written with {HEADER}: its SHA-256 differs.")
        artefact = Artefact(
            name=str(header["name"]),
            dataset=str(header["dataset"]),
            class_names=tuple(str(name) for name in header["class_names"]),
            mean=np.asarray(header["mean"], np.float32),
            scale=np.asarray(header["scale"], np.float32),
            model=from_json(header["model"]),
            run=from_json(header["run"]),
            mode=from_json(header["mode"]),
            key=str(header["key"]),
            test_accuracy=float(header["test_accuracy"]),
            weights=load_file(folder / WEIGHTS),
            sha256=digest([header_sha256, weights_sha256]),
        )
    except KeyError as error:
        raise ArtefactError(f"{folder / HEADER} lacks {error}.") from error
    except (OSError, SafetensorError) as error:
        raise ArtefactError(f"{folder / WEIGHTS} cannot be read: {error}.") from error
    except (TypeError, ValueError, ConvscopeError) as error:
        if isinstance(error, ArtefactError):
            raise
        raise ArtefactError(f"{folder / HEADER} cannot be understood: {error}") from error
    _check(artefact, folder)
    return artefact


def _read_header(file: Path) -> tuple[Json, str]:
    """Return the header and its SHA-256, from one reading."""
    try:
        content = file.read_bytes()
        header = json.loads(content)
    except OSError as error:
        raise ArtefactError(f"{file} cannot be read: {error.strerror}.", "An artefact has it at its top.") from error
    except (ValueError, RecursionError) as error:
        raise ArtefactError(f"{file} is no JSON: {error}.") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        found = header.get("format") if isinstance(header, dict) else type(header).__name__
        raise ArtefactError(f"{file} is of format {found!r}; this version reads format {FORMAT}.")
    return header, hashlib.sha256(content).hexdigest()


def _check(artefact: Artefact, folder: Path) -> None:
    """Compare the parts with each other."""
    for value, kind in ((artefact.model, ModelSpec), (artefact.run, RunSpec), (artefact.mode, NumericMode)):
        if not isinstance(value, kind):
            raise ArtefactError(f"{folder / HEADER} has {type(value).__name__} where {kind.__name__} is expected.")
    channels = artefact.model.input_shape[0]
    if len(artefact.class_names) != artefact.model.classes:
        raise ArtefactError(
            f"{folder / HEADER} names {len(artefact.class_names)} classes; its model has {artefact.model.classes}."
        )
    for name, values in (("mean", artefact.mean), ("scale", artefact.scale)):
        if values.shape != (channels,) or not np.isfinite(values).all():
            raise ArtefactError(f"{folder / HEADER} has {name} {values.tolist()}; {channels} finite numbers are due.")
    if not (artefact.scale > 0).all():
        raise ArtefactError(f"{folder / HEADER} has scale {artefact.scale.tolist()}; it must be above zero.")
    expected, found = artefact.model.arrays, {name: w.shape for name, w in artefact.weights.items()}
    if expected != found:
        different = sorted(set(expected.items()) ^ set(found.items()))
        raise ArtefactError(f"{folder / WEIGHTS} holds no weights of this model; different are {different}.")
    for name, array in artefact.weights.items():
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise ArtefactError(f"{folder / WEIGHTS} has {name} of type {array.dtype}; finite float32 is due.")


# ---------------------------------------------------------------- archive


def unpack_archive(archive: Path, folder: Path) -> None:
    """Unpack a ``.tar.gz``; the folder appears whole or not at all.

    Raises ArtefactError: the archive is absent, cut off or damaged, or a member would be written outside of the folder.
    """
    try:
        with replacing_folder(folder) as temporary, gzip.open(archive) as content:
            with tarfile.open(fileobj=content) as tar:
                # "data" refuses absolute paths, "..", links that lead out, devices (PEP 706).
                tar.extractall(temporary, filter="data")
            while content.read(1 << 20):  # to the checksum at the end of the file, where tar does not look
                pass
    except tarfile.FilterError as error:
        raise ArtefactError(f"{archive} is refused: {error}.", "Pack the folder's own files only.") from error
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ArtefactError(f"{archive} cannot be unpacked: {error}.", "It is absent, cut off or damaged.") from error


# ---------------------------------------------------------------- code


def package_code(archive: Path) -> None:
    """Write what the training job imports as a zip, from which Python imports without unpacking it (PEP 273).

    Parameters
    ----------
    archive
        ``code.zip``. A checkout's ``requirements.lock`` goes along: it says which versions the image should have.
    """
    with tempfile.TemporaryDirectory() as folder:
        read = Code(Path(folder, "imports.json")).below([TRAINING])
    modules = [Path(name.removeprefix("src/")) for name in read]
    packages = {package / "__init__.py" for module in modules for package in module.parents[:-1]}
    files = {each.as_posix(): SOURCES / each for each in (*modules, *packages) if (SOURCES / each).is_file()}
    if (lock := SOURCES.parent / "requirements.lock").is_file():
        files["requirements.lock"] = lock
    with replacing(archive) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            zipped.writestr(entry, files[name].read_bytes())
