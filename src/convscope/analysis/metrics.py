"""From stored results to metrics.json: everything that the report may say, and which runs it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from convscope.analysis import disputed, shifts, tuning
from convscope.analysis.claims import compute, decide
from convscope.analysis.declarations import (
    baseline_pairs,
    compared_pairs,
    declared_experiment,
    declared_study,
    experiment_pairs,
)
from convscope.analysis.equivariance import equivariance
from convscope.analysis.failures import failed_to_train, trained_seeds
from convscope.analysis.integrity import check_consistency
from convscope.analysis.ledger import clock_order, order_of_time, reproductions
from convscope.analysis.measures import comparison, gap, measure
from convscope.analysis.metrics_file import SCHEMA, Metrics, validate
from convscope.analysis.outcomes import ACCURACY, GAP, outcomes
from convscope.analysis.pictures import Pictures
from convscope.analysis.probes import INSIDE, look_inside
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

    Parameters
    ----------
    profile
        What was run.

    Attributes
    ----------
    pictures
        The arrays that figures draw, by name.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
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
        described = declared_study(study, self.profile) | {
            "status": "not run",
            "reason": reason,
            "seeds": study.budget(self.profile).seeds,
        }
        described["reported"] = [asdict(reported) | {"reproduction": None} for reported in study.reported]
        self._metrics["studies"][study.id] = described
        self._metrics["claims"].update(compute(study))

    def add(self, results: Results) -> None:
        """Describe the results of one study."""
        study, runs, labels, facts = results.study, results.runs, results.labels, results.facts
        data = study.budget(self.profile).data(study.data)
        name = dataset_key(data.dataset)
        if name not in self._metrics["datasets"]:
            self._metrics["datasets"][name] = facts
            self.pictures.update({f"datasets/{name}/{what}": array for what, array in results.pictures.items()})
        self.pictures.update(_pictures(results))
        images = image_counts(data, facts["train_images"], facts["test_images"])
        correct = {variant: correct_predictions(of_variant, labels) for variant, of_variant in runs.items()}
        counted = {variant: trained_seeds(of_variant, labels) for variant, of_variant in runs.items()}
        compared = outcomes(study, runs, correct, labels, counted)
        right, gaps = compared[ACCURACY], compared[GAP]
        pairs = compared_pairs(study, self.profile)

        def compare(a: str, b: str) -> dict[str, Any]:
            return comparison(a, b, right, study.margin)

        described = declared_study(study, self.profile) | {
            "status": "run",
            "seeds": len(runs[study.baseline]),
            "dataset": name,
            "images": images,
            "look_alikes": list(study.look_alikes),
            "variants": {
                variant.id: summarise_variant(
                    variant,
                    runs[variant.id],
                    labels,
                    counts=images,
                    classes=len(facts["class_names"]),
                    spread=right.spread,
                )
                for variant in study.variants_in(self.profile)
            },
            "experiments": {
                each.id: declared_experiment(each) | {"comparisons": [compare(a, b) for a, b in experiment_pairs(each)]}
                for each in study.experiments_in(self.profile)
            },
            "against_baseline": [compare(a, b) for a, b in baseline_pairs(study, self.profile)],
            "comparisons": {f"{a}:{b}": compare(a, b) for a, b in pairs},
            "gaps": {
                "variants": {variant: gap(gaps.of(variant)) for variant in runs},
                "comparisons": {
                    f"{a}:{b}": comparison(a, b, gaps, study.margin, "generalisation_gap") for a, b in pairs
                },
            },
        }
        if study.pairs:
            described["pairs"] = [compare(a, b) for a, b in study.pairs_in(self.profile)]
        if results.tuning:
            described["tuning"] = tuning.described(results)
        if probed := study.equivariance_in(self.profile):
            described["equivariance"] = equivariance(
                {each: runs[each] for each in probed}, results.measure, len(labels)
            )
        if dispute := disputed.disputed(results):
            described["disputed"] = dispute
        self.pictures.update(disputed.pictures(results, dispute))
        described["reported"] = reproductions(
            study, described["variants"], public_class_names(study.data.dataset), trained=self.profile == "full"
        )
        self._metrics["studies"][study.id] = described
        keys = {variant: [run.key for run in of_variant] for variant, of_variant in runs.items()}
        if study.shift:
            scores = shifts.shifted_scores(runs, labels, results.measure, study.shift)
            described["shift"] = shifts.described(scores, study.shift, counted)
            compared |= shifts.outcomes(scores, study.shift, counted)
        failed = [
            variant for variant, of_variant in runs.items() if all(failed_to_train(r, labels) for r in of_variant)
        ]
        self._metrics["claims"].update(decide(study, self.profile, compared, keys, failed))
        clock = {variant: timings_of(of_variant) for variant, of_variant in runs.items()}
        self._metrics["timings"]["studies"][study.id] = clock
        self._metrics["timings"]["orders"].update(order_of_time(study, clock, trained=self.profile == "full"))
        _add_environment(self._metrics, runs)

    def time(self, timings: Mapping[str, Any]) -> None:
        """Put speeds that were measured alone (`convscope.runs.timings`) in the place of those of the runs."""
        for study, variants in timings["studies"].items():
            known = self._metrics["timings"]["studies"].get(study, {})
            for variant in known.keys() & variants.keys():
                known[variant] = {
                    name: measure(values, unit)
                    for (name, values), unit in zip(
                        sorted(variants[variant].items()), ("images per second", "seconds"), strict=True
                    )
                }
            if order := self._metrics["timings"]["orders"].get(study):
                order["ours"], verdict = clock_order(order["reported"], known)
                order["verdict"] = order["verdict"] and verdict

    def carry_over(self, study: Study, metrics: Metrics, pictures: Pictures) -> None:
        """Take a study from metrics that were computed before its runs were kept."""
        described = metrics["studies"][study.id]
        self._metrics["studies"][study.id] = described
        name = described["dataset"]
        self._metrics["datasets"].setdefault(name, metrics["datasets"][name])
        claims = {id_: claim for id_, claim in metrics["claims"].items() if claim["study"] == study.id}
        self._metrics["claims"].update(claims)
        for what in ("studies", "orders"):
            if study.id in metrics["timings"][what]:
                self._metrics["timings"][what][study.id] = metrics["timings"][what][study.id]
        for what in ("machines", "commits"):
            known = self._metrics["environment"][what]
            known.extend(new for new in metrics["environment"][what] if new not in known)
        trained = max(self._metrics["environment"]["trained"], metrics["environment"]["trained"])
        self._metrics["environment"]["trained"] = trained
        places = (f"datasets/{name}/", f"studies/{study.id}/")
        self.pictures.update({place: array for place, array in pictures.items() if place.startswith(places)})


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


def _add_environment(metrics: Metrics, results: Mapping[str, Sequence[RunResult]]) -> None:
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
