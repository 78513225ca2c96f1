"""Whether metrics.json agrees with itself: every number that follows from others in it is computed again.

A verdict edited by hand, an effect that is not the mean of its differences, an interval that its errors do not give:
each stops the build. Only what comes from the runs themselves is taken as it is: one value a run, the error from the
test set with the degrees of freedom, confusion counts, curves. `convscope.analysis.declarations` compares what studies
decide with the studies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import hypot
from typing import Any

import numpy as np

from convscope.analysis.claims import power_of, rule
from convscope.analysis.ledger import clock_order, reproduction
from convscope.analysis.pooling import SeedSpread, seed_spread
from convscope.analysis.power import detectable, seeds_needed
from convscope.analysis.proportions import ErrorsRemoved, wilson, worth
from convscope.analysis.statistics import Estimate, sign_flip_p, summarise
from convscope.analysis.verdicts import arithmetic, nuance
from convscope.errors import ReportError
from convscope.models.cost import macs, parameters
from convscope.specs import from_json

Node = dict[str, Any]
OfVariant = Callable[[Node], list[float]]
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
    for name, study in metrics["studies"].items():
        if study["status"] == "run":
            _check_study(f"/studies/{name}", study)
    for name, claim in metrics["claims"].items():
        _check_claim(name, claim, metrics["studies"][claim["study"]])
    for name, order in metrics["timings"]["orders"].items():
        found = clock_order(order["reported"], metrics["timings"]["studies"][name])
        same(f"/timings/orders/{name}", "order", order["ours"], found[0])
        if order["verdict"] is not None:
            same(f"/timings/orders/{name}", "verdict", order["verdict"], found[1])


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
    same(place, "n", measure["n"], summary.n)
    same(place, "mean", measure["mean"], summary.mean)
    same(place, "sd", measure["sd"], summary.sd)
    interval, error = summary.interval, None if summary.sd is None else summary.sd / summary.n**0.5
    estimate = Estimate(
        summary.mean, error, 0.0, error, None if error is None else summary.n - 1.0, summary.n, measure.get("images", 0)
    )
    if "seed_error" in measure:
        if measure.get("pooled") is None:
            same(place, "seed_error", measure["seed_error"], error)
        estimate = _estimate(measure, measure["mean"])
        interval = estimate.interval()
    if "worth" in measure:
        same(place, "worth", measure["worth"], worth(estimate, measure["worth"]))
        interval = wilson(estimate, measure["worth"])
    same(place, "interval", measure["interval"], interval)


def _check_study(place: str, study: Node) -> None:
    variants = study["variants"]
    spread = _pooled(variants, _accuracy)
    for name, variant in variants.items():
        _check_variant(f"{place}/variants/{name}", variant, spread)
    rows = [("against_baseline", study["against_baseline"]), ("pairs", study.get("pairs", []))]
    rows += [(f"experiments/{name}", each["comparisons"]) for name, each in study["experiments"].items()]
    by_id = study.get("comparisons")
    for where, comparisons in rows:
        for index, each in enumerate(comparisons):
            here = f"{place}/{where}/{index}"
            _check_comparison(here, each, study, _accuracy)
            if by_id is not None:
                same(here, "comparison", each, by_id.get(f"{each['a']}:{each['b']}"))
    for index, experiment in study["experiments"].items():
        reference, *others = experiment["variants"]
        pairs = [(each["a"], each["b"]) for each in experiment["comparisons"]]
        same(f"{place}/experiments/{index}", "comparisons", pairs, [(other, reference) for other in others])
    pairs = [(each["a"], each["b"]) for each in study["against_baseline"]]
    expected = [(name, study["baseline"]) for name in variants if name != study["baseline"]]
    same(f"{place}/against_baseline", "order", pairs, expected)
    if by_id is not None:
        for part, comparisons, measure in (
            ("comparisons", by_id, _accuracy),
            ("gaps/comparisons", study["gaps"]["comparisons"], _gap),
        ):
            for name, each in comparisons.items():
                same(f"{place}/{part}/{name}", "name", name, f"{each['a']}:{each['b']}")
                _check_comparison(f"{place}/{part}/{name}", each, study, measure)
        for name, each in study["gaps"]["variants"].items():
            same(f"{place}/gaps/variants/{name}", "values", each["values"], _gap(variants[name]))
    for index, row in enumerate(study["reported"]):
        if row["reproduction"] is not None:
            ours = row["reproduction"]["ours"]
            found = reproduction(row, variants, study["baseline"], class_name=str(ours))
            for part, value in found.items():
                same(f"{place}/reported/{index}", part, row["reproduction"][part], value)


def _check_variant(place: str, variant: Node, spread: SeedSpread | None) -> None:
    model = from_json(variant["model"])
    same(place, "parameters", variant["parameters"], parameters(model))
    same(place, "macs", variant["macs"], macs(model))
    counts = np.array(variant["confusion"])
    same(place, "confusion", float(np.trace(counts) / counts.sum()), variant["test_accuracy"]["mean"])
    by_class = [measure["mean"] for measure in variant["class_accuracy"]]
    same(place, "class_accuracy", by_class, list(np.diagonal(counts) / counts.sum(axis=1)))
    for part in ("train_accuracy", "validation_accuracy"):
        last = [epochs[-1] for epochs in variant["curves"][part]]
        same(place, part, variant[part]["values"], last)
    same(place, "number of distinct runs", len(set(variant["runs"])), variant["test_accuracy"]["n"])
    accuracy = variant["test_accuracy"]
    if accuracy.get("pooled") is not None:
        _check_pooled(f"{place}/test_accuracy", accuracy, spread, (1.0,))


def _check_comparison(place: str, comparison: Node, study: Node, measure: OfVariant) -> None:
    differences, estimate = comparison["differences"], _estimate(comparison, comparison["effect"])
    _check_difference(place, comparison, study, measure, (comparison["a"], comparison["b"]))
    same(place, "interval", comparison["interval"], estimate.interval())
    same(place, "sign_flip_p", comparison["sign_flip_p"], sign_flip_p(differences))
    same(place, "smallest_detectable", comparison["smallest_detectable"], detectable(estimate))
    if "n_needed" in comparison:
        same(place, "n_needed", comparison["n_needed"], seeds_needed(estimate, study["margin"]))
    _check_removed(place, comparison, study, 0.95)


def _check_difference(
    place: str, node: Node, study: Node, measure: OfVariant | None, names: tuple[str | None, ...]
) -> None:
    """Check effect, number of seeds and their error of a comparison or of one of a claim's."""
    differences = node["differences"]
    same(place, "n", node["n"], len(differences))
    same(place, "effect", node["effect"], float(np.mean(differences)))
    if node.get("pooled") is None:
        sd = summarise(differences).sd
        same(place, "seed_error", node["seed_error"], None if sd is None else sd / len(differences) ** 0.5)
    if measure is None:
        return
    signs = (1.0, -1.0, -1.0, 1.0)
    variants = [study["variants"][name] for name in names if name is not None]
    by_seed = _at_common_seeds(variants, measure)
    if by_seed is not None:
        weighted = [sign * values for sign, values in zip(signs, by_seed, strict=False)]
        same(place, "differences", differences, list(np.sum(weighted, axis=0)))
    if node.get("pooled") is not None:
        _check_pooled(place, node, _pooled(study["variants"], measure), signs[: len(variants)])


def _check_pooled(place: str, node: Node, spread: SeedSpread | None, weights: tuple[float, ...]) -> None:
    same(place, "pooled", node["pooled"], spread.variants if spread else None)
    if spread is not None:
        same(place, "seed_error", node["seed_error"], (spread.variance(weights)[0] / node["n"]) ** 0.5)


def _check_removed(place: str, comparison: Node, study: Node, level: float) -> None:
    """Check the share of errors removed that stands in a comparison of accuracies."""
    removed = comparison.get("errors_removed")
    if removed is None:
        return
    by_seed = _at_common_seeds([study["variants"][comparison[side]] for side in ("a", "b")], _accuracy)
    if by_seed is None:
        return
    ours, baseline = (1 - float(np.mean(values)) for values in by_seed)
    found = ErrorsRemoved(
        1 - ours / baseline, removed["log_error"], removed["degrees_of_freedom"], baseline, comparison["images"]
    )
    same(f"{place}/errors_removed", "share", removed["share"], found.share)
    same(f"{place}/errors_removed", "interval", removed["interval"], found.interval(level))


def _check_claim(name: str, claim: Node, study: Node) -> None:
    place = f"/claims/{name}"
    if claim["kind"] == "arithmetic":
        right = all(arithmetic(tuple(each["claimed"]), each["computed"]) == "supported" for each in claim["counts"])
        if claim["verdict"] != ("supported" if right else "refuted"):
            counts = ", ".join(f"{each['text']}: {each['computed']:g}" for each in claim["counts"])
            raise contradiction(f"Claim {name!r} is called {claim['verdict']}, but its counts refute that: {counts}.")
        return
    estimates, level = [], claim["level"]
    measure = {"accuracy": _accuracy, "generalisation gap": _gap}.get(claim["measure"])
    for index, comparison in enumerate(claim["comparisons"]):
        here = f"{place}/comparisons/{index}"
        estimates.append(_estimate(comparison, comparison["effect"]))
        names = (comparison["a"], comparison["b"], *(comparison.get("minus") or ()))
        _check_difference(here, comparison, study, measure, names)
        same(here, "interval", comparison["interval"], estimates[-1].interval(level))
        _check_removed(here, comparison, study, level)
    named = {each[side] for each in claim["comparisons"] for side in ("a", "b") if each[side] is not None}
    named |= {other for each in claim["comparisons"] for other in each.get("minus") or ()}
    keys = [key for each in named for key in _all_runs(study["variants"][each])]
    same(place, "runs", sorted(set(claim["runs"])), sorted(set(keys)))
    trained = all(_some_trained(study["variants"][each]) for each in named)
    verdict, decided_by = rule(claim["kind"], estimates, claim["margin"], level, claim["expected"], trained=trained)
    if claim["verdict"] != verdict.verdict:
        raise contradiction(
            f"Claim {name!r} is called {claim['verdict']}, but its numbers give {verdict.verdict}: effect "
            f"{claim['effect']:.5f}, margin {claim['margin']}, {verdict.n} seeds; {verdict.reason}."
        )
    decides = claim["comparisons"][decided_by]
    follows = {"leaning": verdict.leaning, "reason": verdict.reason, "n": verdict.n, "decided_by": decided_by}
    follows |= {part: decides[part] for part in ("effect", "interval")}
    if "n_needed" in claim:
        follows |= power_of(claim["kind"], estimates, claim["margin"], level)
        follows["errors_removed"] = decides["errors_removed"]
        interval = estimates[decided_by].interval(level)
        follows["nuance"] = nuance(claim["kind"], verdict.verdict, interval, claim["expected"])
    for part, value in follows.items():
        same(place, part, claim[part], value)


def _accuracy(variant: Node) -> list[float]:
    values: list[float] = variant["test_accuracy"]["values"]
    return values


def _gap(variant: Node) -> list[float]:
    return list(np.array(variant["train_accuracy"]["values"]) - np.array(_accuracy(variant)))


def _all_runs(variant: Node) -> list[str]:
    return [*variant["runs"], *variant.get("failed", {"runs": []})["runs"]]


def _some_trained(variant: Node) -> bool:
    return "failed" not in variant or len(variant["failed"]["runs"]) < variant["failed"]["of"]


def _at_common_seeds(variants: list[Node], measure: OfVariant) -> list[Any] | None:
    """Return a measure of each variant at the seeds that count for all of them; None where there is none such."""
    seeds = [each.get("seeds", list(range(len(each["runs"])))) for each in variants]
    common = sorted(set[int].intersection(*map(set, seeds)))
    if not common:
        return None
    return [
        np.array([dict(zip(known, measure(each), strict=True))[seed] for seed in common])
        for each, known in zip(variants, seeds, strict=True)
    ]


def _some_failed(variant: Node) -> bool:
    failed = variant.get("failed", {"runs": [], "of": 0})
    return bool(0 < len(failed["runs"]) < failed["of"])


def _pooled(variants: Node, measure: OfVariant) -> SeedSpread | None:
    # A variant that never trained is described by all its runs, as `failures.trained_seeds` counts them.
    complete = {name: each for name, each in variants.items() if not _some_failed(each)}
    if len({len(each["runs"]) for each in complete.values()}) != 1:
        return None
    return seed_spread({name: np.array(measure(each)) for name, each in complete.items()})


def _estimate(node: Node, effect: float) -> Estimate:
    """Return the estimate whose parts a measure or comparison stores."""
    seeds, images = node["seed_error"], node["test_set_error"]
    return Estimate(
        effect=effect,
        seed_error=seeds,
        test_set_error=images,
        standard_error=None if seeds is None else hypot(seeds, images),
        degrees_of_freedom=node["degrees_of_freedom"],
        n=node["n"],
        images=node.get("images", 0),
    )


def same(place: str, part: str, stored: Any, computed: Any) -> None:
    """Compare what is stored with what follows, numbers up to rounding.

    Raises
    ------
    ReportError
        They differ; the message names the place.
    """
    numbers = [value for value in (stored, computed) if isinstance(value, int | float | list | tuple)]
    if len(numbers) == 2 and _numeric(stored) and _numeric(computed) and np.shape(stored) == np.shape(computed):
        equal = bool(np.allclose(np.array(stored, float), np.array(computed, float), rtol=1e-9, atol=1e-12))
    else:
        equal = stored == computed
    if not equal:
        subject = f"Claim {place.split('/')[2]!r}" if place.startswith("/claims/") else "metrics.json"
        shown = [str(value)[:200] for value in (stored, computed)]
        raise contradiction(f"{subject} contradicts itself: at {place}, {part} is {shown[0]}, but {shown[1]} follows.")


def _numeric(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_numeric(each) for each in value)
    return isinstance(value, int | float)


def contradiction(message: str) -> ReportError:
    """Return the error for a file that cannot be as it is."""
    return ReportError(message[:600], HINT)
