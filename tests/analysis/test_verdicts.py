"""The verdict table, edge by edge, and what swapping the two networks does to it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.analysis.statistics import Estimate, simultaneous_level
from convscope.analysis.verdicts import all_of, arithmetic, best_of_k, equivalence, superiority

MARGIN = 0.25


def estimate(lower: float, upper: float, n: int = 10) -> Estimate:
    """Return an estimate with this 95 % interval; t of 1e12 degrees is 1.96 whatever n."""
    error = (upper - lower) / 2 / 1.959963984540054
    return Estimate((lower + upper) / 2, error, 0.0, error, 1e12, n, 10_000)


def exact(effect: float, n: int = 10) -> Estimate:
    """Return an estimate without error, so that an edge can be hit exactly."""
    return estimate(effect, effect, n)


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [
        (estimate(0.01, 0.6), "supported"),
        (estimate(0.3, 0.6), "supported"),
        (estimate(0.01, 0.4), "inconclusive"),  # shown to be above 0, but not shown to matter
        (estimate(-0.01, 0.6), "inconclusive"),
        (estimate(-0.6, 0.26), "inconclusive"),
        (estimate(-0.6, 0.24), "refuted"),
        (estimate(0.1, 0.2), "refuted"),  # better, by less than matters
        (estimate(-0.6, -0.3), "refuted"),
        (exact(0.25), "supported"),  # a difference of exactly the margin matters
        (exact(0.2499), "refuted"),
        (exact(0.0), "refuted"),
    ],
)
def test_superiority(difference: Estimate, verdict: str) -> None:
    assert superiority(difference, MARGIN).verdict == verdict


def test_superiority_needs_a_lower_end_above_zero() -> None:
    touching = Estimate(1.0, 1.0, 0.0, 1.0, 1e12, 10, 100)
    level = 0.6826894921370859  # one standard error either way
    assert superiority(touching, MARGIN, level - 1e-6).verdict == "supported"
    assert superiority(touching, MARGIN, level + 1e-6).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [
        (estimate(-0.24, 0.24), "supported"),
        (estimate(0.1, 0.2), "supported"),  # a difference, but none that matters
        (estimate(-0.24, 0.26), "inconclusive"),
        (estimate(-0.26, 0.24), "inconclusive"),
        (estimate(-0.5, 0.5), "inconclusive"),
        (estimate(0.24, 0.5), "inconclusive"),
        (estimate(0.26, 0.5), "refuted"),
        (estimate(-0.5, -0.26), "refuted"),
        (exact(0.25), "refuted"),
        (exact(-0.25), "refuted"),
        (exact(0.2499), "supported"),
        (exact(0.0), "supported"),
    ],
)
def test_equivalence(difference: Estimate, verdict: str) -> None:
    assert equivalence(difference, MARGIN).verdict == verdict


@pytest.mark.parametrize(
    ("others", "verdict", "rival"),
    [
        ({"MLP": estimate(0.3, 0.6), "stride": estimate(0.1, 0.5)}, "supported", "stride"),
        ({"MLP": estimate(0.3, 0.6), "stride": estimate(-0.1, 0.9)}, "inconclusive", "stride"),
        ({"MLP": estimate(0.1, 0.2), "stride": estimate(-0.3, 0.2)}, "inconclusive", "stride"),
        ({"MLP": estimate(0.3, 0.6), "stride": estimate(-0.5, -0.1)}, "refuted", "stride"),
        # the lowest estimate is too uncertain to refute, another does
        ({"deep": estimate(-3, 1), "stride": estimate(-0.5, -0.1)}, "refuted", "stride"),
        # one is shown to be better, by less than matters
        ({"MLP": estimate(0.3, 0.6), "stride": estimate(-0.2, -0.1)}, "inconclusive", "stride"),
        ({"MLP": estimate(0.3, 0.6)}, "supported", "MLP"),
    ],
)
def test_best_of_k(others: dict[str, Estimate], verdict: str, rival: str) -> None:
    found = best_of_k(others, MARGIN)
    assert (found.verdict, found.rival) == (verdict, rival)
    assert found.effect == others[rival].effect
    assert found.interval == others[rival].interval()


def test_arithmetic() -> None:
    assert arithmetic((18, 18), 18) == "supported"
    assert arithmetic((25, 25), 18) == "refuted"
    assert [arithmetic((0.8, 1.25), ratio) for ratio in (0.79, 0.8, 1.25, 1.26)] == [
        "refuted", "supported", "supported", "refuted",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("differences", "verdict", "deciding"),
    [
        ({"3": estimate(0.3, 0.6), "5": estimate(0.2, 0.5)}, "supported", "5"),
        ({"3": estimate(0.3, 0.6), "5": estimate(-0.1, 0.9)}, "inconclusive", "5"),
        ({"3": estimate(-0.1, 0.9), "5": estimate(-0.6, 0.2)}, "refuted", "5"),
        ({"3": estimate(-0.6, 0.2), "5": estimate(-0.9, 0.1)}, "refuted", "5"),
        ({"3": estimate(0.3, 0.6, n=7), "5": estimate(0.2, 0.5)}, "inconclusive", "5"),
    ],
)
def test_all_of_several_superiorities(differences: dict[str, Estimate], verdict: str, deciding: str) -> None:
    found = all_of({name: superiority(each, MARGIN) for name, each in differences.items()})
    assert (found.verdict, found.rival) == (verdict, deciding)
    assert found.interval == differences[deciding].interval()
    assert found.n == min(each.n for each in differences.values())


@pytest.mark.parametrize(
    ("differences", "verdict", "deciding"),
    [
        ({"3": estimate(-0.1, 0.2), "5": estimate(-0.2, 0.1)}, "supported", "3"),
        ({"3": estimate(-0.1, 0.1), "5": estimate(-0.4, -0.3)}, "refuted", "5"),
        ({"3": estimate(-0.1, 0.1), "5": estimate(-0.4, -0.2)}, "inconclusive", "5"),
    ],
)
def test_all_of_several_equivalences(differences: dict[str, Estimate], verdict: str, deciding: str) -> None:
    found = all_of({name: equivalence(each, MARGIN) for name, each in differences.items()})
    assert (found.verdict, found.leaning, found.rival) == (verdict, verdict if verdict != "inconclusive" else "refuted",
                                                           deciding)  # fmt: skip


@pytest.mark.parametrize(
    ("effect", "of_superiority", "of_equivalence"),
    [(0.6, "supported", "refuted"), (0.1, "refuted", "supported"), (-0.6, "refuted", "refuted")],
)
def test_fewer_than_8_seeds_only_lean(effect: float, of_superiority: str, of_equivalence: str) -> None:
    for rule, leaning in ((superiority, of_superiority), (equivalence, of_equivalence)):
        seven, eight = rule(exact(effect, n=7), MARGIN), rule(exact(effect, n=8), MARGIN)
        assert (seven.verdict, seven.reason) == ("inconclusive", "n too small")
        assert (seven.leaning, seven.effect, seven.n) == (leaning, effect, 7)
        assert seven.interval == (effect, effect)
        assert eight.verdict == leaning
        assert eight.reason != seven.reason


def test_a_single_seed_leans_without_an_interval() -> None:
    one = replace(exact(0.6, n=1), seed_error=None, standard_error=None, degrees_of_freedom=None)
    for found in (superiority(one, MARGIN), best_of_k({"MLP": one}, MARGIN)):
        assert (found.verdict, found.leaning, found.reason) == ("inconclusive", "supported", "n too small")
        assert found.interval is None


def test_one_comparison_with_few_seeds_leaves_the_best_open() -> None:
    found = best_of_k({"MLP": estimate(0.5, 0.6), "stride": estimate(0.8, 0.9, n=3)}, MARGIN)
    assert (found.verdict, found.leaning, found.n) == ("inconclusive", "supported", 3)
    torn = best_of_k({"MLP": estimate(0.5, 0.6), "stride": exact(0.0, n=3)}, MARGIN)
    assert (torn.verdict, torn.leaning) == ("inconclusive", "inconclusive")


def test_more_claims_need_wider_intervals() -> None:
    difference = estimate(0.05, 0.6)
    assert superiority(difference, MARGIN).verdict == "supported"
    level = simultaneous_level(6)
    adjusted = superiority(difference, MARGIN, level)
    assert adjusted.verdict == "inconclusive"
    assert adjusted.leaning == "supported"
    assert adjusted.interval == difference.interval(level)


@pytest.mark.parametrize("margin", [0.0, -0.5, float("nan"), float("inf")])
def test_a_margin_that_separates_nothing_is_refused(margin: float) -> None:
    for rule in (superiority, equivalence):
        with pytest.raises(ValueError, match="margin"):
            rule(exact(0.5), margin)


def test_the_best_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one other"):
        best_of_k({}, MARGIN)


ends = st.tuples(st.integers(-100, 100), st.integers(-100, 100)).map(sorted)


@given(ends, st.integers(1, 60))
def test_verdicts_fit_together(interval: list[int], margin: int) -> None:
    difference = estimate(*interval)
    swapped = replace(difference, effect=-difference.effect)
    forth, back = superiority(difference, margin).verdict, superiority(swapped, margin).verdict
    equal = equivalence(difference, margin).verdict
    assert equivalence(swapped, margin).verdict == equal
    if forth == "supported":  # not both better and worse, nor better and equal
        assert back == "refuted"
        assert equal != "supported"
    assert (equal == "supported") == (forth == "refuted" and back == "refuted")
    assert best_of_k({"other": difference}, margin).verdict == (
        "supported" if forth == "supported" else "refuted" if back == "supported" else "inconclusive"
    )
