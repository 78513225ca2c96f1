"""The runs in a submission against the labels of this machine: what the predictions are worth is counted again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from convscope.analysis.records import Metrics
from convscope.datasets.catalogue import fingerprint
from convscope.datasets.folds import all_tested
from convscope.datasets.load import load
from convscope.engines import ENGINE_REVISION
from convscope.errors import ConvscopeError
from convscope.files import sha256_of
from convscope.runs.again import Retrained, compared
from convscope.runs.plan import PlannedRun
from convscope.runs.result import RunResult
from convscope.runs.store import without_arrays
from convscope.runs.worker import result_of_run
from convscope.specs import DataSpec, ImageFolder, RunSpec, canonical_json, from_json, run_key

Labels = NDArray[np.int64]


@dataclass
class Answers:
    """What was found about the runs of a submission."""

    wrong: list[str] = field(default_factory=list)  # what does not hold
    notes: list[str] = field(default_factory=list)  # what could not be checked, and why
    counted: int = 0  # how many runs were counted again


def check_answers(folder: Path, metrics: Metrics, data_folder: Path) -> Answers:
    """Count the right answers of every run, and every confusion, from predictions and labels.

    Parameters
    ----------
    folder
        The unpacked submission, whose runs agree with its metrics (`convscope.handin.verify.check_runs`).
    data_folder
        Where data sets of this machine lie; one that is not there is noted.
    """
    found = Answers()
    strange: set[str] = set()
    for name, study in metrics.ran.items():
        for variant_name, variant in study.variants.items():
            confusion = np.zeros((len(variant.confusion),) * 2, np.int64)
            complete = True
            for key in variant.runs:
                at = f"runs/{key}"
                spec, labels = _looked_at(folder, key, data_folder, found, strange)
                if spec is not None and canonical_json(spec.model) != canonical_json(from_json(variant.model)):
                    found.wrong.append(f"{at}: of another network than {name}/{variant_name}")
                if labels is None:
                    complete = False
                    continue
                predictions = load_file(folder / at / "predictions.safetensors")["predictions"]
                if len(predictions) != len(labels):
                    found.wrong.append(f"{at}: has {len(predictions)} predictions of {len(labels)}")
                    complete = False
                    continue
                stated = json.loads((folder / at / "result.json").read_bytes())["test_accuracy"]
                right = float((predictions == labels).mean())
                if abs(right - stated) > 1e-9:
                    found.wrong.append(f"{at}: its predictions are right for {right:.2%}, it says {stated:.2%}")
                np.add.at(confusion, (labels, predictions.astype(np.int64)), 1)
                found.counted += 1
            if complete and not np.array_equal(confusion, variant.confusion):
                found.wrong.append(f"confusion of {name}/{variant_name} is not that of predictions and labels")
    if strange:
        found.notes.append(
            f"{len(strange)} runs have keys that this checkout does not give them: other versions, or a changed source"
        )
    found.notes = list(dict.fromkeys(found.notes))
    return found


def _looked_at(
    folder: Path, key: str, data_folder: Path, found: Answers, strange: set[str]
) -> tuple[RunSpec | None, Labels | None]:
    """Return what a run was asked for and the labels of its test images; None where either is missing."""
    run = folder / "runs" / key
    result = json.loads((run / "result.json").read_bytes())
    for name, stored in result["files"].items():
        if (run / name).is_file() and sha256_of(run / name) != stored["sha256"]:
            found.wrong.append(f"runs/{key}/{name}: is not the file that was stored with the run")
    try:
        spec, mode = from_json(result["spec"]), from_json(result["mode"])
        if run_key(spec, fingerprint(spec.data.dataset), mode, ENGINE_REVISION) != key:
            strange.add(key)
            return spec, None
        return spec, _labels(canonical_json(spec.data), data_folder)
    except ConvscopeError as error:
        found.notes.append(f"answers not counted: {error.message}")
        return None, None


@cache
def _labels(data: str, data_folder: Path) -> Labels:
    spec: DataSpec = from_json(json.loads(data))
    if isinstance(spec.dataset, ImageFolder):
        raise ConvscopeError("images of the student's own are not part of a submission")
    return all_tested(load(spec.dataset, data_folder, download=False), spec, seed=0).test.labels


def train_one_again(folder: Path, metrics: Metrics, data_folder: Path, seed: int) -> Retrained:
    """Train one run again, drawn by a seed, and hold it against the one that was handed in.

    Raises ConvscopeError: its data set is not here.
    """
    keys = sorted(metrics.runs)
    if not keys or not (folder / "runs").is_dir():
        raise ConvscopeError("the submission has no runs")
    key = str(np.random.default_rng(seed).choice(keys))
    handed_in = _result(folder, key)
    planned = PlannedRun(key, handed_in.spec, handed_in.mode, title=key[:12])
    return compared(handed_in, result_of_run(planned, data_folder))


def _result(folder: Path, key: str) -> RunResult:
    """Read a run as it lies in a submission: its weights may not be there."""
    run = folder / "runs" / key
    header = json.loads((run / "result.json").read_bytes())
    arrays = load_file(run / "predictions.safetensors")
    return RunResult(
        **without_arrays(header), predictions=arrays["predictions"], confidences=arrays["confidences"], weights={}
    )
