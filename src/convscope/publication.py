"""Between the runs of this machine, the runs that the repository keeps, and the metrics that follow from them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from convscope.analysis.disputed import dispute_of
from convscope.analysis.metrics import Analysis
from convscope.analysis.pictures import Pictures
from convscope.analysis.records import Metrics
from convscope.datasets.folds import all_tested
from convscope.datasets.load import load
from convscope.datasets.splits import Split
from convscope.errors import ConvscopeError
from convscope.runs.published import PublishedRuns
from convscope.runs.result import Arrays, RunResult
from convscope.runs.results import Results, complete_seeds, published, trained_here
from convscope.runs.store import RunStore
from convscope.studies.explored import EXPLORED
from convscope.studies.study import Study

KEEPS_WEIGHTS = ("fashion", *EXPLORED)  # seed 0 of their variants: for deployment and the explorer
TIMINGS = "timings.json"  # how fast the networks train, measured alone by `make timings`
MOST_WEIGHTS = 1_200_000  # values; networks without weight sharing at CIFAR-10's size are left out


def publish_runs(
    studies: Iterable[Study], store: RunStore, data_folder: Path, kept: PublishedRuns, device: str = "auto"
) -> dict[str, int]:
    """Add the finished runs of the full profile to those that the repository keeps.

    Raises ConvscopeError: no study has a complete seed here: nothing would be published.

    Parameters
    ----------
    studies
        Those of which at least one seed is complete are published, with all their complete seeds and their tuning runs.
        What was published before completes a seed: a variant that a study gets later is trained alone.
    kept
        What the repository keeps; nothing in it is changed.

    Returns
    -------
    dict
        By study, how many runs are new.
    """
    complete = [(study, seeds) for study in studies if (seeds := complete_seeds(study, store, kept, device))]
    if not complete:
        raise ConvscopeError(
            "No seed of any of these studies is complete here, so there is nothing to publish.",
            "`make train PROFILE=full` trains them; what is published already stays.",
        )
    new = {}
    for study, seeds in complete:
        results = trained_here(study, "full", store, data_folder, device=device, seeds=seeds, kept=kept)
        dataset = load(study.budget("full").data(study.data).dataset, data_folder)
        kept.add_dataset(results.facts, dataset.test.labels, results.pictures)
        new[study.id] = _add(results, kept)
        keep_images(study, data_folder, kept)
    return new


def keep_images(study: Study, data_folder: Path, kept: PublishedRuns) -> None:
    """Keep the test images that a figure of published runs shows, so that it can be drawn where the data are not."""
    results = published(study, kept)
    dispute = dispute_of(results) if results else None
    data = study.budget("full").data(study.data)
    for side in dispute.only if dispute else ():
        places = [shown.image for shown in side.shown]
        pixels = all_tested(load(data.dataset, data_folder), data, seed=0).test.pixels
        kept.add_images(study.id, places, pixels[places])


def _add(results: Results, kept: PublishedRuns) -> int:
    measured: dict[str, dict[str, Arrays]] = defaultdict(dict)

    def record(run: RunResult, name: str, compute: Callable[[Split], Arrays]) -> Arrays:
        measured[run.key][name] = results.measure(run, name, compute)
        return measured[run.key][name]

    Analysis("full").add(replace(results, measure=record))  # asks for every measurement that the study needs
    reported = [run for runs in results.runs.values() for run in runs]
    tuned = [run for curve in results.tuning.values() for runs in curve.values() for run in runs]
    return sum(
        kept.add(run, results.facts["fingerprint"], measured[run.key], keep_weights=_keeps_weights(results.study, run))
        for run in (*reported, *tuned)
    )


def _keeps_weights(study: Study, run: RunResult) -> bool:
    few = sum(array.size for array in run.weights.values()) <= MOST_WEIGHTS
    return study.id in KEEPS_WEIGHTS and run.spec.seed == 0 and few


def published_metrics(studies: Iterable[Study], kept: PublishedRuns) -> tuple[Metrics, Pictures]:
    """Compute metrics.json and its pictures from the runs that the repository keeps: no training, no data set.

    Raises DamagedPublication: a file is not what was published.
    """
    analysis = Analysis("full")
    for study in studies:
        if results := published(study, kept):
            analysis.add(results)
        else:
            analysis.leave_out(study, "No seed of it has been published yet.")
    timings = kept.root / TIMINGS
    if timings.is_file():
        analysis.time(json.loads(timings.read_bytes()))
    return analysis.metrics(), analysis.pictures
