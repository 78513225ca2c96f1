"""Verdicts on the claims of a study, from what its runs do on each test image, or from its specifications."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any, Literal, NamedTuple

from convscope.analysis import records
from convscope.analysis.estimates import ClaimComparison
from convscope.analysis.measured import Measured
from convscope.analysis.measures import difference_fields, removed
from convscope.analysis.outcomes import ACCURACY
from convscope.analysis.power import detectable, seeds_needed
from convscope.analysis.statistics import Estimate, simultaneous_level
from convscope.analysis.verdicts import (
    NOT_TRAINED,
    Verdict,
    all_of,
    arithmetic,
    best_of_k,
    equivalence,
    nuance,
    superiority,
)
from convscope.errors import SpecError
from convscope.models.cost import layer_costs, macs, parameters
from convscope.specs import ModelSpec
from convscope.studies.study import Claim, Count, Profile, Study

# What an arithmetic claim has none of.
_NO_STATISTICS: dict[str, Any] = dict.fromkeys((
    "leaning", "nuance", "unit", "effect", "interval", "errors_removed", "n", "smallest_detectable", "n_needed",
    "decided_by",
))  # fmt: skip


class Power(NamedTuple):
    """Of a claim's comparison that shows least: what it can detect, and the seeds that the margin takes."""

    smallest_detectable: float | None
    n_needed: int | None


def decide(
    study: Study,
    profile: Profile,
    outcomes: Mapping[str, Measured],
    runs: Mapping[str, list[str]],
    failed: Collection[str] = (),
) -> dict[str, records.Claim]:
    """Return each claim of a study with its verdict.

    Raises SpecError: a claim is about a measure that is not among the outcomes.

    Parameters
    ----------
    profile
        Decides which of them can be answered: those whose variants it runs, and arithmetic ones.
    outcomes
        By measure, (seeds, test images) fractions of each variant whose mean over images is the measure of a seed.
    failed
        Variants of which no run trained: nothing can be said about them.
    """
    decided = compute(study)
    for claim in study.claims_in(profile):
        if claim.is_statistical:
            if claim.measure not in outcomes:
                raise SpecError(
                    f"Claim {claim.id!r} is about the measure {claim.measure!r}; study {study.id!r} has "
                    f"{', '.join(map(repr, outcomes))}."
                )
            keys = tuple(key for name in claim.named for key in runs[name])
            trained = not set(claim.named) & set(failed)
            decided[claim.id] = _tested(claim, study, outcomes[claim.measure], keys, trained=trained)
    return {claim.id: decided[claim.id] for claim in study.claims_in(profile)}


def level_of(claim: Claim, study: Study) -> float:
    """Return the level of a claim's intervals: that of its study's family, or 95 % for what is description."""
    return simultaneous_level(max(len(study.primary_claims), 1)) if claim.is_primary else 0.95


def compute(study: Study) -> dict[str, records.Claim]:
    """Return the arithmetic claims of a study with their verdicts; no run is needed for them."""
    return {claim.id: _computed(claim, study) for claim in study.claims if not claim.is_statistical}


def rule(
    kind: str,
    differences: Sequence[Estimate],
    margin: float,
    level: float,
    expected: float = 0.0,
    *,
    trained: bool = True,
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
    trained
        Whether every variant has a run that trained; without, there is no verdict.
    """
    named = {str(place): replace(each, effect=each.effect - expected) for place, each in enumerate(differences)}
    if kind == "best of k":
        verdict = best_of_k(named, margin, level)
    else:
        single = superiority if kind == "superiority" else equivalence
        verdict = all_of({name: single(each, margin, level) for name, each in named.items()})
    if not trained:
        verdict = replace(verdict, verdict="inconclusive", leaning="inconclusive", reason=NOT_TRAINED)
    return verdict, int(verdict.rival or 0)


def power_of(claim_kind: str, differences: Sequence[Estimate], margin: float, level: float) -> Power:
    """Return what the claim's comparison that shows least can detect, and the seeds that the margin takes.

    Parameters
    ----------
    claim_kind, differences, margin, level
        As for `rule`.
    """
    kind: Literal["difference", "equivalence"] = "equivalence" if claim_kind == "equivalence" else "difference"
    smallest = [detectable(each, level) for each in differences]
    needed = [seeds_needed(each, margin, level, kind) for each in differences]
    return Power(
        None if None in smallest else max(each for each in smallest if each is not None),
        None if None in needed else max(each for each in needed if each is not None),
    )


def count(counted: Count) -> float:
    """Return the number that a specification gives, for what an arithmetic claim counts."""
    ours = _count(counted.quantity, counted.model)
    return ours / _count(counted.quantity, counted.over) if counted.over else ours


def _count(quantity: str, model: ModelSpec) -> int:
    layers = list(zip(layer_costs(model), model.layers, strict=True))
    if quantity == "receptive field":
        return max(cost.receptive_field for cost, layer in layers if layer.window is not None)
    if quantity == "kernel weights":
        # the arrays of convolutions are those with four sides: filters, channels, rows, columns
        return sum(prod(shape) for shape in model.arrays.values() if len(shape) == 4)
    return macs(model) if quantity == "multiply-accumulates" else parameters(model)


def _tested(claim: Claim, study: Study, measured: Measured, runs: tuple[str, ...], *, trained: bool) -> records.Claim:
    margin, level = claim.margin or study.margin, level_of(claim, study)
    found = [measured.difference(a, b, claim.contrast) for a, b in claim.pairs]
    estimates = [each.estimate for each in found]
    verdict, decided_by = rule(claim.kind, estimates, margin, level, claim.expected, trained=trained)
    comparisons = []
    for (a, b), each in zip(claim.pairs, found, strict=True):
        shared = claim.measure == ACCURACY and b is not None and claim.contrast is None
        comparisons.append(
            ClaimComparison(
                a=a,
                b=b,
                minus=claim.contrast,
                **difference_fields(each, level),
                errors_removed=removed(a, b, measured, level) if shared and b is not None else None,
            )
        )
    decides = comparisons[decided_by]
    return records.Claim(
        **declared_claim(claim, study).stated(),
        verdict=verdict.verdict,
        leaning=verdict.leaning,
        nuance=nuance(claim.kind, verdict.verdict, estimates[decided_by].interval(level), claim.expected),
        unit="fraction",
        effect=decides.effect,
        interval=decides.interval,
        errors_removed=decides.errors_removed,
        n=verdict.n,
        **power_of(claim.kind, estimates, margin, level)._asdict(),
        reason=verdict.reason,
        comparisons=tuple(comparisons),
        decided_by=decided_by,
        counts=(),
        runs=runs,
    )


def _computed(claim: Claim, study: Study) -> records.Claim:
    counts = tuple(
        records.Counted(text=each.text, quantity=each.quantity, claimed=each.claimed_range, computed=count(each))
        for each in claim.counts
    )
    right = all(arithmetic(each.claimed, each.computed) == "supported" for each in counts)
    return records.Claim(
        **declared_claim(claim, study).stated(),
        **_NO_STATISTICS,
        verdict="supported" if right else "refuted",
        reason="computed as claimed" if right else "computed different",
        runs=(),
        comparisons=(),
        counts=counts,
    )


def declared_claim(claim: Claim, study: Study) -> records.DeclaredClaim:
    """Return what stands in the claim itself, or follows from how many its study has."""
    tested = claim.is_statistical
    return records.DeclaredClaim(
        statement=claim.statement,
        study=study.id,
        kind=claim.kind,
        measure=claim.measure if tested else None,
        source=claim.source,
        refuted_by=claim.refuted_by,
        declared=claim.declared,
        level=level_of(claim, study) if tested else None,
        margin=claim.margin or study.margin if tested else None,
        expected=claim.expected if tested else None,
    )
