"""The acceptance simulation: are the intervals and verdicts as reliable as they say?

Each study redraws its seeds and its test images. A network is right on an image where a latent score is
positive: the image's difficulty, what this architecture makes of this image, what this seed makes of it, how
good this training is, and noise, all of them normal. So the true accuracy is known in closed form, and how
often the two networks disagree, and why, is set by the standard deviations below.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from convscope.analysis.measured import Measured
from convscope.analysis.measures import score
from convscope.analysis.outcomes import _share_removed
from convscope.analysis.pooling import SeedSpread
from convscope.analysis.proportions import errors_removed
from convscope.analysis.statistics import (
    Estimate,
    Interval,
    crossed_estimate,
    simultaneous_level,
    summarise,
)
from convscope.analysis.verdicts import equivalence, superiority

Table = NDArray[np.float32]


@dataclass(frozen=True)
class Population:
    """Standard deviations of the parts of the latent score, whose noise has 1."""

    ease: float
    training: float
    difficulty: float
    architecture: float
    common_seed: float = 0.0
    lead: float = 0.0

    def draw(self, rng: np.random.Generator, n: int, images: int) -> tuple[Table, Table]:
        """Return the latent scores of two networks, (n, images) each."""
        shared = self.difficulty * rng.standard_normal(images, dtype=np.float32)
        if self.common_seed:
            shared = shared + np.float32(self.common_seed) * rng.standard_normal((n, images), dtype=np.float32)

        def network(ease: float) -> Table:
            scores = rng.standard_normal((n, images), dtype=np.float32)
            scores += shared + self.architecture * rng.standard_normal(images, dtype=np.float32)
            scores += (ease + self.training * rng.standard_normal((n, 1))).astype(np.float32)
            return scores

        return network(self.ease + self.lead), network(self.ease)

    @property
    def accuracies(self) -> tuple[float, float]:
        """The accuracies over all seeds and images that there could be."""
        parts = [1, self.training, self.difficulty, self.architecture, self.common_seed]
        spread = float(np.linalg.norm(parts))
        leading, other = stats.norm.cdf(np.array([self.ease + self.lead, self.ease]) / spread)
        return float(leading), float(other)


# with the share of images on which the two networks disagree
POPULATIONS = {
    "images make the error, 3 %": Population(6, 0, 3, 0.8),
    "seeds and images, 3 %": Population(6, 0.08, 3, 0.8),
    "seeds make the error, 2.5 %": Population(6, 0.3, 3, 0.3),
    "few disagreements, 0.6 %": Population(8, 0.05, 3, 0.3, common_seed=0.5),
    "many disagreements, 37 %": Population(0.5, 0.03, 1, 1),
    "nothing in common, 11 %": Population(2, 0, 1, 0),
    "one leads, 3 %": Population(6, 0.06, 3, 0.8, lead=0.25),
}

Study = Callable[[Table, Table], Estimate]


def accuracy_difference(a: NDArray[Any], b: NDArray[Any]) -> Estimate:
    return crossed_estimate((a > 0).astype(np.float64) - (b > 0), imagined="counts")  # as claims compare them


def loss_difference(a: Table, b: Table) -> Estimate:
    return crossed_estimate(np.logaddexp(0, -a) - np.logaddexp(0, -b))


def estimates(name: str, n: int, images: int, studies: int, study: Study) -> list[Estimate]:
    rng = np.random.default_rng([list(POPULATIONS).index(name), n, images])
    return [study(*POPULATIONS[name].draw(rng, n, images)) for _ in range(studies)]


def coverage(found: list[Estimate], truth: float, level: float = 0.95) -> float:
    hits = [interval.lower <= truth <= interval.upper for each in found if (interval := each.interval(level))]
    assert len(hits) == len(found)
    return float(np.mean(hits))


def check(found: list[Estimate], truth: float) -> None:
    """Hold the intervals, and the verdicts where they err most easily, to the contract."""
    assert 0.93 <= coverage(found, truth) <= 0.97
    # at the level for six claims, 99.2 %, six misses together stay near 5 %
    assert coverage(found, truth, simultaneous_level(6)) >= 0.98

    typical_error = float(np.median([each.standard_error for each in found if each.standard_error]))
    equal = [replace(each, effect=each.effect - truth) for each in found]
    for margin in (1e-9, typical_error):
        assert np.mean([superiority(each, margin).verdict == "supported" for each in equal]) <= 0.05
    margin = 6 * typical_error  # wide enough that equivalence is mostly found where it is true
    assert np.mean([equivalence(each, margin).verdict == "supported" for each in equal]) >= 0.9
    just_relevant = [replace(each, effect=each.effect + margin) for each in equal]
    assert np.mean([equivalence(each, margin).verdict == "supported" for each in just_relevant]) <= 0.05
    assert np.mean([superiority(each, margin).verdict == "refuted" for each in just_relevant]) <= 0.05


@pytest.mark.parametrize("n", [8, 10])
@pytest.mark.parametrize("name", POPULATIONS)
def test_accuracy_differences_on_1000_images(name: str, n: int) -> None:
    # 1,000 studies: the coverage has a Monte Carlo standard error of 0.7 points
    leading, other = POPULATIONS[name].accuracies
    check(estimates(name, n, 1000, 1000, accuracy_difference), leading - other)


def test_loss_differences_on_1000_images() -> None:
    check(estimates("seeds and images, 3 %", 8, 1000, 1000, loss_difference), 0.0)


def test_intervals_over_seeds_alone_would_not_pass() -> None:
    def hits(a: Table, b: Table) -> bool:
        interval = summarise(((a > 0).mean(axis=1) - (b > 0).mean(axis=1)).astype(np.float64)).interval
        assert interval is not None
        return interval.lower <= 0 <= interval.upper

    rng = np.random.default_rng(0)
    population = POPULATIONS["images make the error, 3 %"]
    assert np.mean([hits(*population.draw(rng, 10, 1000)) for _ in range(1000)]) < 0.85


@pytest.mark.slow
@pytest.mark.extra
@pytest.mark.parametrize("n", [8, 10])
@pytest.mark.parametrize("name", POPULATIONS)
def test_accuracy_differences_on_10000_images(name: str, n: int) -> None:
    # 2,000 studies: the coverage has a Monte Carlo standard error of 0.5 points
    leading, other = POPULATIONS[name].accuracies
    check(estimates(name, n, 10_000, 2000, accuracy_difference), leading - other)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["images make the error, 3 %", "seeds make the error, 2.5 %"])
def test_accuracies_on_10000_images(name: str) -> None:
    rng = np.random.default_rng(4)
    found = [limits(POPULATIONS[name].draw(rng, 8, 10_000)[0] > 0) for _ in range(2000)]
    assert 0.93 <= covered(found, POPULATIONS[name].accuracies[0]) <= 0.97


# ---------------------------------------------------------------- near 100 %

NEAR_ONE = {  # the leading network, and the other, is right on
    "99.94 and 99.71 %": Population(9, 0, 3, 0.8, lead=1.5),
    "99.997 and 99.9 %": Population(10, 0, 3, 0.8, lead=3),
    "99.99 and 99.9 %, from seeds": Population(10, 0.3, 3, 0.3, lead=2),
    "99.99 and 99.85 %, nothing in common": Population(4.2, 0, 1, 0, lead=1),
    "99.9 % both": Population(10, 0, 3, 0.8),
    "99.97 % both": Population(11.5, 0, 3, 0.8),
    # Found by drawing populations at random: the shares of errors removed of these once had 92.1 to 93 %.
    "99.8 % both, hardly related": Population(6.01, 0.3, 1, 1.5),
    "99.9 and 99.74 %": Population(9.2, 0.3, 3, 0.8, lead=0.96),
    "99.98 and 99.8 %, from seeds": Population(9.15, 0.3, 3, 0.3, lead=2.1),
}


def limits(right: Any, spread: SeedSpread | None = None) -> Interval:
    interval = score(right.astype(np.float64), spread).interval
    assert interval is not None
    return Interval(*interval)


def covered(intervals: Sequence[Interval | None], truth: float) -> float:
    return float(np.mean([each is not None and each.lower <= truth <= each.upper for each in intervals]))


def near_one(name: str, n: int, images: int, studies: int) -> None:
    """Near 100 % an interval may be too wide, which is said; it must not be too narrow, or reach beyond 100 %."""
    rng = np.random.default_rng([list(NEAR_ONE).index(name), n, images])
    population = NEAR_ONE[name]
    better, worse = population.accuracies
    alone, differences, shares = [], [], []
    for _ in range(studies):
        a, b = (scores > 0 for scores in population.draw(rng, n, images))
        alone.append(limits(b))
        differences.append(accuracy_difference(a, b).interval())
        removed = errors_removed(a, b)
        if removed is not None:  # a baseline without errors has no share
            shares.append(removed.interval())
    assert covered(alone, worse) >= 0.93
    assert covered(differences, better - worse) >= 0.93
    assert covered(shares, 1 - (1 - better) / (1 - worse)) >= 0.93
    for interval in alone + shares:
        assert interval is not None
        assert interval.upper <= 1
    assert all(interval is not None and interval.lower < interval.upper for interval in alone + differences)


@pytest.mark.parametrize("name", NEAR_ONE)
def test_near_100_percent_on_1000_images(name: str) -> None:
    near_one(name, 8, 1000, 400)  # Monte Carlo standard error 1.1 points


@pytest.mark.slow
@pytest.mark.extra
@pytest.mark.parametrize("n", [8, 10])
@pytest.mark.parametrize("name", NEAR_ONE)
def test_near_100_percent_in_many_studies(name: str, n: int) -> None:
    for images in (1000, 10_000):
        near_one(name, n, images, 1500)


def test_the_usual_limits_would_not_pass() -> None:
    rng = np.random.default_rng(0)
    found = [crossed_estimate(NEAR_ONE["99.9 % both"].draw(rng, 8, 1000)[0] > 0).interval() for _ in range(400)]
    assert covered(found, NEAR_ONE["99.9 % both"].accuracies[0]) < 0.86


# ---------------------------------------------------------------- shares of errors, contrasts, few seeds


@pytest.mark.parametrize("name", ["seeds and images, 3 %", "few disagreements, 0.6 %", "one leads, 3 %"])
def test_shares_of_errors_removed(name: str) -> None:
    better, worse = POPULATIONS[name].accuracies
    rng = np.random.default_rng(1)
    found = []
    for _ in range(600):
        a, b = POPULATIONS[name].draw(rng, 8, 1000)
        removed = errors_removed(a > 0, b > 0)
        assert removed is not None
        found.append(removed.interval())
    assert 0.93 <= covered(found, 1 - (1 - better) / (1 - worse)) <= 0.97


def test_gains_in_errors_removed() -> None:
    """A third of the images are harder for both, and the leading network removes another share of errors there."""
    hard, easy = Population(3, 0.06, 2, 0.6, lead=0.8), Population(5, 0.06, 2, 0.6, lead=0.3)
    ratios = [(1 - each.accuracies[0]) / (1 - each.accuracies[1]) for each in (hard, easy)]
    weights = [np.repeat([3.0, 0.0], [300, 600]), np.repeat([0.0, 1.5], [300, 600])]
    rng = np.random.default_rng(2)
    found = []
    for _ in range(600):
        parts = hard.draw(rng, 8, 300), easy.draw(rng, 8, 600)
        a, b = (np.hstack([part[which] > 0 for part in parts]).astype(np.float64) for which in (0, 1))
        table = _share_removed(a, b, weights[0]) - _share_removed(a, b, weights[1])
        found.append(crossed_estimate(table, imagined="ratios").interval())
    assert 0.93 <= covered(found, ratios[1] - ratios[0]) <= 0.97


def test_contrasts_hold_their_level() -> None:
    population = POPULATIONS["seeds and images, 3 %"]
    rng = np.random.default_rng(3)
    counted = {name: np.ones(8, dtype=np.bool_) for name in "abcd"}
    found = []
    for _ in range(600):
        tables = [table > 0 for _ in range(2) for table in population.draw(rng, 8, 1000)]
        measured = Measured({name: t.astype(np.float64) for name, t in zip("abcd", tables, strict=True)}, counted)
        found.append(measured.difference("a", "b", ("c", "d")).estimate.interval())
    assert 0.93 <= covered(found, 0.0) <= 0.97


def few_seeds(n: int, studies: int, training: float) -> tuple[float, float, float, float]:
    """Return how often intervals hold the truth: pooled difference and accuracy, unpooled difference, share of errors.

    Six networks share what a seed has in common.
    """
    rng = np.random.default_rng([n, studies])
    images, names = 1000, list("abcdef")
    counted = {name: np.ones(n, dtype=np.bool_) for name in names}
    hits = []
    for _ in range(studies):
        difficulty = 3 * rng.standard_normal(images, dtype=np.float32)
        common = 0.1 * rng.standard_normal((n, 1))
        tables = {}
        for name in names:
            scores = rng.standard_normal((n, images)) + difficulty + 0.6 * rng.standard_normal(images)
            tables[name] = (scores + common + training * rng.standard_normal((n, 1)) + 5 > 0).astype(np.float64)
        measured = Measured(tables, counted)
        spread = measured.spread
        assert spread is not None
        truth = float(stats.norm.cdf(5 / np.sqrt(1 + 9 + 0.36 + 0.01 + training**2)))
        own = accuracy_difference(tables["a"], tables["b"]).interval()
        alone = limits(tables["a"], spread)
        removed = errors_removed(tables["a"] > 0, tables["b"] > 0, spread)
        assert removed is not None
        hits.append(
            [
                covered([measured.difference("a", "b").estimate.interval()], 0.0),
                covered([alone], truth),
                covered([own], 0.0),
                covered([removed.interval()], 0.0),
            ]
        )
    pooled, accuracy, by_own, shares = np.mean(hits, axis=0)
    return float(pooled), float(accuracy), float(by_own), float(shares)


@pytest.mark.parametrize("training", [0.05, 0.2])
@pytest.mark.parametrize("n", [2, 3])
def test_few_seeds_are_pooled_over_the_study(n: int, training: float) -> None:
    pooled, accuracy, _, shares = few_seeds(n, 500, training)  # Monte Carlo standard error 1 point
    assert 0.93 <= shares <= 0.98
    assert 0.93 <= pooled <= 0.975
    assert 0.93 <= accuracy <= 0.98


@pytest.mark.slow
@pytest.mark.extra
@pytest.mark.parametrize("training", [0.05, 0.2])
@pytest.mark.parametrize("n", [2, 3, 5, 7])
def test_few_seeds_in_many_studies(n: int, training: float) -> None:
    pooled, accuracy, _, shares = few_seeds(n, 4000, training)
    assert 0.93 <= shares <= 0.975
    assert 0.93 <= pooled <= 0.97
    assert 0.93 <= accuracy <= 0.975
