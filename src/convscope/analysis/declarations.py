"""What metrics.json takes from the studies' declarations, and whether what stands there is still what they say.

Statements, kinds, margins, levels, budgets, arithmetic, what was reported, and which runs there are: all of it follows
from a study alone. It is built here once, for the analysis to fill and for every reader to compare. A margin edited
together with its verdict agrees with itself, but not with the study.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from convscope.analysis.claims import compute, declared_claim
from convscope.analysis.integrity import Node, contradiction, same
from convscope.analysis.measured import Pair
from convscope.analysis.variants import declared_variant
from convscope.datasets.catalogue import fingerprint
from convscope.engines import ENGINE_REVISION
from convscope.specs import ImageFolder, from_json, run_key
from convscope.studies.study import Claim, Experiment, Profile, Study

StudyOf = Callable[[str], Study]


def declared_study(study: Study, profile: Profile) -> dict[str, Any]:
    """Return what stands in the study itself, whether it was run or not."""
    budget = study.budget(profile)
    updates = {} if budget.updates is None else {"updates": budget.updates}
    return {
        "title": study.title,
        "question": study.question,
        "baseline": study.baseline,
        "reference": study.reference,
        "margin": study.margin,
        "training": asdict(study.training) | {"epochs": budget.epochs} | updates,
        "normalisation": study.data.normalisation,
        "decisions": [asdict(decision) for decision in study.decisions],
    }


def declared_experiment(experiment: Experiment) -> dict[str, Any]:
    """Return what an experiment is about."""
    return {
        "title": experiment.title,
        "question": experiment.question,
        "factor": experiment.factor,
        "variants": list(experiment.variants),
    }


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


def check_declarations(metrics: Node, study_of: StudyOf) -> None:
    """Compare metrics.json with the studies that it is about.

    Parameters
    ----------
    metrics
        As its schema describes it.
    study_of
        Gives the study of an id.

    Raises
    ------
    ReportError
        Something in it is not what its study declares; the message names the place.
    """
    profile = metrics["profile"]
    earlier = {name for name, each in metrics["studies"].items() if _of_earlier_form(each)}
    if earlier and not any("comparisons" in each for each in metrics["studies"].values()):
        return  # the whole file is of that form, studies that were not run included
    for name, stored in metrics["studies"].items():
        if name in earlier:
            continue
        study, place = study_of(name), f"/studies/{name}"
        _agree(place, declared_study(study, profile), stored)
        _check_reported(f"{place}/reported", study, stored, trained=profile == "full" and stored["status"] == "run")
        claims = {id_: claim for id_, claim in metrics["claims"].items() if claim["study"] == name}
        if stored["status"] == "not run":
            _same_names("/claims", compute(study), claims)
            same(place, "seeds", stored["seeds"], study.budget(profile).seeds)
        else:
            _check_run(place, study, profile, stored)
            _check_runs(place, study, profile, metrics)
            order = metrics["timings"]["orders"].get(name)
            same(f"/timings/orders/{name}", "reported", order and order["reported"], list(study.reported_order) or None)
            _same_names("/claims", [claim.id for claim in study.claims_in(profile)], claims)
        declared = {claim.id: _declared(claim, study) for claim in study.claims}
        _agree("/claims", {id_: declared[id_] for id_ in claims}, claims)
        _agree("/claims", {id_: what for id_, what in compute(study).items() if id_ in claims}, claims)
    unknown = {claim["study"] for claim in metrics["claims"].values()} - metrics["studies"].keys()
    if unknown:
        raise contradiction(f"metrics.json has claims of {sorted(unknown)}, and no such study.")


def _of_earlier_form(study: Node) -> bool:
    """Tell whether a study was published before comparisons had names; its runs replace it when they are published."""
    return study["status"] == "run" and "comparisons" not in study


def _declared(claim: Claim, study: Study) -> dict[str, Any]:
    """Return what stands in a claim, with the variants that each of its comparisons is between."""
    minus = list(claim.contrast) if claim.contrast else None
    pairs = [{"a": a, "b": b, "minus": minus} for a, b in claim.pairs] if claim.is_statistical else []
    return declared_claim(claim, study) | {"comparisons": pairs}


def _check_reported(place: str, study: Study, stored: Node, *, trained: bool) -> None:
    _agree(place, [asdict(each) for each in study.reported], stored["reported"])
    for index, (each, row) in enumerate(zip(study.reported, stored["reported"], strict=True)):
        measured = each.quantity in ("test_accuracy", "test_loss")
        absent = stored["status"] == "not run" or (measured and not trained)
        same(f"{place}/{index}", "reproduction is absent", row["reproduction"] is None, absent)


def _check_run(place: str, study: Study, profile: Profile, stored: Node) -> None:
    runs = study.runs(profile)
    variants = {
        each.id: declared_variant(each, runs[each.id][0].data.train_images) for each in study.variants_in(profile)
    }
    experiments = {
        each.id: declared_experiment(each) | {"comparisons": _named(experiment_pairs(each))}
        for each in study.experiments_in(profile)
    }
    pairs = compared_pairs(study, profile)
    by_id = {f"{a}:{b}": {"a": a, "b": b} for a, b in pairs}
    declared: dict[str, Any] = {
        "variants": variants,
        "experiments": experiments,
        "comparisons": {name: pair | {"quantity": "test_accuracy"} for name, pair in by_id.items()},
        "look_alikes": list(study.look_alikes),
        "against_baseline": _named(baseline_pairs(study, profile)),
    }
    gaps = {name: pair | {"quantity": "generalisation_gap"} for name, pair in by_id.items()}
    for where, names, found in (
        ("variants", variants, stored["variants"]),
        ("experiments", experiments, stored["experiments"]),
        ("comparisons", by_id, stored["comparisons"]),
        ("gaps/comparisons", gaps, stored["gaps"]["comparisons"]),
        ("gaps/variants", variants, stored["gaps"]["variants"]),
    ):
        _same_names(f"{place}/{where}", names, found)
    _agree(f"{place}/gaps/comparisons", gaps, stored["gaps"]["comparisons"])
    if study.pairs:
        declared["pairs"] = _named(study.pairs_in(profile))
    if study.shift:
        declared["shift"] = {
            "claimed": study.shift.claimed,
            "period": study.shift.period,
            "distances": [0, *study.shift.distances],
        }
    _agree(place, declared, stored)


def _check_runs(place: str, study: Study, profile: Profile, metrics: Node) -> None:
    """Check that each run is the one that the study asks for: its key says data, network, settings and seed."""
    stored = metrics["studies"][study.id]
    modes = [from_json(machine["mode"]) for machine in metrics["environment"]["machines"]]
    facts = metrics["datasets"].get(stored["dataset"])
    dataset = study.budget(profile).data(study.data).dataset
    if facts is None:
        raise contradiction(f"metrics.json contradicts itself: at {place}, dataset is {stored['dataset']!r}: unknown.")
    if not isinstance(dataset, ImageFolder):
        same(f"/datasets/{stored['dataset']}", "fingerprint", facts["fingerprint"], fingerprint(dataset))
    for name, specs in study.runs(profile).items():
        variant, at = stored["variants"][name], f"{place}/variants/{name}"
        by_seed = {spec.seed: spec for spec in specs}
        keys = {
            seed: [run_key(spec, facts["fingerprint"], mode, ENGINE_REVISION) for mode in modes]
            for seed, spec in by_seed.items()
        }
        for seed, key in zip(variant["seeds"], variant["runs"], strict=True):
            if key not in keys.get(seed, []):
                raise contradiction(
                    f"metrics.json contradicts study {study.id!r}: at {at}, run {key[:12]} is not that of seed {seed} "
                    "with these data, network, settings and arithmetic."
                )
        all_keys = [key for of_seed in keys.values() for key in of_seed]
        strangers = [key for key in variant["failed"]["runs"] if key not in all_keys]
        same(at, "failed runs of another network", strangers, [])
        same(at, "number of runs", variant["failed"]["of"], stored["seeds"])
        counted = set(variant["runs"]) | set(variant["failed"]["runs"])
        same(at, "number of distinct runs", len(counted), stored["seeds"])


def _named(pairs: Iterable[Pair]) -> list[dict[str, str]]:
    return [{"a": a, "b": b} for a, b in pairs]


def _same_names(place: str, declared: Any, stored: Any) -> None:
    same(place, "names", list(stored), list(declared))


def _agree(place: str, declared: Any, stored: Any) -> None:
    """Compare a declaration with what stands in the file, which may hold more."""
    if isinstance(declared, dict):
        for name, value in declared.items():
            if not isinstance(stored, dict) or name not in stored:
                raise contradiction(f"metrics.json contradicts its study: at {place}, {name} is missing.")
            _agree(f"{place}/{name}", value, stored[name])
    elif isinstance(declared, list | tuple):
        same(place, "number of entries", len(stored), len(declared))
        for index, (value, found) in enumerate(zip(declared, stored, strict=True)):
            _agree(f"{place}/{index}", value, found)
    else:
        way, _, part = place.rpartition("/")
        same(way, part, stored, declared)
