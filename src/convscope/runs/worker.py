"""One run in one process: load the data, train, say what came out."""

from __future__ import annotations

import json
import time
from functools import lru_cache
from pathlib import Path

from convscope.datasets.dataset import Dataset
from convscope.datasets.folds import folds
from convscope.datasets.load import load
from convscope.datasets.splits import Split
from convscope.engines.outcome import Outcome, Progress, merged
from convscope.files import write_text
from convscope.models.cost import macs, parameters
from convscope.runs.environment import commit, machine
from convscope.runs.plan import PlannedRun
from convscope.runs.result import RunResult
from convscope.specs import DatasetSpec


@lru_cache(maxsize=2)
def loaded(dataset: DatasetSpec, data_folder: Path) -> Dataset:
    """Keep the last data sets: a worker trains many runs on the same images."""
    return load(dataset, data_folder)


def result_of_run(run: PlannedRun, data_folder: Path, progress_file: Path | None = None) -> RunResult:
    """Load what a run needs, train it and return its result.

    Parameters
    ----------
    progress_file
        Rewritten after each epoch with ``[epochs done, validation accuracy]``, for whoever watches.
    """

    def progress(epochs_done: int, accuracy: float) -> None:
        if progress_file is not None:
            write_text(progress_file, json.dumps([epochs_done, accuracy]))

    progress(0, 0.0)
    return trained(run, loaded(run.spec.data.dataset, data_folder), progress)


def trained(run: PlannedRun, dataset: Dataset, progress: Progress) -> RunResult:
    """Train one run, of a table a network for each fold, and return its result, with the machine and the time."""
    parts = folds(dataset, run.spec.data, run.spec.seed)
    outcomes: list[Outcome] = []

    def progress_over_folds(epochs_done: int, accuracy: float) -> None:
        progress((len(outcomes) * run.spec.training.epochs + epochs_done) // len(parts), accuracy)

    for _, images in parts:
        outcomes.append(train(run, images, progress_over_folds))
    outcome = merged(outcomes, [tested for tested, _ in parts])
    environment = {
        **machine(),
        "commit": commit(Path(__file__).parent),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "train_images": sum(run.spec.training.images_seen(len(images.train)) for _, images in parts),
    }
    model = run.spec.model
    return RunResult(
        **vars(outcome), key=run.key, spec=run.spec, mode=run.mode, parameters=parameters(model), macs=macs(model),
        environment=environment,
    )  # fmt: skip


def train(run: PlannedRun, images: Split, progress: Progress) -> Outcome:
    """Train one network by the engine of its run, which is imported only now: torch takes 1.6 s."""
    if run.mode.engine == "numpy":
        from convscope.engines.numpy_cnn import train as numpy_train

        return numpy_train.train(run.spec, images, progress)
    from convscope.engines import torch_engine

    return torch_engine.train(run.spec, images, run.mode, progress)
