"""How fast networks train, measured alone: one process, one thread, the networks in turn, several rounds.

Runs that shared a machine tell little of speed: their times differed by a factor of 80. In turn means that whatever
else the machine does falls on all networks alike; the median of the rounds is taken.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from convscope.datasets.folds import image_counts
from convscope.engines.numeric_mode import numeric_mode
from convscope.files import Json
from convscope.runs.environment import machine
from convscope.runs.plan import PlannedRun
from convscope.runs.worker import loaded, result_of_run
from convscope.specs import RunSpec, Table
from convscope.studies.study import Study

IMAGES = 4_096  # trained on in one round: half a second to five
ROUNDS = 5


Speeds = dict[str, dict[str, dict[str, list[float]]]]
"""By study and variant, a round each: ``images_per_second`` in training, ``train_seconds`` of a whole run so."""


def measure_speeds(
    studies: Sequence[Study],
    data_folder: Path,
    device: str = "auto",
    rounds: int = ROUNDS,
    say: Callable[[str], None] = lambda _: None,
) -> Json:
    """Train every network of some studies for a moment, one after the other, round after round.

    Parameters
    ----------
    studies
        A table's are left out: one run of it is ten networks of a second.

    Returns
    -------
    dict
        ``machine``; ``load``, how many other processes wanted a core before it began; ``studies``, the `Speeds`.
    """
    load, speeds = os.getloadavg()[0], Speeds()
    for number in range(rounds):
        started = time.monotonic()
        for study in studies:
            if isinstance(study.data.dataset, Table):
                continue
            for variant, (spec, *_) in study.runs("full").items():
                speed, images = _moment(spec, data_folder, device)
                measured = speeds.setdefault(study.id, {}).setdefault(
                    variant, {"images_per_second": [], "train_seconds": []}
                )
                measured["images_per_second"].append(speed)
                measured["train_seconds"].append(spec.training.images_seen(images) / speed)
        say(f"timings: round {number + 1} of {rounds} took {time.monotonic() - started:.0f} s")
    return {"machine": machine(), "load": load, "studies": speeds}


def _moment(spec: RunSpec, data_folder: Path, device: str) -> tuple[float, int]:
    """Return the images a second of a short pass, and how many images the whole run trains on."""
    dataset = loaded(spec.data.dataset, data_folder)
    few = min(IMAGES, len(dataset.train) - 1)
    data = replace(spec.data, train_images=few, validation_images=1, test_images=1)
    training = replace(spec.training, epochs=1, updates=0)
    run = PlannedRun("", replace(spec, data=data, training=training), numeric_mode(training.engine, device))
    images = image_counts(spec.data, len(dataset.train), len(dataset.test))["train"]
    return few / result_of_run(run, data_folder).train_seconds, images
