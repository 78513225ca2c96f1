"""Estimates, intervals and tests against SciPy, published examples and what symmetry demands."""

from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy import stats

from convscope.analysis.power import seeds_needed, smallest_detectable_difference
from convscope.analysis.statistics import (
    Estimate,
    crossed_estimate,
    sign_flip_p,
    simultaneous_level,
    summarise,
)

# hours of sleep gained by ten patients under two drugs (Student 1908); R's paired t test of its data set
# `sleep` gives t = 4.0621, 9 degrees, and 0.7001142 to 2.4598858
DRUG_1 = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
DRUG_2 = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])


def paired_difference(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> Estimate:
    """Return the difference of two accuracies as claims compare them."""
    return crossed_estimate(a.astype(np.float64) - b, imagined="counts")


tables = arrays.arrays(
    np.float64,
    st.tuples(st.integers(2, 6), st.integers(2, 12)),
    elements=st.integers(-1000, 1000).map(lambda whole: whole / 64),
)


def numbers(estimate: Estimate) -> NDArray[np.float64]:
    interval = estimate.interval()
    assert interval is not None
    return np.array(
        [estimate.effect, estimate.seed_error, estimate.test_set_error, estimate.standard_error, *interval],
        dtype=np.float64,
    )


def test_summary_of_a_published_example() -> None:
    summary = summarise(DRUG_2 - DRUG_1)
    assert summary.mean == pytest.approx(1.58)
    assert summary.sd == pytest.approx(1.229995, abs=1e-6)
    assert summary.interval == pytest.approx((0.7001142, 2.4598858), abs=1e-6)
    assert summary.n == 10


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=12))
def test_summary_agrees_with_scipy(values: list[int]) -> None:
    summary = summarise(values)
    assert summary.interval is not None
    if len(set(values)) == 1:
        assert summary.interval == (summary.mean, summary.mean)
    else:
        expected = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
        assert summary.interval == pytest.approx(expected)


def test_a_single_run_has_no_spread() -> None:
    summary = summarise([0.97])
    assert (summary.mean, summary.sd, summary.n, summary.interval) == (0.97, None, 1, None)


@pytest.mark.parametrize("values", [[], [[0.1, 0.2]], [0.5, float("nan")], [float("inf"), 0.5]])
def test_what_has_no_mean_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="value"):
        summarise(values)


def test_without_image_effects_the_estimate_is_that_over_seeds() -> None:
    # each seed's deviations from its own mean cancel over seeds, so the images have nothing in common
    rng = np.random.default_rng(0)
    rest = rng.normal(size=(4, 50))
    scores = np.vstack([rest, -rest]) + rng.normal(size=(8, 1))
    scores -= scores.mean(axis=0) - scores.mean()
    estimate, over_seeds = crossed_estimate(scores), summarise(scores.mean(axis=1))
    assert estimate.test_set_error == 0
    assert estimate.degrees_of_freedom == 7
    assert estimate.interval() == pytest.approx(over_seeds.interval)


def test_without_seed_effects_the_estimate_is_that_over_images() -> None:
    rng = np.random.default_rng(0)
    one_run = rng.normal(size=200)
    estimate, over_images = crossed_estimate(np.tile(one_run, (8, 1))), summarise(one_run)
    assert estimate.seed_error == pytest.approx(0, abs=1e-12)
    assert estimate.degrees_of_freedom == pytest.approx(199)
    assert estimate.interval() == pytest.approx(over_images.interval)


def test_variance_parts_are_unbiased() -> None:
    # means over 4,000 tables, each with a standard error below 2 % of the truth
    rng = np.random.default_rng(0)
    n, images, of_seed, of_image, rest = 6, 15, 0.5, 2.0, 1.0
    found = []
    for _ in range(4000):
        table = of_seed * rng.normal(size=(n, 1)) + of_image * rng.normal(size=images)
        estimate = crossed_estimate(table + rest * rng.normal(size=(n, images)))
        assert estimate.seed_error is not None
        found.append([estimate.seed_error**2, estimate.test_set_error**2])
    expected = [of_seed**2 / n + rest**2 / (n * images), of_image**2 / images]
    np.testing.assert_allclose(np.mean(found, axis=0), expected, rtol=0.05)


def test_a_worked_example_of_satterthwaite() -> None:
    # means of rows 1, 2, 6 and of columns 2, 4; rest 0, 0 | 1, -1 | -1, 1. By hand: mean squares 14, 6 and 2,
    # so the variance of the mean is (14 + 6 - 2) / 6 = 3, degrees 9 / ((14/6)^2 / 2 + 1 / 1 + (1/3)^2 / 2)
    scores = np.array([[0.0, 2.0], [2.0, 2.0], [4.0, 8.0]])
    estimate = crossed_estimate(scores)
    assert estimate.effect == 3
    assert estimate.standard_error == pytest.approx(3**0.5)
    assert estimate.seed_error == pytest.approx((14 / 6) ** 0.5)
    assert estimate.test_set_error == pytest.approx((4 / 6) ** 0.5)
    assert estimate.degrees_of_freedom == pytest.approx(9 / ((14 / 6) ** 2 / 2 + 1 + 1 / 18))


@given(tables, st.randoms(use_true_random=False))
def test_order_of_seeds_and_images_does_not_matter(scores: NDArray[np.float64], random: Random) -> None:
    rows, columns = (random.sample(range(size), size) for size in scores.shape)
    reordered = crossed_estimate(scores[rows][:, columns])
    np.testing.assert_allclose(numbers(reordered), numbers(crossed_estimate(scores)), atol=1e-5)


@given(tables, st.integers(-100, 100))
def test_adding_a_constant_moves_the_estimate_alone(scores: NDArray[np.float64], constant: int) -> None:
    moved = numbers(crossed_estimate(scores)) + np.array([constant, 0, 0, 0, constant, constant])
    np.testing.assert_allclose(numbers(crossed_estimate(scores + constant)), moved, atol=1e-5)


@given(tables)
def test_swapping_the_two_flips_the_sign(scores: NDArray[np.float64]) -> None:
    other = scores[::-1, ::-1] ** 2
    forth, back = crossed_estimate(scores - other), crossed_estimate(other - scores)
    assert forth.effect == -back.effect
    assert forth.standard_error == back.standard_error
    lower, upper = back.interval() or (np.nan, np.nan)
    assert forth.interval() == (-upper, -lower)


def test_difference_of_accuracies() -> None:
    right = np.array([[True, True, True, False], [True, True, False, False]])
    wrong_once = np.array([[True, False, True, False], [True, True, False, False]])
    assert paired_difference(right, wrong_once).effect == 1 / 8
    assert crossed_estimate(right).effect == 5 / 8
    assert (crossed_estimate(right).n, crossed_estimate(right).images) == (2, 4)


def test_equal_predictions_have_a_difference_of_zero_that_is_not_certain() -> None:
    """Other images might tell the two apart: Agresti and Min's two imagined ones, of 100 + 2."""
    right = np.random.default_rng(0).random((8, 100)) < 0.9
    estimate = paired_difference(right, right)
    assert (estimate.effect, estimate.seed_error, estimate.test_set_error) == (0, 0, 1 / 102)
    lower, upper = estimate.interval() or (0, 0)
    assert lower == -upper == pytest.approx(-1.984 / 102, rel=1e-3)


def test_imagined_images_count_only_where_few_differ() -> None:
    a = np.random.default_rng(0).random((8, 1000)) < 0.9
    few, many = a.copy(), a.copy()
    few[:, :19] ^= True
    many[:, :20] ^= True
    plain = [crossed_estimate(a.astype(float) - b) for b in (few, many)]
    found = [paired_difference(a, b) for b in (few, many)]
    assert found[0].test_set_error == pytest.approx(np.hypot(plain[0].test_set_error, 1 / 1002))
    assert found[1] == plain[1]


def test_imagined_images_count_longer_where_all_differ_to_one_side() -> None:
    """A count of 59 is skewed: the interval is then too short where the count is small by chance."""
    right = np.ones((8, 1000), dtype=np.bool_)
    for differing, other_side, imagined in ((59, 4, True), (59, 5, False), (60, 0, False), (60, 4, False)):
        a, b = right.copy(), right.copy()
        b[0, other_side:differing] = False
        a[0, :other_side] = False
        for one, other in ((a, b), (b, a)):
            plain, found = crossed_estimate(one.astype(float) - other), paired_difference(one, other)
            expected = np.hypot(plain.test_set_error, 1 / 1002) if imagined else plain.test_set_error
            assert found.test_set_error == pytest.approx(expected)


def test_of_a_ratio_one_more_image_like_those_that_tell_is_imagined() -> None:
    """With 10 images that tell alike, the variance grows by a tenth of their sum of squares; with many it does not."""
    scores = np.zeros((8, 1000))
    scores[:, :5], scores[:, 5:10] = 1.0, -1.0
    plain, found = crossed_estimate(scores), crossed_estimate(scores, imagined="ratios")
    assert (found.test_set_error / plain.test_set_error) ** 2 == pytest.approx(1.1, rel=2e-3)
    assert found.seed_error == plain.seed_error
    assert crossed_estimate(np.zeros((8, 10)), imagined="ratios").test_set_error == 0


def test_a_single_seed_shows_the_test_set_alone() -> None:
    right = np.array([[True] * 90 + [False] * 10])
    estimate = crossed_estimate(right)
    assert estimate.test_set_error == pytest.approx((0.9 * 0.1 / 99) ** 0.5)  # binomial, n - 1
    assert (estimate.seed_error, estimate.standard_error, estimate.interval()) == (None, None, None)


def test_scores_that_are_no_table_of_pairs_are_refused() -> None:
    right = np.ones((3, 4), dtype=np.bool_)
    with pytest.raises(ValueError, match="1 test image"):
        crossed_estimate(right[:, :1])
    with pytest.raises(ValueError, match="level"):
        crossed_estimate(right).interval(95)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=8))
def test_sign_flips_agree_with_enumeration(differences: list[int]) -> None:
    means = [abs(np.dot(signs, differences)) for signs in product([-1, 1], repeat=len(differences))]
    assert sign_flip_p(differences) == pytest.approx(np.mean(np.array(means) >= abs(sum(differences))))


def test_sign_flips_of_a_published_example() -> None:
    # Fisher (1935, section 21), Darwin's maize in eighths of an inch: 1,726 of 32,768 patterns are as extreme
    maize = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    assert sign_flip_p(maize) == pytest.approx(1726 / 32768)


def test_smallest_sign_flip_p() -> None:
    assert sign_flip_p(np.arange(1.0, 11.0)) == pytest.approx(2 / 2**10)
    with pytest.raises(ValueError, match="21 differences"):
        sign_flip_p(np.ones(21))


def test_simultaneous_levels() -> None:
    assert [simultaneous_level(claims) for claims in (1, 2, 5)] == pytest.approx([0.95, 0.975, 0.99])
    with pytest.raises(ValueError, match="0 claims"):
        simultaneous_level(0)


def test_smallest_detectable_difference_of_a_published_example() -> None:
    # half a standard deviation needs 34 pairs for 80 % power at 5 %, two-sided (Cohen's and G*Power's tables)
    assert smallest_detectable_difference(33**-0.5, 32) > 0.5
    assert smallest_detectable_difference(34**-0.5, 33) < 0.5


@pytest.mark.parametrize(("n", "power", "level"), [(8, 0.8, 0.05), (10, 0.9, 0.05), (8, 0.8, 0.05 / 6)])
def test_smallest_detectable_difference_is_detected(n: int, power: float, level: float) -> None:
    difference = smallest_detectable_difference(n**-0.5, n - 1, power, level)
    runs = np.random.default_rng(0).normal(difference, 1, size=(100_000, n))
    test = stats.ttest_1samp(runs, 0, axis=1, alternative="greater")
    # Monte Carlo standard error 0.13 points at most
    assert np.mean(test.pvalue < level / 2) == pytest.approx(power, abs=0.005)


@pytest.mark.parametrize("margin", [0.004, 0.006, 0.01])
def test_seeds_needed_are_the_fewest_that_detect_the_margin(margin: float) -> None:
    of_seed, test_set, images = 0.008, 0.001, 10_000

    def power(n: int) -> float:
        """By simulation: how often the interval of variance components excludes 0 at a difference of the margin."""
        random = np.random.default_rng(n)
        studies = 20_000
        seeds = random.normal(size=(studies, n)) * of_seed
        effect = margin + seeds.mean(axis=1) + test_set * random.normal(size=studies)
        squares = [seeds.var(axis=1, ddof=1) / n, np.full(studies, test_set**2)]
        error = np.sqrt(np.sum(squares, axis=0))
        degrees = np.maximum(error**4 / (squares[0] ** 2 / (n - 1) + squares[1] ** 2 / images), n - 1)
        return float(np.mean(effect - stats.t.ppf(0.975, degrees) * error > 0))

    estimate = Estimate(0.0, of_seed / 10**0.5, test_set, 0.01, 9.0, 10, images)
    n = seeds_needed(estimate, margin)
    assert n is not None
    assert power(n) > 0.78
    assert power(n - 1) < 0.81


def test_seeds_needed_are_none_where_the_test_set_is_too_small() -> None:
    estimate = Estimate(0.0, 0.001, 0.004, 0.005, 9.0, 10, 500)
    assert seeds_needed(estimate, 0.005) is None
    assert seeds_needed(estimate, 0.02) == 2
    assert seeds_needed(Estimate(0.0, None, 0.004, None, None, 1, 500), 0.02) is None
    # Both bounds of the interval must stay inside: 1.96 + 1.28 test-set errors, 0.01297, are out of reach at 0.0125.
    assert seeds_needed(estimate, 0.0125, kind="equivalence") is None
    assert (seeds_needed(estimate, 0.0135, kind="equivalence") or 0) > (seeds_needed(estimate, 0.0135) or 0)
