"""From stored results to metrics.json: everything that the report may say, and which runs it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.analysis.claims import decide
from convscope.analysis.eda import describe
from convscope.analysis.measures import comparison
from convscope.analysis.metrics_file import SCHEMA, Metrics, validate
from convscope.analysis.pictures import Pictures
from convscope.analysis.probes import look_inside
from convscope.analysis.variants import correct_predictions, summarise_variant, timings_of
from convscope.datasets.dataset import Dataset
from convscope.datasets.load import load
from convscope.datasets.splits import Split, split
from convscope.runs.plan import plan_study
from convscope.runs.result import RunResult
from convscope.runs.store import RunStore
from convscope.specs import Glyphs, to_json
from convscope.studies.study import Profile, Study


def analyse(
    studies: Iterable[Study],
    profile: Profile,
    store: RunStore,
    data_folder: Path,
    device: str = "auto",
    not_run: Mapping[str, str] | None = None,
) -> tuple[Metrics, Pictures]:
    """Read every result of a profile and compute all that the report needs.

    Parameters
    ----------
    studies, profile, device
        What was planned.
    store
        Holds all its results.
    data_folder
        Where data sets lie.
    not_run
        Reason by study id, for studies whose data set is not to be had.

    Returns
    -------
    metrics, pictures
        As the JSON Schema says, and the arrays for figures by name.
    """
    metrics: Metrics = {
        "schema": SCHEMA, "profile": profile, "datasets": {}, "studies": {}, "claims": {},
        "timings": {"studies": {}}, "environment": {"machines": [], "commits": [], "trained": ""},
    }  # fmt: skip
    pictures: Pictures = {}
    for study in studies:
        if not_run and study.id in not_run:
            metrics["studies"][study.id] = _declared(study, profile) | {
                "status": "not run", "reason": not_run[study.id],
            }  # fmt: skip
            continue
        _add_study(metrics, pictures, study, profile, store, data_folder, device)
    validate(metrics)
    return metrics, pictures


def _add_study(
    metrics: Metrics,
    pictures: Pictures,
    study: Study,
    profile: Profile,
    store: RunStore,
    data_folder: Path,
    device: str,
) -> None:
    planned = plan_study(study, profile, device)
    results = {name: [store.read(run.key) for run in runs] for name, runs in planned.items()}
    data = study.budgets[profile].data(study.data)
    dataset = load(data.dataset, data_folder)
    images = split(dataset, data, seed=0)
    dataset_id = dataset_name(data.dataset)
    if dataset_id not in metrics["datasets"]:
        metrics["datasets"][dataset_id], shown = describe(dataset)
        pictures.update({f"datasets/{dataset_id}/{name}": array for name, array in shown.items()})
    labels = images.test.labels
    correct = {name: correct_predictions(runs, labels) for name, runs in results.items()}
    metrics["studies"][study.id] = _declared(study, profile) | {
        "status": "run",
        "dataset": dataset_id,
        "images": {name: len(getattr(images, name)) for name in ("train", "validation", "test")},
        "variants": {
            variant.id: summarise_variant(variant, results[variant.id], labels, len(dataset.class_names))
            for variant in study.variants
        },
        "experiments": {
            experiment.id: {
                "title": experiment.title,
                "question": experiment.question,
                "factor": experiment.factor,
                "variants": list(experiment.variants),
                "comparisons": [
                    comparison(name, experiment.variants[0], correct[name], correct[experiment.variants[0]])
                    for name in experiment.variants[1:]
                ],
            }
            for experiment in study.experiments
        },
        "against_baseline": [
            comparison(variant.id, study.baseline, correct[variant.id], correct[study.baseline])
            for variant in study.variants
            if variant.id != study.baseline
        ],
    }
    keys = {name: [result.key for result in runs] for name, runs in results.items()}
    metrics["claims"].update(decide(study, correct, keys))
    metrics["timings"]["studies"][study.id] = {name: timings_of(runs) for name, runs in results.items()}
    _add_environment(metrics, results)
    pictures.update(_pictures(study, results, images, dataset))


def _declared(study: Study, profile: Profile) -> dict[str, Any]:
    """Return what stands in the study itself, whether it was run or not."""
    budget = study.budgets[profile]
    return {
        "title": study.title,
        "question": study.question,
        "baseline": study.baseline,
        "reference": study.reference,
        "margin": study.margin,
        "seeds": budget.seeds,
        "training": to_json(study.training) | {"epochs": budget.epochs},
        "normalisation": study.data.normalisation,
        "decisions": [asdict(decision) for decision in study.decisions],
        "reported": [asdict(reported) for reported in study.reported],
    }


def dataset_name(dataset: str | Glyphs) -> str:
    """Name a data set in metrics.json and file names: a public one by its name, glyphs by their size."""
    if isinstance(dataset, str):
        return dataset
    return f"glyphs-{dataset.size}-{'grey' if dataset.channels == 1 else 'rgb'}"


def _pictures(
    study: Study, results: Mapping[str, list[RunResult]], images: Split, dataset: Dataset
) -> Pictures:
    """Look into seed 0 of each variant with the first test image of the last class."""
    index = int(np.flatnonzero(images.test.labels == len(dataset.class_names) - 1)[0])
    pixels = images.test.pixels[index : index + 1]
    normalised: NDArray[np.float32] = images.normalise(pixels)[0]
    pictures: Pictures = {f"studies/{study.id}/probe": pixels[0]}
    for name, runs in results.items():
        for what, array in look_inside(runs[0], normalised).items():
            pictures[f"studies/{study.id}/{name}/{what}"] = array
    return pictures


def _add_environment(metrics: Metrics, results: Mapping[str, list[RunResult]]) -> None:
    """Note machines with their arithmetic, commits, and the day of the newest run; each once."""
    environment = metrics["environment"]
    for runs in results.values():
        for result in runs:
            machine = dict(result.environment) | {"mode": to_json(result.mode)}
            commit, finished = machine.pop("commit"), machine.pop("finished")
            del machine["train_images"]
            for known, new in ((environment["machines"], machine), (environment["commits"], commit)):
                if new not in known:
                    known.append(new)
            environment["trained"] = max(environment["trained"], finished)
