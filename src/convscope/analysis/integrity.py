"""Whether metrics.json agrees with itself: every number that follows from others in it is computed again.

A verdict edited by hand, an effect that is not the mean of its differences, an interval that its errors do not give:
each stops the build. Only what comes from the runs themselves is taken as it is: one value a run, the error from the
test set with the degrees of freedom, confusion counts, curves. `convscope.analysis.declarations` compares what studies
decide with the studies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import hypot
from typing import Any

import numpy as np

from convscope.analysis.agreement import contradiction, same
from convscope.analysis.claims import power_of, rule
from convscope.analysis.efficiency import crossing, tried
from convscope.analysis.estimates import Comparison, Difference, Measure
from convscope.analysis.ledger import clock_order, reproduction
from convscope.analysis.pooling import SeedSpread, seed_spread
from convscope.analysis.power import detectable, seeds_needed
from convscope.analysis.proportions import ErrorsRemoved, wilson, worth
from convscope.analysis.records import Claim, Metrics
from convscope.analysis.statistics import Estimate, sign_flip_p, summarise
from convscope.analysis.study_records import StudyNotRun, StudyRun, Variant
from convscope.analysis.verdicts import arithmetic, nuance
from convscope.models.cost import macs, parameters
from convscope.records import Record
from convscope.specs import from_json

OfVariant = Callable[[Variant], Sequence[float]]


def check_consistency(metrics: Metrics) -> None:
    """Compute again what follows from other numbers in metrics.json.

    Raises ReportError: a number or verdict does not follow; the message names its place, and a claim by its id.
    """
    for place, measure in _measures(metrics):
        _check_measure(place, measure)
    for name, study in metrics.studies.items():
        if isinstance(study, StudyRun):
            _check_study(f"/studies/{name}", study)
    for name, claim in metrics.claims.items():
        _check_claim(name, claim, metrics.studies[claim.study])
    for name, order in metrics.timings.orders.items():
        ours, verdict = clock_order(order.reported, metrics.timings.studies[name])
        same(f"/timings/orders/{name}", "order", order.ours, ours)
        if order.verdict is not None:
            same(f"/timings/orders/{name}", "verdict", order.verdict, verdict)


def _measures(part: object, place: str = "") -> Iterator[tuple[str, Measure]]:
    """Walk through all measures, each with its JSON pointer."""
    if isinstance(part, Measure):
        yield place, part
    elif isinstance(part, Record):
        for name, inner in part.stated().items():
            yield from _measures(inner, f"{place}/{name}")
    elif isinstance(part, dict | tuple):
        named: Iterable[tuple[object, object]] = part.items() if isinstance(part, dict) else enumerate(part)
        for key, inner in named:
            if isinstance(inner, Record | dict | tuple):
                yield from _measures(inner, f"{place}/{key}")


def _check_measure(place: str, measure: Measure) -> None:
    summary = summarise(measure.values)
    same(place, "n", measure.n, summary.n)
    same(place, "mean", measure.mean, summary.mean)
    same(place, "sd", measure.sd, summary.sd)
    interval, estimate = summary.interval, summary.estimate(measure.images or 0)
    if measure.test_set_error is not None:
        if measure.pooled is None:
            same(place, "seed_error", measure.seed_error, estimate.seed_error)
        estimate = _estimate(measure, measure.mean)
        interval = estimate.interval()
    if measure.worth is not None:
        same(place, "worth", measure.worth, worth(estimate, measure.worth))
        interval = wilson(estimate, measure.worth)
    same(place, "interval", measure.interval, interval)


def _check_study(place: str, study: StudyRun) -> None:
    variants = study.variants
    spread = _pooled(variants, _accuracy)
    for name, variant in variants.items():
        _check_variant(f"{place}/variants/{name}", variant, spread)
    rows = [("against_baseline", study.against_baseline), ("pairs", study.pairs or ())]
    rows += [(f"experiments/{name}", each.comparisons) for name, each in study.experiments.items()]
    for where, comparisons in rows:
        for index, row in enumerate(comparisons):
            here = f"{place}/{where}/{index}"
            _check_comparison(here, row, study, _accuracy)
            same(here, "comparison", row, study.comparisons.get(f"{row.a}:{row.b}"))
    for id_, experiment in study.experiments.items():
        reference, *others = experiment.variants
        pairs = [(each.a, each.b) for each in experiment.comparisons]
        same(f"{place}/experiments/{id_}", "comparisons", pairs, [(other, reference) for other in others])
    pairs = [(each.a, each.b) for each in study.against_baseline]
    expected = [(name, study.baseline) for name in variants if name != study.baseline]
    same(f"{place}/against_baseline", "order", pairs, expected)
    named_pairs = (("comparisons", study.comparisons, _accuracy), ("gaps/comparisons", study.gaps.comparisons, _gap))
    for part, named, measure in named_pairs:
        for name, each in named.items():
            same(f"{place}/{part}/{name}", "name", name, f"{each.a}:{each.b}")
            _check_comparison(f"{place}/{part}/{name}", each, study, measure)
    for name, gap in study.gaps.variants.items():
        same(f"{place}/gaps/variants/{name}", "values", gap.values, _gap(variants[name]))
    _check_efficiency(f"{place}/efficiency", study)
    for place_of_row, reported in enumerate(study.reported):
        if reported.reproduction is not None:
            found = reproduction(reported, variants, study.baseline, class_name=str(reported.reproduction.ours))
            for part in ("ours", "interval", "verdict"):
                here = f"{place}/reported/{place_of_row}"
                same(here, part, getattr(reported.reproduction, part), getattr(found, part))


def _check_efficiency(place: str, study: StudyRun) -> None:
    if not study.efficiency:
        return
    others = tried([pair.b for pair in study.pairs or ()], study.variants)
    curve = [(size, study.variants[name].test_accuracy.mean) for size, name in others]
    for index, each in enumerate(study.efficiency):
        of_a = study.variants[each.a]
        same(f"{place}/{index}", "images", each.images, of_a.train_images)
        same(f"{place}/{index}", "needed", each.needed, crossing(curve, of_a.test_accuracy.mean))


def _check_variant(place: str, variant: Variant, spread: SeedSpread | None) -> None:
    model = from_json(variant.model)
    same(place, "parameters", variant.parameters, parameters(model))
    same(place, "macs", variant.macs, macs(model))
    counts, accuracy = np.array(variant.confusion), variant.test_accuracy
    same(place, "confusion", float(np.trace(counts) / counts.sum()), accuracy.mean)
    by_class = [measure.mean for measure in variant.class_accuracy]
    same(place, "class_accuracy", by_class, list(np.diagonal(counts) / counts.sum(axis=1)))
    for part in ("train_accuracy", "validation_accuracy"):
        last = [epochs[-1] for epochs in getattr(variant.curves, part)]
        same(place, part, getattr(variant, part).values, last)
    same(place, "number of distinct runs", len(set(variant.runs)), accuracy.n)
    if accuracy.pooled is not None:
        _check_pooled(f"{place}/test_accuracy", accuracy, spread, (1.0,))


def _check_comparison(place: str, comparison: Comparison, study: StudyRun, measure: OfVariant) -> None:
    estimate = _estimate(comparison, comparison.effect)
    _check_difference(place, comparison, study, measure, (comparison.a, comparison.b))
    same(place, "interval", comparison.interval, estimate.interval())
    same(place, "sign_flip_p", comparison.sign_flip_p, sign_flip_p(comparison.differences))
    same(place, "smallest_detectable", comparison.smallest_detectable, detectable(estimate))
    if "n_needed" in comparison.model_fields_set:
        same(place, "n_needed", comparison.n_needed, seeds_needed(estimate, study.margin))
    _check_removed(place, comparison, comparison.b, study, 0.95)


def _check_difference(
    place: str, node: Difference, study: StudyRun, measure: OfVariant | None, names: Sequence[str | None]
) -> None:
    """Check effect, number of seeds and their error of a comparison or of one of a claim's."""
    same(place, "n", node.n, len(node.differences))
    same(place, "effect", node.effect, float(np.mean(node.differences)))
    if node.pooled is None:
        same(place, "seed_error", node.seed_error, summarise(node.differences).estimate(0).seed_error)
    if measure is None:
        return
    signs = (1.0, -1.0, -1.0, 1.0)
    variants = [study.variants[name] for name in names if name is not None]
    by_seed = _at_common_seeds(variants, measure)
    if by_seed is not None:
        weighted = [sign * values for sign, values in zip(signs, by_seed, strict=False)]
        same(place, "differences", node.differences, list(np.sum(weighted, axis=0)))
    if node.pooled is not None:
        _check_pooled(place, node, _pooled(study.variants, measure), signs[: len(variants)])


def _check_pooled(
    place: str, node: Measure | Difference, spread: SeedSpread | None, weights: tuple[float, ...]
) -> None:
    same(place, "pooled", node.pooled, spread.variants if spread else None)
    if spread is not None:
        same(place, "seed_error", node.seed_error, (spread.variance(weights)[0] / node.n) ** 0.5)


def _check_removed(place: str, comparison: Difference, b: str | None, study: StudyRun, level: float) -> None:
    """Check the share of errors removed that stands in a comparison of accuracies."""
    removed = comparison.errors_removed
    if removed is None or b is None:
        return
    by_seed = _at_common_seeds([study.variants[comparison.a], study.variants[b]], _accuracy)
    if by_seed is None:
        return
    ours, baseline = (1 - float(np.mean(values)) for values in by_seed)
    found = ErrorsRemoved(
        1 - ours / baseline, removed.log_error, removed.degrees_of_freedom, baseline, comparison.images or 0
    )
    same(f"{place}/errors_removed", "share", removed.share, found.share)
    same(f"{place}/errors_removed", "interval", removed.interval, found.interval(level))


def _check_claim(name: str, claim: Claim, study: StudyRun | StudyNotRun) -> None:
    place = f"/claims/{name}"
    if claim.kind == "arithmetic":
        right = all(arithmetic(each.claimed, each.computed) == "supported" for each in claim.counts)
        if claim.verdict != ("supported" if right else "refuted"):
            counts = ", ".join(f"{each.text}: {each.computed:g}" for each in claim.counts)
            raise contradiction(f"Claim {name!r} is called {claim.verdict}, but its counts refute that: {counts}.")
        return
    if isinstance(study, StudyNotRun) or None in (claim.level, claim.margin, claim.expected):
        raise contradiction(f"Claim {name!r} cannot have been tested: it has no runs, no level or no margin.")
    level, margin, expected = claim.level or 0.0, claim.margin or 0.0, claim.expected or 0.0
    estimates = []
    measure = {"accuracy": _accuracy, "generalisation gap": _gap}.get(claim.measure or "")
    named: set[str] = set()
    for index, comparison in enumerate(claim.comparisons):
        here = f"{place}/comparisons/{index}"
        estimates.append(_estimate(comparison, comparison.effect))
        names = (comparison.a, comparison.b, *(comparison.minus or ()))
        named.update(each for each in names if each is not None)
        _check_difference(here, comparison, study, measure, names)
        same(here, "interval", comparison.interval, estimates[-1].interval(level))
        _check_removed(here, comparison, comparison.b, study, level)
    variants = [study.variants[each] for each in named]
    failed = {key for each in variants if each.failed for key in each.failed.runs}
    same(place, "runs", sorted(set(claim.runs)), sorted(failed.union(*(each.runs for each in variants))))
    trained = all(each.failed is None or len(each.failed.runs) < each.failed.of for each in variants)
    verdict, decided_by = rule(claim.kind, estimates, margin, level, expected, trained=trained)
    if claim.verdict != verdict.verdict:
        raise contradiction(
            f"Claim {name!r} is called {claim.verdict}, but its numbers give {verdict.verdict}: effect "
            f"{claim.effect or 0:.5f}, margin {margin}, {verdict.n} seeds; {verdict.reason}."
        )
    decides = claim.comparisons[decided_by]
    follows: dict[str, object] = {
        "leaning": verdict.leaning, "reason": verdict.reason, "n": verdict.n, "decided_by": decided_by,
        "effect": decides.effect, "interval": decides.interval,
    }  # fmt: skip
    if "n_needed" in claim.model_fields_set:
        interval = estimates[decided_by].interval(level)
        follows |= power_of(claim.kind, estimates, margin, level)._asdict()
        follows |= {
            "errors_removed": decides.errors_removed,
            "nuance": nuance(claim.kind, verdict.verdict, interval, expected),
        }
    for part, value in follows.items():
        same(place, part, getattr(claim, part), value)


def _accuracy(variant: Variant) -> Sequence[float]:
    return variant.test_accuracy.values


def _gap(variant: Variant) -> Sequence[float]:
    return list(np.array(variant.train_accuracy.values) - np.array(_accuracy(variant)))


def _at_common_seeds(variants: Sequence[Variant], measure: OfVariant) -> list[Any] | None:
    """Return a measure of each variant at the seeds that count for all of them; None where there is none such."""
    seeds = [each.seeds if each.seeds is not None else range(len(each.runs)) for each in variants]
    common = sorted(set[int].intersection(*map(set, seeds)))
    if not common:
        return None
    return [
        np.array([dict(zip(known, measure(each), strict=True))[seed] for seed in common])
        for each, known in zip(variants, seeds, strict=True)
    ]


def _pooled(variants: Mapping[str, Variant], measure: OfVariant) -> SeedSpread | None:
    # A variant that never trained is described by all its runs, as `failures.trained_seeds` counts them.
    complete = {
        name: each
        for name, each in variants.items()
        if not (each.failed and 0 < len(each.failed.runs) < each.failed.of)
    }
    if len({len(each.runs) for each in complete.values()}) != 1:
        return None
    return seed_spread({name: np.array(measure(each)) for name, each in complete.items()})


def _estimate(node: Measure | Difference, effect: float) -> Estimate:
    """Return the estimate whose parts a measure or comparison stores."""
    seeds, images = node.seed_error, node.test_set_error or 0.0
    return Estimate(
        effect=effect,
        seed_error=seeds,
        test_set_error=images,
        standard_error=None if seeds is None else hypot(seeds, images),
        degrees_of_freedom=node.degrees_of_freedom,
        n=node.n,
        images=node.images or 0,
    )
