"""Prediction intervals against their definition and a simulation; verdicts on reported figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from convscope.analysis.reproduction import prediction_interval, reproduction_verdict

accuracies = st.lists(st.integers(0, 1000).map(lambda tenths: tenths / 10), min_size=2, max_size=12)


def test_a_new_run_falls_inside_19_times_in_20() -> None:
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(10_000):  # Monte Carlo standard error 0.2 points
        *ours, new = rng.normal(98.9, 0.1, size=9)
        interval = prediction_interval(ours)
        assert interval is not None
        hits.append(interval.lower <= new <= interval.upper)
    assert np.mean(hits) == pytest.approx(0.95, abs=0.01)


def test_prediction_interval_by_hand() -> None:
    # mean 2, standard deviation 1, t of 2 degrees 4.3027 (any table)
    half_width = 4.302653 * (4 / 3) ** 0.5
    assert prediction_interval([1, 2, 3]) == pytest.approx((2 - half_width, 2 + half_width))
    assert prediction_interval([1, 2, 3], half_rounding=0.5) == pytest.approx((1.5 - half_width, 2.5 + half_width))


@given(accuracies)
def test_prediction_is_wider_than_the_interval_for_the_mean(values: list[float]) -> None:
    interval = prediction_interval(values)
    assert interval is not None
    n, sd = len(values), np.std(values, ddof=1)
    of_mean = stats.t.ppf(0.975, n - 1) * sd / n**0.5
    assert interval.upper - interval.lower == pytest.approx(2 * of_mean * (n + 1) ** 0.5)


@given(accuracies, st.floats(0, 100), st.sampled_from([0.0, 0.05, 0.5]))
def test_reproduced_where_the_rounded_figure_and_the_prediction_meet(
    values: list[float], reported: float, half_rounding: float
) -> None:
    interval = prediction_interval(values)
    assert interval is not None
    low, high = reported - half_rounding, reported + half_rounding
    verdict = reproduction_verdict(low, high, values).verdict
    if high < interval.lower - 1e-9:
        assert verdict == "ours higher"
    elif low > interval.upper + 1e-9:
        assert verdict == "ours lower"
    elif interval.lower + 1e-9 < high and low < interval.upper - 1e-9:
        assert verdict == "reproduced"


def test_the_rounding_decides_at_the_edge() -> None:
    ours = [98.0, 98.0, 98.0]
    assert reproduction_verdict(98.0, 98.5, ours).verdict == "reproduced"
    assert reproduction_verdict(98.25, 98.5, ours).verdict == "ours lower"
    assert reproduction_verdict(97.5, 97.75, ours).verdict == "ours higher"


def test_a_single_run_decides_nothing() -> None:
    assert prediction_interval([98.9]) is None
    reproduction = reproduction_verdict(98.85, 98.95, [98.9])
    assert (reproduction.verdict, reproduction.interval, reproduction.ours) == ("too few runs", None, 98.9)


def test_a_figure_from_high_to_low_is_refused() -> None:
    with pytest.raises(ValueError, match="between 2 and 1"):
        reproduction_verdict(2, 1, [1.0, 2.0])
