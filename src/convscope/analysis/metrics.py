"""From stored results to metrics.json: everything that the report may say, and which runs it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from convscope.analysis import disputed, records, shifts, tuning
from convscope.analysis.claims import compute, decide
from convscope.analysis.declarations import (
    baseline_pairs,
    compared_pairs,
    declared_experiment,
    declared_study,
    experiment_pairs,
)
from convscope.analysis.efficiency import efficiency
from convscope.analysis.equivariance import equivariance
from convscope.analysis.estimates import Comparison
from convscope.analysis.failures import failed_to_train, trained_seeds
from convscope.analysis.integrity import check_consistency
from convscope.analysis.ledger import clock_order, order_of_time, reproductions
from convscope.analysis.measured import Pair
from convscope.analysis.measures import comparison, gap, measure
from convscope.analysis.metrics_file import SCHEMA
from convscope.analysis.outcomes import ACCURACY, GAP, outcomes
from convscope.analysis.pictures import Pictures
from convscope.analysis.probes import INSIDE, look_inside
from convscope.analysis.records import Clock
from convscope.analysis.study_records import Dataset, Experiment, Gaps, ImageCounts, Reported, StudyNotRun, StudyRun
from convscope.analysis.variants import correct_predictions, summarise_variant, timings_of
from convscope.datasets.catalogue import dataset_key, public_class_names
from convscope.datasets.folds import image_counts
from convscope.datasets.splits import Split
from convscope.runs.result import RunResult
from convscope.runs.results import Results
from convscope.specs import to_json
from convscope.studies.study import Profile, Study


class Analysis:
    """Turns the results of one profile, study by study, into metrics and pictures.

    Attributes
    ----------
    pictures
        The arrays that figures draw, by name.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.pictures: Pictures = {}
        self._datasets: dict[str, Dataset] = {}
        self._studies: dict[str, StudyRun | StudyNotRun] = {}
        self._claims: dict[str, records.Claim] = {}
        self._timings = records.Timings(studies={}, orders={})
        self._environment = records.Environment(machines=(), commits=(), trained="")

    def metrics(self) -> records.Metrics:
        """Return what metrics.json holds, checked against itself."""
        every = {
            "schema": SCHEMA, "profile": self.profile, "datasets": self._datasets, "studies": self._studies,
            "claims": self._claims, "timings": self._timings, "environment": self._environment,
        }  # fmt: skip
        found = records.Metrics.model_validate(every)
        check_consistency(found)
        return found

    def leave_out(self, study: Study, reason: str) -> None:
        """Note a study that was not run, and why."""
        self._studies[study.id] = StudyNotRun(
            **declared_study(study, self.profile).stated(),
            status="not run",
            reason=reason,
            seeds=study.budget(self.profile).seeds,
            reported=tuple(Reported(**asdict(reported), reproduction=None) for reported in study.reported),
        )
        self._claims |= compute(study)

    def add(self, results: Results) -> None:
        """Describe the results of one study."""
        study, runs, labels, facts = results.study, results.runs, results.labels, results.facts
        data = study.budget(self.profile).data(study.data)
        name = dataset_key(data.dataset)
        if name not in self._datasets:
            self._datasets[name] = Dataset.model_validate_json(json.dumps(facts))
            self.pictures.update({f"datasets/{name}/{what}": array for what, array in results.pictures.items()})
        self.pictures.update(_pictures(results))
        images = ImageCounts(**image_counts(data, facts["train_images"], facts["test_images"]))
        correct = {variant: correct_predictions(of_variant, labels) for variant, of_variant in runs.items()}
        counted = {variant: trained_seeds(of_variant, labels) for variant, of_variant in runs.items()}
        compared = outcomes(study, runs, correct, labels, counted)
        right, gaps = compared[ACCURACY], compared[GAP]
        pairs = compared_pairs(study, self.profile)

        def compare(of: Iterable[Pair]) -> tuple[Comparison, ...]:
            return tuple(comparison(a, b, right, study.margin) for a, b in of)

        variants = {
            variant.id: summarise_variant(
                variant, runs[variant.id], labels, counts=images, classes=len(facts["class_names"]), spread=right.spread
            )
            for variant in study.variants_in(self.profile)
        }
        full = self.profile == "full"
        more: dict[str, Any] = {}  # what not every study has
        if study.pairs:
            more["pairs"] = compare(study.pairs_in(self.profile))
            if efficient := efficiency(study.pairs_in(self.profile), variants, right):
                more["efficiency"] = tuple(efficient)
        if study.tuning:
            more["tuning"] = tuning.tuning_record(results)
        if probed := study.equivariance_in(self.profile):
            more["equivariance"] = equivariance({each: runs[each] for each in probed}, results.measure, len(labels))
        if dispute := disputed.dispute_of(results):
            more["disputed"] = dispute
        self.pictures.update(disputed.pictures(results, dispute))
        if study.shift:
            scores = shifts.shifted_scores(runs, labels, results.measure, study.shift)
            more["shift"] = shifts.shift_record(scores, study.shift, counted)
            compared |= shifts.outcomes(scores, study.shift, counted)
        self._studies[study.id] = StudyRun(
            **declared_study(study, self.profile).stated(),
            **more,
            status="run",
            seeds=len(runs[study.baseline]),
            dataset=name,
            images=images,
            look_alikes=study.look_alikes,
            variants=variants,
            experiments={
                each.id: Experiment(**declared_experiment(each).stated(), comparisons=compare(experiment_pairs(each)))
                for each in study.experiments_in(self.profile)
            },
            against_baseline=compare(baseline_pairs(study, self.profile)),
            comparisons=dict(zip((f"{a}:{b}" for a, b in pairs), compare(pairs), strict=True)),
            gaps=Gaps(
                variants={variant: gap(gaps.of(variant)) for variant in runs},
                comparisons={f"{a}:{b}": comparison(a, b, gaps, study.margin, "generalisation_gap") for a, b in pairs},
            ),
            reported=reproductions(study, variants, public_class_names(study.data.dataset), trained=full),
        )
        keys = {variant: [run.key for run in of_variant] for variant, of_variant in runs.items()}
        failed = [
            variant for variant, of_variant in runs.items() if all(failed_to_train(r, labels) for r in of_variant)
        ]
        self._claims |= decide(study, self.profile, compared, keys, failed)
        clock = {variant: timings_of(of_variant) for variant, of_variant in runs.items()}
        self._note_times({study.id: clock}, order_of_time(study, clock, trained=full))
        self._note_environment(_environment(runs))

    def _note_times(self, clocks: dict[str, dict[str, Clock]], orders: dict[str, records.Order]) -> None:
        known = self._timings
        self._timings = records.Timings(studies=known.studies | clocks, orders=known.orders | orders)

    def _note_environment(self, new: records.Environment) -> None:
        """Note machines, commits, and the day of the newest run; each once."""
        known = self._environment
        self._environment = records.Environment(
            machines=(*known.machines, *(each for each in new.machines if each not in known.machines)),
            commits=(*known.commits, *(each for each in new.commits if each not in known.commits)),
            trained=max(known.trained, new.trained),
        )

    def time(self, timings: Mapping[str, Any]) -> None:
        """Put speeds that were measured alone (`convscope.runs.timings`) in the place of those of the runs."""
        for study, variants in timings["studies"].items():
            known = self._timings.studies.get(study, {})
            clock = known | {
                variant: Clock(
                    train_seconds=measure(variants[variant]["train_seconds"], "seconds"),
                    images_per_second=measure(variants[variant]["images_per_second"], "images per second"),
                )
                for variant in known.keys() & variants.keys()
            }
            order = self._timings.orders.get(study)
            if order:
                ours, verdict = clock_order(order.reported, clock)
                order = records.Order(reported=order.reported, ours=ours, verdict=order.verdict and verdict)
            if known:
                self._note_times({study: clock}, {study: order} if order else {})


def _pictures(results: Results) -> Pictures:
    """Look into seed 0 of each variant with the first test image of the last class."""
    study, labels = results.study, results.labels
    index = int(np.flatnonzero(labels == len(results.facts["class_names"]) - 1)[0])
    pictures: Pictures = {}

    def look(run: RunResult, images: Split) -> Pictures:
        pixels = images.test.pixels[index : index + 1]
        return {"probe": pixels[0], **look_inside(run, images.normalise(pixels)[0])}

    for name, (run, *_) in results.runs.items():
        if study.inside is not None and name not in study.inside:
            continue
        for what, array in results.measure(run, INSIDE, partial(look, run)).items():
            place = f"studies/{study.id}" if what == "probe" else f"studies/{study.id}/{name}"
            pictures[f"{place}/{what}"] = array
    return pictures


def _environment(results: Mapping[str, Sequence[RunResult]]) -> records.Environment:
    """Describe the machines that trained, with their arithmetic, the commits, and the day of the newest run."""
    facts = [dict(run.environment) | {"mode": to_json(run.mode)} for runs in results.values() for run in runs]
    commits = [each.pop("commit") for each in facts]
    finished = [each.pop("finished") for each in facts]
    machines: list[records.Machine] = []
    for each in facts:
        del each["train_images"]
        machine = records.Machine(**each)
        if machine not in machines:
            machines.append(machine)
    return records.Environment(
        machines=tuple(machines), commits=tuple(dict.fromkeys(commits)), trained=max(finished, default="")
    )
