"""From stored results to metrics.json: everything that the report may say, and which runs it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.analysis import shifts
from convscope.analysis.claims import compute, decide
from convscope.analysis.eda import describe
from convscope.analysis.equivariance import equivariance
from convscope.analysis.failures import failed_to_train, trained_seeds
from convscope.analysis.integrity import check_consistency
from convscope.analysis.ledger import order_of_time, reproductions
from convscope.analysis.measured import Pair
from convscope.analysis.measures import comparison, gap
from convscope.analysis.metrics_file import SCHEMA, Metrics, validate
from convscope.analysis.outcomes import ACCURACY, GAP, outcomes
from convscope.analysis.pictures import Pictures
from convscope.analysis.probes import look_inside
from convscope.analysis.variants import correct_predictions, summarise_variant, timings_of
from convscope.datasets.catalogue import dataset_key, public_class_names
from convscope.datasets.dataset import Dataset
from convscope.datasets.folds import all_tested
from convscope.datasets.load import load
from convscope.datasets.splits import Split
from convscope.runs.plan import plan_study
from convscope.runs.result import RunResult
from convscope.runs.store import RunStore
from convscope.specs import to_json
from convscope.studies.study import Experiment, Profile, Study


class Analysis:
    """Reads the results of one profile, study by study, into metrics and pictures.

    Parameters
    ----------
    profile, device
        What was planned.
    store
        Holds the results.
    data_folder
        Where data sets lie.

    Attributes
    ----------
    pictures
        The arrays that figures draw, by name.
    """

    def __init__(self, profile: Profile, store: RunStore, data_folder: Path, device: str = "auto") -> None:
        self.profile = profile
        self.store = store
        self.data_folder = data_folder
        self.device = device
        self.pictures: Pictures = {}
        self._metrics: Metrics = {
            "schema": SCHEMA, "profile": profile, "datasets": {}, "studies": {}, "claims": {},
            "timings": {"studies": {}, "orders": {}}, "environment": {"machines": [], "commits": [], "trained": ""},
        }  # fmt: skip

    def metrics(self) -> Metrics:
        """Return what metrics.json holds, checked against its schema and against itself."""
        validate(self._metrics)
        check_consistency(self._metrics)
        return self._metrics

    def leave_out(self, study: Study, reason: str) -> None:
        """Note a study that was not run, and why."""
        described = _declared(study, self.profile) | {"status": "not run", "reason": reason}
        described["reported"] = [asdict(reported) | {"reproduction": None} for reported in study.reported]
        self._metrics["studies"][study.id] = described
        self._metrics["claims"].update(compute(study))

    def add(self, study: Study, seeds: int | None = None) -> None:
        """Read a study's results and describe them.

        Parameters
        ----------
        study
            All its results must be there.
        seeds
            Take the first so many seeds; None takes those of the profile.

        Raises
        ------
        UnreadableResult
            A result is absent or damaged.
        """
        planned = plan_study(study, self.profile, self.device, seeds)
        results = {name: [self.store.read(run.key) for run in runs] for name, runs in planned.items()}
        data = study.budget(self.profile).data(study.data)
        dataset = load(data.dataset, self.data_folder)
        images = all_tested(dataset, data, seed=0)
        name = dataset_key(data.dataset)
        if name not in self._metrics["datasets"]:
            self._metrics["datasets"][name], shown = describe(dataset)
            self.pictures.update({f"datasets/{name}/{what}": array for what, array in shown.items()})
        self.pictures.update(_pictures(study, results, images, dataset))
        labels = images.test.labels
        correct = {variant: correct_predictions(runs, labels) for variant, runs in results.items()}
        counted = {variant: trained_seeds(runs, labels) for variant, runs in results.items()}
        compared = outcomes(study, results, correct, labels, counted)
        right, gaps = compared[ACCURACY], compared[GAP]
        pairs = compared_pairs(study, self.profile)

        def compare(a: str, b: str) -> dict[str, Any]:
            return comparison(a, b, right, study.margin)

        described = _declared(study, self.profile) | {
            "status": "run",
            "seeds": len(results[study.baseline]),
            "dataset": name,
            "images": {part: len(getattr(images, part)) for part in ("train", "validation", "test")},
            "variants": {
                variant.id: summarise_variant(
                    variant, results[variant.id], images, len(dataset.class_names), right.spread
                )
                for variant in study.variants_in(self.profile)
            },
            "experiments": {
                each.id: _experiment(each) | {"comparisons": [compare(a, b) for a, b in experiment_pairs(each)]}
                for each in study.experiments_in(self.profile)
            },
            "against_baseline": [compare(a, b) for a, b in baseline_pairs(study, self.profile)],
            "comparisons": {f"{a}:{b}": compare(a, b) for a, b in pairs},
            "gaps": {
                "variants": {name: gap(gaps.of(name)) for name in results},
                "comparisons": {
                    f"{a}:{b}": comparison(a, b, gaps, study.margin, "generalisation_gap") for a, b in pairs
                },
            },
        }
        if study.pairs:
            described["pairs"] = [compare(a, b) for a, b in study.pairs_in(self.profile)]
        if probed := study.equivariance_in(self.profile):
            described["equivariance"] = equivariance({name: results[name] for name in probed}, images)
        described["reported"] = reproductions(
            study, described["variants"], public_class_names(study.data.dataset), trained=self.profile == "full"
        )
        self._metrics["studies"][study.id] = described
        keys = {variant: [result.key for result in runs] for variant, runs in results.items()}
        if study.shift:
            scores = shifts.shifted_scores(results, images, study.shift)
            described["shift"] = shifts.described(scores, study.shift, counted)
            compared |= shifts.outcomes(scores, study.shift, counted)
        failed = [name for name, runs in results.items() if all(failed_to_train(run, labels) for run in runs)]
        self._metrics["claims"].update(decide(study, self.profile, compared, keys, failed))
        clock = {variant: timings_of(runs) for variant, runs in results.items()}
        self._metrics["timings"]["studies"][study.id] = clock
        self._metrics["timings"]["orders"].update(order_of_time(study, clock, trained=self.profile == "full"))
        _add_environment(self._metrics, results)


def experiment_pairs(experiment: Experiment) -> list[Pair]:
    """Return what an experiment compares: every other variant with its first."""
    reference, *others = experiment.variants
    return [(name, reference) for name in others]


def baseline_pairs(study: Study, profile: Profile) -> list[Pair]:
    """Return every variant of a profile with the study's baseline."""
    return [(each.id, study.baseline) for each in study.variants_in(profile) if each.id != study.baseline]


def compared_pairs(study: Study, profile: Profile) -> list[Pair]:
    """Return all that a study compares, each once."""
    experiments = [pair for each in study.experiments_in(profile) for pair in experiment_pairs(each)]
    return list(dict.fromkeys([*baseline_pairs(study, profile), *experiments, *study.pairs_in(profile)]))


def _experiment(experiment: Experiment) -> dict[str, Any]:
    return {
        "title": experiment.title,
        "question": experiment.question,
        "factor": experiment.factor,
        "variants": list(experiment.variants),
    }


def _declared(study: Study, profile: Profile) -> dict[str, Any]:
    """Return what stands in the study itself, whether it was run or not."""
    budget = study.budget(profile)
    updates = {} if budget.updates is None else {"updates": budget.updates}
    return {
        "title": study.title,
        "question": study.question,
        "baseline": study.baseline,
        "reference": study.reference,
        "margin": study.margin,
        "seeds": budget.seeds,
        "training": asdict(study.training) | {"epochs": budget.epochs} | updates,
        "normalisation": study.data.normalisation,
        "decisions": [asdict(decision) for decision in study.decisions],
    }


def _pictures(study: Study, results: Mapping[str, list[RunResult]], images: Split, dataset: Dataset) -> Pictures:
    """Look into seed 0 of each variant with the first test image of the last class."""
    index = int(np.flatnonzero(images.test.labels == len(dataset.class_names) - 1)[0])
    pixels = images.test.pixels[index : index + 1]
    normalised: NDArray[np.float32] = images.normalise(pixels)[0]
    pictures: Pictures = {f"studies/{study.id}/probe": pixels[0]}
    for name, runs in results.items():
        if study.inside is not None and name not in study.inside:
            continue
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
