"""Data efficiency as a number: how many training images one network needs for the accuracy of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.optimize import brentq

from convscope.analysis.measured import Measured
from convscope.analysis.statistics import Interval, crossed_estimate
from convscope.analysis.study_records import Efficiency, Variant

Curve = Sequence[tuple[int, float]]
"""Accuracy by number of training images, the fewest first."""


def efficiency(pairs: Sequence[tuple[str, str]], variants: Mapping[str, Variant], right: Measured) -> list[Efficiency]:
    """Return for each network with few images how many the other one needs to be as accurate.

    Parameters
    ----------
    pairs
        At each number of training images the one network and the other.
    variants
        With their numbers of training images; two networks of one number count once.

    Returns
    -------
    list
        Empty where the pairs do not differ in their number of images.
    """
    others = tried([b for _, b in pairs], variants)
    if len(others) < 2:
        return []
    curve = [(size, variants[name].test_accuracy.mean) for size, name in others]
    found = []
    for a, _ in pairs:
        lower, upper = fieller_limits(a, others, right)
        images = variants[a].train_images
        assert images is not None  # where the one network of a pair has its own number, the other has
        needed = crossing(curve, variants[a].test_accuracy.mean)
        found.append(Efficiency(a=a, images=images, needed=needed, lower=lower, upper=upper))
    return sorted(found, key=lambda each: each.images)


def tried(names: Sequence[str], variants: Mapping[str, Variant]) -> list[tuple[int, str]]:
    """Return numbers of training images, the fewest first, each with the first network that has it."""
    by_size = {variants[name].train_images: name for name in reversed(names)}
    return sorted((size, name) for size, name in by_size.items() if size)


def crossing(curve: Curve, accuracy: float) -> float | None:
    """Return where a curve, straight between its points on the logarithmic scale, first has an accuracy.

    None where it never does, or has more from its first point on.
    """
    places, heights = np.log([size for size, _ in curve]), [height for _, height in curve]
    for here in range(1, len(curve)):
        low, high = heights[here - 1], heights[here]
        if low <= accuracy <= high:
            share = (accuracy - low) / (high - low) if high > low else 0.0
            return float(np.exp(places[here - 1] + share * (places[here] - places[here - 1])))
    return None


def fieller_limits(a: str, others: Sequence[tuple[int, str]], right: Measured) -> tuple[float | None, float | None]:
    """Return the 95 % limits of the number of images: those at which the two could be equally accurate.

    At every number of images the difference of the interpolated accuracy and that of `a` has an interval for new seeds
    and new test images; the limits are where it begins and ceases to hold 0 (E. C. Fieller, Some problems in interval
    estimation, *Journal of the Royal Statistical Society B* 16 (1954), 175-185). None where that lies outside of the
    numbers that were tried, or a single seed says nothing.
    """
    rows = right.common(a, *(name for _, name in others))
    places = np.log([size for size, _ in others])
    tables = [right.scores[name][rows] for _, name in others]
    target = right.scores[a][rows]

    def interval(place: float) -> Interval | None:
        above = int(np.clip(np.searchsorted(places, place), 1, len(places) - 1))
        share = (place - places[above - 1]) / (places[above] - places[above - 1])
        difference = (1 - share) * tables[above - 1] + share * tables[above] - target
        return crossed_estimate(difference, imagined="counts").interval()

    def limit(side: Callable[[Interval], float]) -> float | None:
        def height(place: float) -> float:
            found = interval(place)
            return np.nan if found is None else side(found)

        ends = height(places[0]), height(places[-1])
        if not ends[0] < 0 < ends[1]:  # NaN of a single seed included
            return None
        return float(np.exp(brentq(height, places[0], places[-1], rtol=1e-6)))

    return limit(lambda found: found.upper), limit(lambda found: found.lower)
