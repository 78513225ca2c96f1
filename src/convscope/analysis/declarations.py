"""What metrics.json takes from the studies' declarations, and whether what stands there is still what they say.

Statements, kinds, margins, levels, budgets, arithmetic, what was reported, and which runs there are: all of it follows
from a study alone. It is built here once, for the analysis to fill and for every reader to compare. A margin edited
together with its verdict agrees with itself, but not with the study.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict

from convscope.analysis.agreement import contradiction, same
from convscope.analysis.claims import compute, declared_claim
from convscope.analysis.measured import Pair
from convscope.analysis.records import Metrics
from convscope.analysis.study_records import (
    Decision,
    DeclaredExperiment,
    DeclaredStudy,
    Failed,
    StudyNotRun,
    StudyRun,
)
from convscope.analysis.variants import declared_variant
from convscope.datasets.catalogue import fingerprint
from convscope.engines import ENGINE_REVISION
from convscope.records import Record
from convscope.specs import ImageFolder, from_json, run_key
from convscope.studies.study import Experiment, Profile, Study

StudyOf = Callable[[str], Study | None]  # None for one that is not known: its results are held against nothing


def declared_study(study: Study, profile: Profile) -> DeclaredStudy:
    """Return what stands in the study itself, whether it was run or not."""
    budget = study.budget(profile)
    updates = {} if budget.updates is None else {"updates": budget.updates}
    return DeclaredStudy(
        title=study.title,
        question=study.question,
        baseline=study.baseline,
        reference=study.reference,
        margin=study.margin,
        training=asdict(study.training) | {"epochs": budget.epochs} | updates,
        normalisation=study.data.normalisation,
        decisions=tuple(Decision(**asdict(decision)) for decision in study.decisions),
    )


def declared_experiment(experiment: Experiment) -> DeclaredExperiment:
    """Return what an experiment is about."""
    return DeclaredExperiment.model_validate(experiment, from_attributes=True)


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


def check_declarations(metrics: Metrics, study_of: StudyOf) -> None:
    """Compare metrics.json with the studies that it is about.

    Raises ReportError: Something in it is not what its study declares; the message names the place.
    """
    profile = metrics.profile
    run = {name: each for name, each in metrics.studies.items() if isinstance(each, StudyRun)}
    for name, stored in metrics.studies.items():
        study, place = study_of(name), f"/studies/{name}"
        if study is None:
            continue
        _agree(place, declared_study(study, profile), stored)
        _check_reported(f"{place}/reported", study, stored, trained=profile == "full" and name in run)
        claims = {id_: claim for id_, claim in metrics.claims.items() if claim.study == name}
        if isinstance(stored, StudyNotRun):
            _same_names("/claims", compute(study), claims)
            same(place, "seeds", stored.seeds, study.budget(profile).seeds)
        else:
            _check_run(place, study, profile, stored)
            _check_runs(place, study, metrics, stored)
            order = metrics.timings.orders.get(name)
            same(f"/timings/orders/{name}", "reported", order and order.reported, study.reported_order or None)
            _same_names("/claims", [claim.id for claim in study.claims_in(profile)], claims)
        for claim in study.claims:
            if claim.id in claims:
                pairs = [(a, b, claim.contrast) for a, b in claim.pairs] if claim.is_statistical else []
                between = {"comparisons": [{"a": a, "b": b, "minus": minus} for a, b, minus in pairs]}
                _agree(f"/claims/{claim.id}", declared_claim(claim, study).stated() | between, claims[claim.id])
        _agree("/claims", {id_: what for id_, what in compute(study).items() if id_ in claims}, claims)
    unknown = {claim.study for claim in metrics.claims.values()} - metrics.studies.keys()
    if unknown:
        raise contradiction(f"metrics.json has claims of {sorted(unknown)}, and no such study.")


def _check_reported(place: str, study: Study, stored: StudyRun | StudyNotRun, *, trained: bool) -> None:
    _agree(place, [asdict(each) for each in study.reported], stored.reported)
    for index, (each, row) in enumerate(zip(study.reported, stored.reported, strict=True)):
        measured = each.quantity in ("test_accuracy", "test_loss")
        absent = isinstance(stored, StudyNotRun) or (measured and not trained)
        same(f"{place}/{index}", "reproduction is absent", row.reproduction is None, absent)


def _check_run(place: str, study: Study, profile: Profile, stored: StudyRun) -> None:
    runs = study.runs(profile)
    variants = {each.id: declared_variant(each, runs[each.id][0]) for each in study.variants_in(profile)}
    experiments = {
        each.id: declared_experiment(each).stated() | {"comparisons": _named(experiment_pairs(each))}
        for each in study.experiments_in(profile)
    }
    pairs = compared_pairs(study, profile)
    by_id = {f"{a}:{b}": {"a": a, "b": b} for a, b in pairs}
    declared: dict[str, object] = {
        "variants": variants,
        "experiments": experiments,
        "comparisons": {name: pair | {"quantity": "test_accuracy"} for name, pair in by_id.items()},
        "look_alikes": study.look_alikes,
        "against_baseline": _named(baseline_pairs(study, profile)),
    }
    gaps = {name: pair | {"quantity": "generalisation_gap"} for name, pair in by_id.items()}
    for where, names, found in (
        ("variants", variants, stored.variants),
        ("experiments", experiments, stored.experiments),
        ("comparisons", by_id, stored.comparisons),
        ("gaps/comparisons", gaps, stored.gaps.comparisons),
        ("gaps/variants", variants, stored.gaps.variants),
    ):
        _same_names(f"{place}/{where}", names, found)
    _agree(f"{place}/gaps/comparisons", gaps, stored.gaps.comparisons)
    if study.pairs:
        declared["pairs"] = _named(study.pairs_in(profile))
    if study.shift:
        declared["shift"] = {
            "claimed": study.shift.claimed,
            "period": study.shift.period,
            "distances": [0, *study.shift.distances],
        }
    _agree(place, declared, stored)


def _check_runs(place: str, study: Study, metrics: Metrics, stored: StudyRun) -> None:
    """Check that each run is the one that the study asks for: its key says data, network, settings and seed."""
    modes = [from_json(machine.mode) for machine in metrics.environment.machines]
    facts = metrics.datasets.get(stored.dataset)
    dataset = study.budget(metrics.profile).data(study.data).dataset
    if facts is None:
        raise contradiction(f"metrics.json contradicts itself: at {place}, dataset is {stored.dataset!r}: unknown.")
    if not isinstance(dataset, ImageFolder):
        same(f"/datasets/{stored.dataset}", "fingerprint", facts.fingerprint, fingerprint(dataset))
    for name, specs in study.runs(metrics.profile).items():
        variant, at = stored.variants[name], f"{place}/variants/{name}"
        keys = {
            spec.seed: [run_key(spec, facts.fingerprint, mode, ENGINE_REVISION) for mode in modes] for spec in specs
        }
        for seed, key in zip(variant.seeds or (), variant.runs, strict=True):
            if key not in keys.get(seed, []):
                raise contradiction(
                    f"metrics.json contradicts study {study.id!r}: at {at}, run {key[:12]} is not that of seed {seed} "
                    "with these data, network, settings and arithmetic."
                )
        failed = variant.failed or Failed(of=len(variant.runs), runs=())
        all_keys = [key for of_seed in keys.values() for key in of_seed]
        strangers = [key for key in failed.runs if key not in all_keys]
        same(at, "failed runs of another network", strangers, [])
        same(at, "number of runs", failed.of, stored.seeds)
        same(at, "number of distinct runs", len({*variant.runs, *failed.runs}), stored.seeds)


def _named(pairs: Iterable[Pair]) -> list[dict[str, str]]:
    return [{"a": a, "b": b} for a, b in pairs]


def _same_names(place: str, declared: Iterable[str], stored: Iterable[str] | None) -> None:
    same(place, "names", list(stored or ()), list(declared))


def _agree(place: str, declared: object, stored: object) -> None:
    """Compare a declaration, or a part of one, with what stands in the file, which may hold more."""
    if isinstance(declared, Record | dict):
        parts, found = _parts(declared), _parts(stored)
        for name, value in parts.items():
            if name not in found:
                raise contradiction(f"metrics.json contradicts its study: at {place}, {name} is missing.")
            _agree(f"{place}/{name}", value, found[name])
    elif isinstance(declared, list | tuple) and isinstance(stored, list | tuple):
        same(place, "number of entries", len(stored), len(declared))
        for index, (one, other) in enumerate(zip(declared, stored, strict=True)):
            _agree(f"{place}/{index}", one, other)
    else:
        way, _, part = place.rpartition("/")
        same(way, part, stored, declared)


def _parts(of: object) -> dict[str, object]:
    if isinstance(of, Record):
        return of.stated()
    return of if isinstance(of, dict) else {}
