"""Whether a figure that others reported agrees with our runs.

Such a figure is one run of unknown seed, so it is compared with where a single new run would fall, not with
the much narrower interval for the mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convscope.analysis.statistics import Interval, summarise, t_quantile
from convscope.analysis.study_records import Reproduction


def prediction_interval(values: Sequence[float] | NDArray[np.floating], half_rounding: float = 0.0) -> Interval | None:
    """Return where one new run falls with a probability of 95 %, None for a single run.

    ``mean ± (t sd sqrt(1 + 1/n) + half_rounding)`` with t of n - 1 degrees (G. J. Hahn and W. Q. Meeker,
    *Statistical Intervals*, Wiley, 1991, section 4.7). The new run is tested on the same images, so the test
    set adds no error.

    Parameters
    ----------
    half_rounding
        Half a unit of the last digit of the figure to compare with, in the unit of the values, 0 or more.
    """
    summary = summarise(values)
    if summary.sd is None:
        return None
    half_width = t_quantile(0.95, summary.n - 1) * summary.sd * (1 + 1 / summary.n) ** 0.5 + half_rounding
    return Interval(summary.mean - half_width, summary.mean + half_width)


def reproduction_verdict(
    reported_low: float, reported_high: float, values: Sequence[float] | NDArray[np.floating]
) -> Reproduction:
    """Compare a reported figure, a single run of unknown seed, with where a new run of ours would fall.

    The interval is the 95 % prediction interval, widened by the reported figure's rounding; a single run of ours, whose
    spread is not known, has none.

    Parameters
    ----------
    reported_low, reported_high
        What the reported figure was before it was rounded: 98.85 and 98.95 for a reported 98.9.
    """
    if not reported_low <= reported_high:
        raise ValueError(f"a figure cannot lie between {reported_low} and {reported_high}")
    mean = summarise(values).mean
    interval = prediction_interval(values, half_rounding=(reported_high - reported_low) / 2)
    if interval is None:
        return Reproduction(ours=mean, interval=None, verdict="too few runs")
    reported = (reported_low + reported_high) / 2
    if interval.lower <= reported <= interval.upper:
        return Reproduction(ours=mean, interval=interval, verdict="reproduced")
    return Reproduction(ours=mean, interval=interval, verdict="ours higher" if reported < mean else "ours lower")
