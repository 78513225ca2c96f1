"""Published runs trained once more, and held against what the repository keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Literal

import numpy as np

from convscope.datasets.eda import describe
from convscope.datasets.load import load
from convscope.engines.numeric_mode import numeric_mode
from convscope.runs.plan import PlannedRun
from convscope.runs.published import PublishedRuns
from convscope.runs.result import RunResult
from convscope.runs.worker import result_of_run

Likeness = Literal["bit-identical", "within tolerance", "different"]
TOLERANCE = 4.0  # standard errors of the difference of two accuracies, each on test images of its own


@dataclass(frozen=True)
class Retrained:
    """A published run beside the one that was trained now."""

    key: str
    # Bit-identical: every answer and every number of the history. Within tolerance: trained in another arithmetic or on
    # another processor, with an accuracy as near as two runs may lie apart. Different: neither
    verdict: Likeness
    # on the test images, fractions
    accuracy: float
    accuracy_now: float
    answers_changed: float  # share of the test images with another answer


def sample(kept: PublishedRuns, count: int, seed: int) -> list[str]:
    """Draw published runs; the same seed draws the same ones."""
    keys = kept.keys()
    chosen = np.random.default_rng(seed).choice(len(keys), min(count, len(keys)), replace=False)
    return [keys[place] for place in chosen]


def train_again(keys: list[str], kept: PublishedRuns, data_folder: Path, device: str = "auto") -> Iterator[Retrained]:
    """Train published runs in the arithmetic of this machine, one after the other."""
    for key in keys:
        published = kept.read(key)
        spec = published.spec
        run = PlannedRun(key, spec, numeric_mode(spec.training.engine, device), title=key[:12])
        yield compared(published, result_of_run(run, data_folder))


def data_described_again(keys: list[str], kept: PublishedRuns, data_folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Describe the data sets of published runs again, from their images, and hold what is kept against that.

    A hash beside a picture says that it is the one that was published together with the hash, and no more.

    Yields
    ------
    tuple
        Title of a data set, and what of it differs: facts, ``labels``, pictures by name; nothing where all is the same.
    """
    specs = {kept.read(key).spec.data.dataset for key in keys}
    for spec in sorted(specs, key=str):
        dataset = load(spec, data_folder)
        facts, pictures = describe(dataset)
        published = kept.dataset(facts["fingerprint"])
        now = json.loads(json.dumps(facts))
        different = [name for name in {**now, **published.facts} if now.get(name) != published.facts.get(name)]
        different += ["labels"] * (not np.array_equal(dataset.test.labels, published.labels))
        different += [
            name for name in {**pictures, **published.pictures}
            if not np.array_equal(pictures.get(name, ()), published.pictures.get(name, ()))
        ]  # fmt: skip
        yield facts["title"], different


def compared(published: RunResult, now: RunResult) -> Retrained:
    """Hold a run that was trained now against the published one."""
    changed = float((published.predictions != now.predictions).mean())
    mean = (published.test_accuracy + now.test_accuracy) / 2
    error = sqrt(2 * mean * (1 - mean) / len(now.predictions))
    near = abs(published.test_accuracy - now.test_accuracy) <= TOLERANCE * error
    same = changed == 0 and published.history == now.history
    verdict: Likeness = "bit-identical" if same else "within tolerance" if near else "different"
    return Retrained(published.key, verdict, published.test_accuracy, now.test_accuracy, changed)
