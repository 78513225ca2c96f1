"""Whether metrics.json agrees with itself: every number that follows from others in it is computed again.

A verdict edited by hand, an effect that is not the mean of its differences, an interval that its errors do not give:
each stops the build. Only what comes from the runs themselves is taken as it is: one value a run, the error from the
test set with the degrees of freedom, confusion counts, curves.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import hypot
from typing import Any

import numpy as np

from convscope.analysis.claims import rule
from convscope.analysis.ledger import clock_order, reproduction
from convscope.analysis.statistics import Estimate, sign_flip_p, smallest_detectable_difference, summarise
from convscope.analysis.verdicts import arithmetic
from convscope.errors import ReportError
from convscope.models.cost import macs, parameters
from convscope.specs import from_json

Node = dict[str, Any]
HINT = (
    "Every number but those of single runs is computed from others. If the file was edited by hand, delete it and run "
    "`make all` again; `make publish` writes published results anew."
)


def check_consistency(metrics: Node) -> None:
    """Compute again what follows from other numbers in metrics.json.

    Parameters
    ----------
    metrics
        As its schema describes it.

    Raises
    ------
    ReportError
        A number or verdict does not follow; the message names its place, and a claim by its id.
    """
    for place, node in _nodes(metrics):
        if {"values", "mean", "sd", "n", "interval"} <= node.keys():
            _check_measure(place, node)
        elif {"differences", "effect", "interval", "n"} <= node.keys() and "sign_flip_p" in node:
            _check_comparison(place, node)
    for name, study in metrics["studies"].items():
        if study["status"] == "run":
            _check_study(f"/studies/{name}", study)
    for name, claim in metrics["claims"].items():
        _check_claim(name, claim, metrics["studies"][claim["study"]])
    for name, order in metrics["timings"]["orders"].items():
        found = clock_order(order["reported"], metrics["timings"]["studies"][name])
        _same(f"/timings/orders/{name}", "order", order["ours"], found[0])
        if order["verdict"] is not None:
            _same(f"/timings/orders/{name}", "verdict", order["verdict"], found[1])


def _nodes(value: Any, place: str = "") -> Iterator[tuple[str, Node]]:
    """Walk through every object with its JSON pointer."""
    if isinstance(value, dict):
        yield place, value
        for name, part in value.items():
            yield from _nodes(part, f"{place}/{name}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            if isinstance(part, dict | list):
                yield from _nodes(part, f"{place}/{index}")


def _check_measure(place: str, measure: Node) -> None:
    summary = summarise(measure["values"])
    _same(place, "n", measure["n"], summary.n)
    _same(place, "mean", measure["mean"], summary.mean)
    _same(place, "sd", measure["sd"], summary.sd)
    interval = summary.interval
    if "seed_error" in measure:
        _check_seed_error(place, measure, measure["values"])
        interval = _estimate(measure, measure["mean"]).interval()
    _same(place, "interval", measure["interval"], interval)


def _check_comparison(place: str, comparison: Node) -> None:
    differences = comparison["differences"]
    estimate = _estimate(comparison, comparison["effect"])
    _same(place, "n", comparison["n"], len(differences))
    _same(place, "effect", comparison["effect"], float(np.mean(differences)))
    _check_seed_error(place, comparison, differences)
    _same(place, "interval", comparison["interval"], estimate.interval())
    _same(place, "sign_flip_p", comparison["sign_flip_p"], sign_flip_p(differences))
    detectable = None
    if estimate.standard_error is not None and estimate.degrees_of_freedom is not None:
        detectable = smallest_detectable_difference(estimate.standard_error, estimate.degrees_of_freedom)
    _same(place, "smallest_detectable", comparison["smallest_detectable"], detectable)


def _check_seed_error(place: str, node: Node, by_seed: list[float]) -> None:
    sd = summarise(by_seed).sd
    _same(place, "seed_error", node["seed_error"], None if sd is None else sd / len(by_seed) ** 0.5)


def _estimate(node: Node, effect: float) -> Estimate:
    """Return the estimate whose parts a measure or comparison stores; the number of images plays no part."""
    seeds, images = node["seed_error"], node["test_set_error"]
    return Estimate(
        effect=effect,
        seed_error=seeds,
        test_set_error=images,
        standard_error=None if seeds is None else hypot(seeds, images),
        degrees_of_freedom=node["degrees_of_freedom"],
        n=node["n"],
        images=0,
    )


def _check_study(place: str, study: Node) -> None:
    variants = study["variants"]
    for name, variant in variants.items():
        here = f"{place}/variants/{name}"
        model = from_json(variant["model"])
        _same(here, "parameters", variant["parameters"], parameters(model))
        _same(here, "macs", variant["macs"], macs(model))
        counts = np.array(variant["confusion"])
        _same(here, "confusion", float(np.trace(counts) / counts.sum()), variant["test_accuracy"]["mean"])
        by_class = [measure["mean"] for measure in variant["class_accuracy"]]
        _same(here, "class_accuracy", by_class, list(np.diagonal(counts) / counts.sum(axis=1)))
        for part in ("train_accuracy", "validation_accuracy"):
            last = [epochs[-1] for epochs in variant["curves"][part]]
            _same(here, part, variant[part]["values"], last)
    rows = [("against_baseline", study["against_baseline"]), ("pairs", study.get("pairs", []))]
    rows += [(f"experiments/{name}", each["comparisons"]) for name, each in study["experiments"].items()]
    for where, comparisons in rows:
        for comparison in comparisons:
            if comparison["quantity"] == "test_accuracy":
                values = [np.array(variants[comparison[side]]["test_accuracy"]["values"]) for side in ("a", "b")]
                _same(f"{place}/{where}", "differences", comparison["differences"], list(values[0] - values[1]))
    for index, row in enumerate(study["reported"]):
        if row["reproduction"] is not None:
            ours = row["reproduction"]["ours"]
            found = reproduction(row, variants, study["baseline"], class_name=str(ours))
            for part, value in found.items():
                _same(f"{place}/reported/{index}", part, row["reproduction"][part], value)


def _check_claim(name: str, claim: Node, study: Node) -> None:
    place = f"/claims/{name}"
    if claim["kind"] == "arithmetic":
        right = all(arithmetic(tuple(each["claimed"]), each["computed"]) == "supported" for each in claim["counts"])
        if claim["verdict"] != ("supported" if right else "refuted"):
            counts = ", ".join(f"{each['text']}: {each['computed']:g}" for each in claim["counts"])
            raise _contradiction(f"Claim {name!r} is called {claim['verdict']}, but its counts refute that: {counts}.")
        return
    estimates = []
    for index, comparison in enumerate(claim["comparisons"]):
        here = f"{place}/comparisons/{index}"
        differences = comparison["differences"]
        estimates.append(_estimate(comparison, comparison["effect"]))
        _same(here, "n", comparison["n"], len(differences))
        _same(here, "effect", comparison["effect"], float(np.mean(differences)))
        _check_seed_error(here, comparison, differences)
        _same(here, "interval", comparison["interval"], estimates[-1].interval(claim["level"]))
        by_seed = _by_seed(claim["measure"], study["variants"], comparison)
        if by_seed is not None:
            _same(here, "differences", differences, by_seed)
    verdict, decided_by = rule(claim["kind"], estimates, claim["margin"], claim["level"], claim["expected"])
    if claim["verdict"] != verdict.verdict:
        raise _contradiction(
            f"Claim {name!r} is called {claim['verdict']}, but its numbers give {verdict.verdict}: effect "
            f"{claim['effect']:.5f}, margin {claim['margin']}, {verdict.n} seeds; {verdict.reason}."
        )
    _same(place, "leaning", claim["leaning"], verdict.leaning)
    _same(place, "reason", claim["reason"], verdict.reason)
    _same(place, "n", claim["n"], verdict.n)
    _same(place, "decided_by", claim["decided_by"], decided_by)
    for part in ("effect", "interval"):
        _same(place, part, claim[part], claim["comparisons"][decided_by][part])


def _by_seed(measure: str, variants: Node, comparison: Node) -> list[float] | None:
    """Return a claim's measure by seed, from the variants themselves; None for a measure that they do not hold."""

    def of(name: str) -> Any:
        accuracy = np.array(variants[name]["test_accuracy"]["values"])
        if measure == "accuracy":
            return accuracy
        return np.array(variants[name]["train_accuracy"]["values"]) - accuracy

    if measure not in ("accuracy", "generalisation gap"):
        return None
    return list(of(comparison["a"]) - (0 if comparison["b"] is None else of(comparison["b"])))


def _same(place: str, part: str, stored: Any, computed: Any) -> None:
    """Compare what is stored with what follows, numbers up to rounding."""
    numbers = [value for value in (stored, computed) if isinstance(value, int | float | list | tuple)]
    if len(numbers) == 2 and np.shape(stored) == np.shape(computed) and not _holds_text(stored):
        same = bool(np.allclose(np.array(stored, float), np.array(computed, float), rtol=1e-9, atol=1e-12))
    else:
        same = stored == computed
    if not same:
        subject = f"Claim {place.split('/')[2]!r}" if place.startswith("/claims/") else "metrics.json"
        raise _contradiction(f"{subject} contradicts itself: at {place}, {part} is {stored}, but {computed} follows.")


def _holds_text(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(each, str) for each in value)


def _contradiction(message: str) -> ReportError:
    return ReportError(message[:600], HINT)
