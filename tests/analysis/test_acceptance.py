"""The acceptance simulation: are the intervals and verdicts as reliable as they say?

Each study redraws its seeds and its test images. A network is right on an image where a latent score is
positive: the image's difficulty, what this architecture makes of this image, what this seed makes of it, how
good this training is, and noise, all of them normal. So the true accuracy is known in closed form, and how
often the two networks disagree, and why, is set by the standard deviations below.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from convscope.analysis.statistics import (
    Estimate,
    accuracy_estimate,
    paired_difference,
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


def accuracy_difference(a: Table, b: Table) -> Estimate:
    return paired_difference(a > 0, b > 0)


def loss_difference(a: Table, b: Table) -> Estimate:
    return paired_difference(np.logaddexp(0, -a), np.logaddexp(0, -b))


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
    found = estimates(name, 8, 10_000, 2000, lambda a, _: accuracy_estimate(a > 0))
    assert 0.93 <= coverage(found, POPULATIONS[name].accuracies[0]) <= 0.97
