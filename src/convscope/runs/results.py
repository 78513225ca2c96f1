"""All that the runs of one study gave, from the store of this machine or from what the repository keeps.

Analysis is a function of this: it neither plans runs nor opens a store, and needs the data set's images only where
something must be measured with the weights that nobody measured before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convscope.datasets.catalogue import fingerprint
from convscope.datasets.eda import describe
from convscope.datasets.folds import all_tested
from convscope.datasets.load import load
from convscope.datasets.splits import Split
from convscope.files import Json
from convscope.runs.plan import PlannedRun, plan_study, plan_tuning
from convscope.runs.published import DamagedPublication, PublishedRuns
from convscope.runs.result import Arrays, RunResult
from convscope.runs.store import RunStore
from convscope.specs import RunSpec, canonical_json
from convscope.studies.study import Profile, Study

Measurement = Callable[[RunResult, str, Callable[[Split], Arrays]], Arrays]
"""Called as ``measure(run, name, compute)``: what ``compute(images)`` gives, or gave when the run was published."""
TestImages = Callable[[Sequence[int]], NDArray[np.uint8] | None]
"""Pixels of test images by their places, (images, C, H, W); None where they are not at hand."""
Curve = dict[float, tuple[RunResult, ...]]
"""By learning rate, one run a tuning seed."""


@dataclass(frozen=True)
class Results:
    """The results of one study."""

    # what was asked, and how much of it
    study: Study
    profile: Profile
    runs: Mapping[str, tuple[RunResult, ...]]  # by variant, one run a seed; all variants have the same seeds
    # by variant, the runs that its learning rate was chosen from. Empty where the study is not tuned, or the profile
    # does not tune
    tuning: Mapping[str, Curve]
    # of the data set, as `convscope.datasets.eda.describe` gives them
    facts: Json
    pictures: Arrays
    labels: NDArray[np.int64]  # of the images that every run was tested on, (test images,)
    measure: Measurement  # gives what needs the weights of a run
    test_images: TestImages  # gives the pixels of test images


def trained_here(
    study: Study,
    profile: Profile,
    store: RunStore,
    data_folder: Path,
    *,
    device: str = "auto",
    seeds: int | None = None,
    kept: PublishedRuns | None = None,
) -> Results:
    """Read the runs of a study that were trained on this machine.

    Raises UnreadableResult: a run is absent or damaged.

    Parameters
    ----------
    study, profile
        All runs of it must be in the store, or in what the repository keeps.
    seeds
        Take the first so many; None takes those of the profile.
    kept
        Where runs are that are not in the store; None looks nowhere else.
    """
    planned = plan_study(study, profile, device, seeds)
    data = study.budget(profile).data(study.data)
    dataset = load(data.dataset, data_folder)
    images = all_tested(dataset, data, seed=0)
    facts, pictures = describe(dataset)
    curves = plan_tuning(study, profile, device)
    found = _Runs(store, kept)
    tuned = all(found.has(run.key) for curve in curves.values() for runs in curve.values() for run in runs)

    def measure(run: RunResult, name: str, compute: Callable[[Split], Arrays]) -> Arrays:
        return compute(images) if kept is None or store.state(run.key) else _measured(kept, study, run, name)

    return Results(
        study, profile,
        runs={name: tuple(found.read(run.key) for run in runs) for name, runs in planned.items()},
        tuning=read_curves(curves, found) if tuned else {},
        facts=facts, pictures=pictures, labels=images.test.labels,
        measure=measure,
        test_images=lambda places: images.test.pixels[list(places)],
    )  # fmt: skip


class _Runs:
    """The runs of this machine, and those that the repository keeps."""

    def __init__(self, store: RunStore, kept: PublishedRuns | None) -> None:
        self.store, self.kept = store, kept

    def has(self, key: str) -> bool:
        return bool(self.store.state(key) or (self.kept and self.kept.path(key).is_dir()))

    def read(self, key: str) -> RunResult:
        return self.kept.read(key) if self.kept and not self.store.state(key) else self.store.read(key)


def read_curves(
    planned: Mapping[str, Mapping[float, Sequence[PlannedRun]]], store: RunStore | _Runs
) -> dict[str, Curve]:
    """Read the runs that learning rates are chosen from, by variant and rate.

    Raises UnreadableResult: a run is absent or damaged.
    """
    return {
        name: {rate: tuple(store.read(run.key) for run in runs) for rate, runs in curve.items()}
        for name, curve in planned.items()
    }


def complete_seeds(study: Study, store: RunStore, kept: PublishedRuns, device: str = "auto") -> int:
    """Count the seeds of the full profile, from 0 on, that are complete: 0 where none of their runs is in the store.

    A seed is complete when a run of every variant is in the store, or was published before.
    """
    planned = plan_study(study, "full", device)
    if not any(store.state(run.key) for runs in planned.values() for run in runs):
        return 0
    found = _Runs(store, kept)
    complete = [all(found.has(run.key) for run in runs) for runs in zip(*planned.values(), strict=True)]
    return complete.index(False) if False in complete else len(complete)


def published(study: Study, kept: PublishedRuns) -> Results | None:
    """Read the runs of a study that the repository keeps.

    A seed counts when all variants were trained with it in one arithmetic; seeds of different machines may stand side
    by side.

    Raises DamagedPublication: a file is not what was published.

    Returns
    -------
    Results or None
        None where no seed is complete.
    """
    runs = _complete(study.runs("full"), kept)
    if not runs[study.baseline]:
        return None
    data = study.budget("full").data(study.data)
    dataset = kept.dataset(fingerprint(data.dataset))

    tested = len(runs[study.baseline][0].predictions)
    return Results(
        study, "full", runs=runs, tuning=_tuned(study, kept), facts=dataset.facts, pictures=dataset.pictures,
        labels=dataset.labels[:tested], measure=lambda run, name, _compute: _measured(kept, study, run, name),
        test_images=lambda places: kept.images(study.id, places),
    )  # fmt: skip


def _measured(kept: PublishedRuns, study: Study, run: RunResult, name: str) -> Arrays:
    measured = kept.measurement(run.key, name)
    if measured is None:
        raise DamagedPublication(f"{kept.path(run.key)} has no measurement {name!r}, which study {study.id!r} asks.")
    return measured


def _complete(specs: Mapping[str, tuple[RunSpec, ...]], kept: PublishedRuns) -> dict[str, tuple[RunResult, ...]]:
    """Return the runs of those seeds that are complete, by variant."""
    keys = [key for seed in zip(*specs.values(), strict=True) if (key := _in_one_arithmetic(seed, kept))]
    return {name: tuple(kept.read(seed[place]) for seed in keys) for place, name in enumerate(specs)}


def _in_one_arithmetic(specs: Sequence[RunSpec], kept: PublishedRuns) -> list[str]:
    """Return the keys of published runs that were trained in one arithmetic; none where there is no such set.

    The NumPy engine has an arithmetic of its own on every machine; of PyTorch's the first that all runs share is taken.
    """
    found = [kept.find(spec) for spec in specs]
    torch = [set(modes) for modes, spec in zip(found, specs, strict=True) if spec.training.engine == "torch"]
    shared = sorted(set.intersection(*torch), key=canonical_json) if torch else [None]
    if not shared or not all(found):
        return []
    return [modes[shared[0]] if shared[0] in modes else next(iter(modes.values())) for modes in found]


def _tuned(study: Study, kept: PublishedRuns) -> dict[str, Curve]:
    """Return the tuning runs by variant and learning rate, if all of them were published."""
    curves = {
        name: {rate: _in_one_arithmetic(specs, kept) for rate, specs in curve.items()}
        for name, curve in study.tuning_runs().items()
    }
    if not all(keys for curve in curves.values() for keys in curve.values()):
        return {}
    return {name: {rate: tuple(map(kept.read, keys)) for rate, keys in curve.items()} for name, curve in curves.items()}
