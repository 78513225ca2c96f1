"""How much a comparison can show: the smallest difference that it detects, and how many seeds a margin takes."""

from __future__ import annotations

from bisect import bisect_left
from typing import Literal

from scipy import special

from convscope.analysis.statistics import Estimate, t_quantile

POWER = 0.8
MOST_SEEDS = 1000  # more are out of reach


def smallest_detectable_difference(
    standard_error: float, degrees_of_freedom: float, power: float = POWER, level: float = 0.05
) -> float:
    """Return the true difference whose sign the interval shows with this power, in the unit of the error.

    The probability of ``effect > t standard_error`` is `power` at this difference, where the effect over its
    error follows the noncentral t distribution (J. Cohen, *Statistical Power Analysis for the Behavioral
    Sciences*, 2nd ed., 1988, chapter 2).

    Parameters
    ----------
    standard_error, degrees_of_freedom
        As in `Estimate`; n - 1 degrees for a mean over n seeds alone.
    power
        Between level / 2 and 1.
    level
        Of the two-sided test, between 0 and 1; divided by the number of claims where there are several.
    """
    critical = t_quantile(1 - level, degrees_of_freedom)
    return float(special.nctdtrinc(degrees_of_freedom, 1 - power, critical)) * standard_error


def detectable(estimate: Estimate, level: float = 0.95) -> float | None:
    """Return `smallest_detectable_difference` of an estimate whose interval has this level; None for a single seed."""
    if estimate.standard_error is None or estimate.degrees_of_freedom is None:
        return None
    return smallest_detectable_difference(estimate.standard_error, estimate.degrees_of_freedom, level=1 - level)


def seeds_needed(
    estimate: Estimate, margin: float, level: float = 0.95, kind: Literal["difference", "equivalence"] = "difference"
) -> int | None:
    """Return the fewest seeds with 80 % power at the margin, were the variances those measured; None where none do.

    The error from the seeds falls with their number, that from the test set stays; so where the test set is too small
    no number of seeds is enough.

    Parameters
    ----------
    estimate
        Of several seeds.
    margin
        The smallest difference that matters.
    level
        Of the interval.
    kind
        ``"difference"``: one as large as the margin has an interval that excludes 0. ``"equivalence"``: networks that
        are equal have an interval within the margin.
    """
    if estimate.seed_error is None:
        return None
    of_one_seed, test_set = estimate.n * estimate.seed_error**2, estimate.test_set_error**2

    def enough(n: int) -> bool:
        seeds = of_one_seed / n
        if seeds + test_set == 0:
            return True
        parts = seeds**2 / (n - 1) + test_set**2 / max(estimate.images - 1, 1)
        error, degrees = (seeds + test_set) ** 0.5, max((seeds + test_set) ** 2 / parts, n - 1)
        if kind == "difference":
            return smallest_detectable_difference(error, degrees, level=1 - level) <= margin
        return bool((t_quantile(level, degrees) + t_quantile(POWER, degrees)) * error <= margin)

    if not enough(MOST_SEEDS):
        return None
    return 2 + bisect_left(range(2, MOST_SEEDS), True, key=enough)  # the error falls with n
