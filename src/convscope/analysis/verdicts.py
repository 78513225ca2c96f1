"""Verdicts on claims: one rule a kind of claim, from an estimate, its interval and a margin.

A difference matters when it is at least the margin; a claim is decided by the whole interval, at the level
that the study's number of claims asks for (`convscope.analysis.statistics.simultaneous_level`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from convscope.analysis.statistics import Estimate, Interval

Hypothesis = Literal["superiority", "equivalence"]
Kind = Literal[Hypothesis, "best of k"]
Ruling = Literal["supported", "refuted", "inconclusive"]

FEWEST_SEEDS = 8


@dataclass(frozen=True)
class Verdict:
    """What the numbers say about a claim, with the numbers that say it."""

    kind: Kind  # the rule that was applied
    verdict: Ruling  # what it gave
    effect: float  # the difference it rests on, in the unit of the estimate
    interval: Interval | None  # of the effect, at the level asked for; None for a single seed
    n: int  # number of seeds, the fewest where there are several comparisons
    leaning: Ruling  # the verdict if the estimates were exact: which way an inconclusive claim points
    reason: str  # why the verdict is what it is, in words without numbers
    rival: str | None = None  # where there are several comparisons, the name of the one that decides; None otherwise


TOO_FEW = "n too small"
NOT_TRAINED = "a network failed to train"
Nuance = Literal["the other way round", "too small to matter", "different, by less than matters"]
OPPOSITE: Nuance = "the other way round"
TOO_SMALL: Nuance = "too small to matter"
DIFFERENT: Nuance = "different, by less than matters"
REASONS: dict[Hypothesis, dict[Ruling, str]] = {
    "superiority": {
        "supported": "the interval lies above zero and the estimate reaches the margin",
        "refuted": "the whole interval lies below the margin",
        "inconclusive": "the interval allows a difference that matters, but does not show it",
    },
    "equivalence": {
        "supported": "the whole interval lies within the margin",
        "refuted": "the whole interval lies outside the margin",
        "inconclusive": "the interval lies partly within the margin and partly outside",
    },
}


def nuance(kind: str, verdict: str, interval: Interval | None, expected: float = 0.0) -> Nuance | None:
    """Say what kind of supported or refuted it is, where there are two; None elsewhere.

    Refuted superiority is `OPPOSITE` where the whole interval lies below 0, else `TOO_SMALL`; a supported equivalence
    whose interval excludes what is expected is `DIFFERENT`.
    """
    if interval is None:
        return None
    lower, upper = interval
    if kind == "superiority" and verdict == "refuted":
        return OPPOSITE if upper < 0 else TOO_SMALL
    if kind == "equivalence" and verdict == "supported" and not lower <= expected <= upper:
        return DIFFERENT
    return None


def superiority(difference: Estimate, margin: float, level: float = 0.95) -> Verdict:
    """Decide "A is better than B".

    Supported where the interval lies above 0 and the estimate is at least the margin; refuted where the whole
    interval lies below the margin; inconclusive otherwise, and with fewer than 8 seeds.

    Parameters
    ----------
    difference
        A minus B, where more is better (B minus A for a loss).
    margin
        The smallest difference that matters, above 0, in the unit of the difference.
    level
        Of the interval, between 0 and 1.
    """
    return _by_interval("superiority", difference, margin, level)


def equivalence(difference: Estimate, margin: float, level: float = 0.95) -> Verdict:
    """Decide "between A and B there is no difference that matters".

    Supported where the whole interval lies strictly within plus and minus the margin; refuted where it lies
    wholly outside, at or beyond the margin on one side; inconclusive otherwise, and with fewer than 8 seeds.
    Parameters as for `superiority`. Two one-sided tests (D. J. Schuirmann, *Journal of Pharmacokinetics and
    Biopharmaceutics* 15, 1987, 657-680) would use a 90 % interval for a 5 % error; with 95 % the error is at
    most 2.5 %.
    """
    return _by_interval("equivalence", difference, margin, level)


def best_of_k(differences: Mapping[str, Estimate], margin: float, level: float = 0.95) -> Verdict:
    """Decide "this variant is the best of all".

    Supported where it is superior to every other, each at the full level (an intersection-union test needs
    no adjustment: R. L. Berger, *Technometrics* 24, 1982, 295-300); refuted where another is superior to it;
    inconclusive otherwise, and with fewer than 8 seeds in any comparison. The effect and interval are those
    of the comparison that decides, the one with the smallest estimate where several do.

    Parameters
    ----------
    differences
        This variant minus each other, by the other's name, at least one; more is better.
    margin, level
        As for `superiority`.
    """
    if not differences:
        raise ValueError("the best of one variant is not a claim; at least one other is needed")
    above = {other: superiority(each, margin, level) for other, each in differences.items()}
    below = {
        other: superiority(replace(each, effect=-each.effect), margin, level) for other, each in differences.items()
    }
    n = min(each.n for each in differences.values())
    verdict, reason, deciding = _best(
        {other: each.verdict for other, each in above.items()},
        {other: each.verdict for other, each in below.items()},
    )
    leaning, _, _ = _best(
        {other: each.leaning for other, each in above.items()},
        {other: each.leaning for other, each in below.items()},
    )
    if n < FEWEST_SEEDS:
        verdict, reason, deciding = "inconclusive", TOO_FEW, list(differences)
    rival = min(deciding, key=lambda other: differences[other].effect)
    return Verdict(
        kind="best of k",
        verdict=verdict,
        effect=differences[rival].effect,
        interval=above[rival].interval,
        n=n,
        leaning=leaning,
        reason=reason,
        rival=rival,
    )


def all_of(verdicts: Mapping[str, Verdict]) -> Verdict:
    """Decide "so it is for every one of these comparisons", all of one kind.

    Supported where every comparison is, each at the full level (an intersection-union test, as `best_of_k`); refuted
    where one is; inconclusive otherwise. Effect and interval are those of the comparison that decides: the one
    furthest from what is claimed where several do.

    Parameters
    ----------
    verdicts
        By a name for each comparison, at least one.
    """

    def combined(outcomes: Mapping[str, Ruling]) -> tuple[Ruling, list[str]]:
        for outcome in ("refuted", "inconclusive", "supported"):
            deciding = [name for name, found in outcomes.items() if found == outcome]
            if deciding:
                return outcome, deciding
        raise ValueError("a claim about no comparison at all; at least one is needed")

    verdict, deciding = combined({name: each.verdict for name, each in verdicts.items()})
    leaning, _ = combined({name: each.leaning for name, each in verdicts.items()})
    n = min(each.n for each in verdicts.values())
    reason = next(verdicts[name].reason for name in deciding)
    if n < FEWEST_SEEDS:
        verdict, reason, deciding = "inconclusive", TOO_FEW, list(verdicts)

    def support(name: str) -> float:
        effect = verdicts[name].effect
        return effect if verdicts[name].kind == "superiority" else -abs(effect)

    name = min(deciding, key=support)
    return replace(verdicts[name], verdict=verdict, leaning=leaning, reason=reason, n=n, rival=name)


def arithmetic(claimed: tuple[float, float], computed: float) -> Ruling:
    """Decide a claim about a count: supported where it lies in the claimed range, else refuted.

    Parameters
    ----------
    claimed
        Lowest and highest number that the claim allows, equal for an exact one.
    """
    return "supported" if claimed[0] <= computed <= claimed[1] else "refuted"


def _by_interval(kind: Hypothesis, difference: Estimate, margin: float, level: float) -> Verdict:
    """Apply the rule of a kind to the interval of an estimate with seeds enough, and to the bare estimate."""
    if not 0 < margin < float("inf"):
        raise ValueError(f"a margin of {margin} separates nothing; it is a finite number above 0")
    rule = _superior if kind == "superiority" else _equivalent
    interval = difference.interval(level)
    verdict: Ruling = "inconclusive"
    reason = TOO_FEW
    if interval is not None and difference.n >= FEWEST_SEEDS:
        verdict = rule(difference.effect, interval, margin)
        reason = REASONS[kind][verdict]
    return Verdict(
        kind=kind,
        verdict=verdict,
        effect=difference.effect,
        interval=interval,
        n=difference.n,
        leaning=rule(difference.effect, Interval(difference.effect, difference.effect), margin),
        reason=reason,
    )


def _superior(effect: float, interval: Interval, margin: float) -> Ruling:
    if interval.lower > 0 and effect >= margin:
        return "supported"
    return "refuted" if interval.upper < margin else "inconclusive"


def _equivalent(_effect: float, interval: Interval, margin: float) -> Ruling:
    if -margin < interval.lower and interval.upper < margin:
        return "supported"
    return "refuted" if interval.lower >= margin or interval.upper <= -margin else "inconclusive"


def _best(above: Mapping[str, Ruling], below: Mapping[str, Ruling]) -> tuple[Ruling, str, list[str]]:
    """Combine the superiorities over each other variant, and theirs, to verdict, reason and who decides."""
    superior = [other for other, outcome in below.items() if outcome == "supported"]
    if superior:
        return "refuted", "another is superior to it", superior
    in_doubt = [other for other, outcome in above.items() if outcome != "supported"]
    if in_doubt:
        return "inconclusive", "neither shown to be superior to every other, nor another to it", in_doubt
    return "supported", "superior to every other", list(above)
