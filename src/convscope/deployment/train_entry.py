"""The training container's entry point: ``python -m convscope.deployment.train_entry``.

It keeps SageMaker's contract for training containers. Below ``/opt/ml`` (another folder where CONVSCOPE_OPT_ML names
one) it reads ``input/config/hyperparameters.json`` and ``input/data/<channel>/``, writes the artefact to ``model/``
and, when it fails, the reason to ``output/failure``. The ``SM_*`` variables and command-line options that SageMaker's
own images add are honoured where they are there.

Hyperparameters
    ``run``, the canonical JSON of a RunSpec; where it is absent, ``run.json`` in the channel ``config`` takes its
    place, since a hyperparameter has at most 2,500 characters. ``name``, for people (``fashion/cnn3/seed0``).
    ``device``, as everywhere: ``auto``, ``cpu``, ``cuda``.
Channel ``training``
    The files of the data set, or a folder of its name with them; ``images.zip`` of a folder of one's own; not needed
    for generated digits.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convscope.errors import ConvscopeError
from convscope.specs import Glyphs, ImageFolder, RunSpec, Table, from_json

ROOT_VARIABLE = "CONVSCOPE_OPT_ML"
FAILURE_CHARACTERS = 1024  # of a failure reason; SageMaker cuts longer ones
HYPERPARAMETERS = ("run", "name", "device")


@dataclass(frozen=True)
class ContainerPaths:
    """Where things lie in a training container."""

    root: Path  # ``/opt/ml`` in SageMaker
    variables: Mapping[str, str]

    @property
    def model(self) -> Path:
        """Takes the artefact; SageMaker packs it when the job ends well."""
        return Path(self.variables.get("SM_MODEL_DIR") or self.root / "model")

    @property
    def failure(self) -> Path:
        """Takes the reason of a failure; SageMaker shows it as the job's FailureReason."""
        return self.root / "output" / "failure"

    def channel(self, name: str) -> Path:
        """Folder of an input channel; it need not be there."""
        given = self.variables.get(f"SM_CHANNEL_{name.upper()}")
        return Path(given or self.root / "input" / "data" / name)

    def hyperparameters(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Hyperparameters from the command line, else from SM_HPS, else from the file.

        Raises ConvscopeError: they are no JSON object, or one of them is unknown.
        """
        file = self.root / "input" / "config" / "hyperparameters.json"
        given = self.variables.get("SM_HPS") or (file.read_text() if file.is_file() else "{}")
        try:
            found = json.loads(given)
        except ValueError as error:
            raise ConvscopeError(f"The hyperparameters are no JSON: {error}.") from error
        if not isinstance(found, dict):
            raise ConvscopeError(f"The hyperparameters are a {type(found).__name__}; a JSON object is due.")
        # SageMaker's SDK adds its own, such as sagemaker_program.
        merged = {key: value for key, value in found.items() if not key.startswith("sagemaker_")} | dict(options)
        if unknown := sorted(set(merged) - set(HYPERPARAMETERS)):
            raise ConvscopeError(f"Unknown hyperparameters {unknown}; known are {', '.join(HYPERPARAMETERS)}.")
        return merged


def train(container: ContainerPaths, options: Mapping[str, Any]) -> None:
    """Train the run that the hyperparameters describe and leave its artefact.

    Raises ConvscopeError: the run is not given or cannot mean anything, or its data set is not in the channel.
    """
    # Only now: a wrong hyperparameter is reported before numpy and torch are imported.
    from convscope.datasets.catalogue import fingerprint
    from convscope.datasets.load import load
    from convscope.deployment.artefact import write_artefact
    from convscope.engines import ENGINE_REVISION
    from convscope.engines.numeric_mode import numeric_mode
    from convscope.runs.plan import PlannedRun
    from convscope.runs.worker import trained
    from convscope.specs import run_key

    given = container.hyperparameters(options)
    spec = _run_spec(given.get("run"), container.channel("config") / "run.json")
    mode = numeric_mode(spec.training.engine, _text(given.get("device", "auto")))
    key = run_key(spec, fingerprint(spec.data.dataset), mode, ENGINE_REVISION)
    name = _text(given.get("name", "")) or key[:12]
    print(f"training {name}: key {key[:12]}, {mode.dtype} on {mode.device}, {spec.training.epochs} epochs", flush=True)

    def progress(epochs_done: int, accuracy: float) -> None:
        print(f"epoch {epochs_done} of {spec.training.epochs}: validation accuracy {accuracy:.4f}", flush=True)

    wanted = spec.data.dataset
    if isinstance(wanted, Table):
        raise ConvscopeError(f"The run is on the table {wanted.name}; a container trains on images only.")
    with _data(container.channel("training"), wanted) as (wanted, files, folder):
        dataset = load(wanted, folder, download=False, given=files)
        run = PlannedRun(key, spec, mode, title=name)
        result = trained(run, dataset, progress)
    print(f"test accuracy {result.test_accuracy:.4f}, {result.train_seconds:.1f} s of training", flush=True)
    artefact = write_artefact(result, dataset, container.model, name)
    print(f"artefact written, sha256 {artefact.sha256}", flush=True)


def _run_spec(given: Any, file: Path) -> RunSpec:
    """Return the run from the hyperparameter or from the channel's file.

    SageMaker's tools differ in how often they encode a hyperparameter as JSON: strings are decoded until none is left.
    """
    value = given
    if value is None:
        if not file.is_file():
            raise ConvscopeError(
                "No run is given: there is no hyperparameter 'run', and no file run.json in the channel 'config'.",
                "Pass the canonical JSON of a RunSpec.",
            )
        value = file.read_text()
    while isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise ConvscopeError(f"The run {value[:60]!r} is no JSON: {error}.") from error
    spec = from_json(value)
    if not isinstance(spec, RunSpec):
        raise ConvscopeError(f"The run is a {type(spec).__name__}; a RunSpec is due.")
    return spec


def _text(value: Any) -> str:
    """Return a hyperparameter's text; SageMaker's SDK encodes it as JSON, with quotation marks of its own."""
    text = str(value)
    return str(json.loads(text)) if text.startswith('"') and text.endswith('"') and len(text) > 1 else text


@contextmanager
def _data(
    channel: Path, dataset: str | Glyphs | ImageFolder
) -> Iterator[tuple[str | Glyphs | ImageFolder, Path, Path]]:
    """Give what `convscope.datasets.load` wants: the data set, the folder with its files, one to unpack them in.

    The channel may be read-only.
    """
    from convscope.datasets.folder import ARCHIVE, unpack_folder

    if not isinstance(dataset, Glyphs) and not channel.is_dir():
        name = dataset if isinstance(dataset, str) else dataset.name
        raise ConvscopeError(f"The channel 'training' is missing: {channel} is no folder; {name} should be there.")
    with tempfile.TemporaryDirectory(prefix="convscope-data-") as temporary:
        if isinstance(dataset, ImageFolder):
            dataset = unpack_folder(dataset, channel / ARCHIVE, Path(temporary, "images"))
        named = channel / dataset if isinstance(dataset, str) else channel
        yield dataset, named if named.is_dir() else channel, Path(temporary, "data")


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as the container's inputs say; return the exit status.

    Returns
    -------
    int
        0; 1 after a failure, whose reason is in the failure file; 143 when the job was stopped from outside.
    """
    parser = argparse.ArgumentParser(prog="python -m convscope.deployment.train_entry", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["train"], help="as in `docker run IMAGE train`")
    for name in HYPERPARAMETERS:
        parser.add_argument(f"--{name}", default=argparse.SUPPRESS)
    options = vars(parser.parse_args(arguments))
    del options["command"]
    container = ContainerPaths(Path(os.environ.get(ROOT_VARIABLE, "/opt/ml")), os.environ)
    from convscope.runs.execute import termination_as_interrupt

    try:
        with termination_as_interrupt():
            train(container, options)
    except KeyboardInterrupt:
        print("stopped from outside", file=sys.stderr)
        return 143
    except Exception as error:
        mendable = isinstance(error, ConvscopeError)
        reason = str(error) if mendable else traceback.format_exc()[-FAILURE_CHARACTERS:]
        print(str(error) if mendable else traceback.format_exc(), file=sys.stderr)
        container.failure.parent.mkdir(parents=True, exist_ok=True)
        container.failure.write_text(reason[:FAILURE_CHARACTERS], encoding="utf-8")
        return 1
    return 0


def _with_training_environment() -> None:
    """Start again with the variables that must be set before a process starts, where they are not.

    BLAS libraries read their number of threads, and glibc its limits, once; `convscope.runs.executors` says why these.
    """
    from convscope.runs.executors import KEEP_MEMORY, ONE_THREAD

    wanted = ONE_THREAD | KEEP_MEMORY
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | wanted)


if __name__ == "__main__":
    _with_training_environment()
    raise SystemExit(main())
