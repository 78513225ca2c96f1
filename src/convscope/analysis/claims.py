"""Verdicts on the claims of a study, from what its runs do on each test image, or from its specifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.analysis.statistics import Estimate, crossed_estimate, paired_difference, simultaneous_level
from convscope.analysis.verdicts import Verdict, all_of, arithmetic, best_of_k, equivalence, superiority
from convscope.errors import SpecError
from convscope.models.cost import layer_costs, macs, parameters
from convscope.specs import Conv2d, ModelSpec, Pool2d
from convscope.studies.study import Claim, Count, Profile, Study

# What an arithmetic claim has none of.
_STATISTICAL = ("leaning", "unit", "effect", "interval", "level", "n", "margin", "expected", "decided_by")


def decide(
    study: Study,
    profile: Profile,
    outcomes: Mapping[str, Mapping[str, NDArray[Any]]],
    runs: Mapping[str, list[str]],
) -> dict[str, Any]:
    """Return each claim of a study with its verdict, as metrics.json has it.

    Parameters
    ----------
    study
        Declares the claims and the margin.
    profile
        Decides which of them can be answered: those whose variants it runs, and arithmetic ones.
    outcomes
        By measure and variant, (seeds, test images) fractions whose mean over images is the measure of a seed.
    runs
        By variant, the keys of its runs.

    Raises
    ------
    SpecError
        A claim is about a measure that is not among the outcomes.
    """
    level = simultaneous_level(max(len(study.statistical_claims), 1))
    decided = compute(study)
    for claim in study.claims_in(profile):
        if claim.is_statistical:
            if claim.measure not in outcomes:
                raise SpecError(
                    f"Claim {claim.id!r} is about the measure {claim.measure!r}; study {study.id!r} has "
                    f"{', '.join(map(repr, outcomes))}."
                )
            keys = [key for name in (*claim.variants, *claim.others) for key in runs[name]]
            decided[claim.id] = _tested(claim, study, outcomes[claim.measure], level) | {"runs": keys}
    return {claim.id: decided[claim.id] for claim in study.claims_in(profile)}


def compute(study: Study) -> dict[str, Any]:
    """Return the arithmetic claims of a study with their verdicts; no run is needed for them."""
    return {claim.id: _computed(claim, study) for claim in study.claims if not claim.is_statistical}


def rule(
    kind: str, differences: Sequence[Estimate], margin: float, level: float, expected: float = 0.0
) -> tuple[Verdict, int]:
    """Apply the rule of a statistical kind; return its verdict and the place of the comparison that decides.

    Parameters
    ----------
    kind
        ``"superiority"``, ``"equivalence"`` or ``"best of k"``.
    differences
        One estimate a comparison, at least one.
    margin, level
        As in `convscope.analysis.verdicts`.
    expected
        The difference that an equivalence claims; the verdict's effect and interval are without it.
    """
    named = {str(place): replace(each, effect=each.effect - expected) for place, each in enumerate(differences)}
    if kind == "best of k":
        verdict = best_of_k(named, margin, level)
    else:
        single = superiority if kind == "superiority" else equivalence
        verdict = all_of({name: single(each, margin, level) for name, each in named.items()})
    return verdict, int(verdict.rival or 0)


def count(counted: Count) -> float:
    """Return the number that a specification gives, for what an arithmetic claim counts."""
    ours = _count(counted.quantity, counted.model)
    return ours / _count(counted.quantity, counted.over) if counted.over else ours


def _count(quantity: str, model: ModelSpec) -> int:
    layers = list(zip(layer_costs(model), model.layers, strict=True))
    if quantity == "receptive field":
        return max(cost.receptive_field for cost, layer in layers if isinstance(layer, Conv2d | Pool2d))
    if quantity == "kernel weights":
        return sum(cost.parameters - layer.filters for cost, layer in layers if isinstance(layer, Conv2d))
    return macs(model) if quantity == "multiply-accumulates" else parameters(model)


def _tested(claim: Claim, study: Study, values: Mapping[str, NDArray[Any]], level: float) -> dict[str, Any]:
    margin = claim.margin or study.margin
    estimates = [crossed_estimate(values[a]) if b is None else paired_difference(values[a], values[b])
                 for a, b in claim.pairs]  # fmt: skip
    verdict, decided_by = rule(claim.kind, estimates, margin, level, claim.expected)
    comparisons = []
    for (a, b), estimate in zip(claim.pairs, estimates, strict=True):
        by_seed = values[a].mean(axis=1) - (0 if b is None else values[b].mean(axis=1))
        interval = estimate.interval(level)
        comparisons.append(
            {
                "a": a,
                "b": b,
                "effect": estimate.effect,
                "interval": list(interval) if interval else None,
                "n": estimate.n,
                "seed_error": estimate.seed_error,
                "test_set_error": estimate.test_set_error,
                "degrees_of_freedom": estimate.degrees_of_freedom,
                "differences": [float(value) for value in np.asarray(by_seed)],
            }
        )
    return _declared(claim, study) | {
        "verdict": verdict.verdict,
        "leaning": verdict.leaning,
        "unit": "fraction",
        "effect": comparisons[decided_by]["effect"],
        "interval": comparisons[decided_by]["interval"],
        "level": level,
        "n": verdict.n,
        "margin": margin,
        "expected": claim.expected,
        "reason": verdict.reason,
        "comparisons": comparisons,
        "decided_by": decided_by,
        "counts": [],
    }


def _computed(claim: Claim, study: Study) -> dict[str, Any]:
    counts = [
        {"text": each.text, "quantity": each.quantity, "claimed": list(each.claimed_range), "computed": count(each)}
        for each in claim.counts
    ]
    right = all(arithmetic(each.claimed_range, count(each)) == "supported" for each in claim.counts)
    return _declared(claim, study) | dict.fromkeys(_STATISTICAL) | {
        "verdict": "supported" if right else "refuted",
        "reason": "computed as claimed" if right else "computed different",
        "runs": [],
        "comparisons": [],
        "counts": counts,
    }  # fmt: skip


def _declared(claim: Claim, study: Study) -> dict[str, Any]:
    return {
        "statement": claim.statement,
        "study": study.id,
        "kind": claim.kind,
        "measure": claim.measure if claim.is_statistical else None,
        "source": claim.source,
        "refuted_by": claim.refuted_by,
    }
