"""Estimates with their two sources of error: the seeds a network is trained with, and the finite test set.

The score of seed s on test image i (right or wrong, or a loss) is taken as

    score[s, i] = mean + seed[s] + image[i] + rest[s, i]

with three independent random terms, a balanced two-way layout without replication [1]_. All seeds are tested
on the same images, so ``image`` does not average out over seeds: an interval over seeds alone answers only
for this one test set, and finds differences between equally good networks far more often than it says.

References
----------
.. [1] S. R. Searle, G. Casella, C. E. McCulloch, *Variance Components*, Wiley, 1992, chapter 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

Scores = NDArray[np.bool_] | NDArray[np.floating]

ENOUGH_DIFFER = 20  # images; below, what the others would have shown is not known well enough from them
ENOUGH_TO_A_SIDE = 5  # images; below, nearly all that differ lie to one side, and their mean is skewed as a count's
ENOUGH_ONE_SIDED = 60  # images; from here such a count is near enough to normal
Imagined = Literal["counts", "ratios"]
MOST_SIGN_FLIPS = 20  # 2**20 sign patterns take seconds, each further run doubles that


class Interval(NamedTuple):
    """A closed interval, in the unit of what it is about."""

    lower: float
    upper: float


@dataclass(frozen=True)
class Summary:
    """Runs that differ in their seed alone.

    Parameters
    ----------
    mean
        Arithmetic mean, in the unit of the values.
    sd
        Standard deviation with n - 1 in the denominator; None for a single run.
    n
        Number of runs.
    interval
        95 % t interval for the mean over seeds, on this one test set; None for a single run.
    """

    mean: float
    sd: float | None
    n: int
    interval: Interval | None

    def estimate(self, images: int) -> Estimate:
        """Return the estimate of a value known for each run as a whole: what the test images add is in no number."""
        error = None if self.sd is None else self.sd / self.n**0.5
        return Estimate(self.mean, error, 0.0, error, None if error is None else self.n - 1.0, self.n, images)


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds and test images, with the error from each.

    Parameters
    ----------
    effect
        The mean score, or the mean difference of scores; a fraction (0.01 is one point) for right and wrong.
    seed_error
        Standard error from drawing the seeds, the test set being fixed; None for a single seed.
    test_set_error
        Standard error from drawing the test images. With several seeds it is what is common to them, and 0
        where nothing is; with a single seed it is all that the images show.
    standard_error
        Both errors combined, the root of the sum of their squares; None for a single seed.
    degrees_of_freedom
        Of the combined error; None for a single seed.
    n
        Number of seeds.
    images
        Number of test images.
    """

    effect: float
    seed_error: float | None
    test_set_error: float
    standard_error: float | None
    degrees_of_freedom: float | None
    n: int
    images: int

    def interval(self, level: float = 0.95) -> Interval | None:
        """Return ``effect ± t standard_error`` at a confidence level between 0 and 1; None for a single seed.

        The interval is for new seeds and new test images. Where all scores are equal it has no width.
        """
        if self.standard_error is None or self.degrees_of_freedom is None:
            return None
        half_width = t_quantile(level, self.degrees_of_freedom) * self.standard_error
        return Interval(self.effect - half_width, self.effect + half_width)


def summarise(values: Sequence[float] | NDArray[np.floating]) -> Summary:
    """Return mean, standard deviation and Student's ``mean ± t sd / sqrt(n)`` of one value a run."""
    runs = _finite(values, dimensions=1)
    mean, n = float(runs.mean()), len(runs)
    if n == 1:
        return Summary(mean, None, 1, None)
    sd = float(runs.std(ddof=1))
    half_width = t_quantile(0.95, n - 1) * sd / n**0.5
    return Summary(mean, sd, n, Interval(mean - half_width, mean + half_width))


def crossed_estimate(
    scores: Scores, *, seeds: tuple[float, float] | None = None, imagined: Imagined | None = None
) -> Estimate:
    r"""Estimate the mean of scores whose seeds and images are both drawn at random.

    With the mean squares of the analysis of variance for seeds, images and their rest,

    .. math:: \widehat{\mathrm{var}} = \frac{MS_{seeds} + \max(MS_{images} - MS_{rest}, 0)}{n N}

    where the first part is the squared `seed_error` and the second the squared `test_set_error`. The degrees
    of freedom are Satterthwaite's [1]_, for the three mean squares, and at least n - 1.

    Parameters
    ----------
    scores
        (n seeds, N images), n >= 1, N >= 2: booleans (right or wrong), or one real number an image, such as a
        loss or a difference of two scores.
    seeds
        The variance of one seed's mean and its degrees of freedom, from elsewhere: pooled over a study
        (`convscope.analysis.pooling`). None takes it from these scores.
    imagined
        Which imagined images are added to the error where few images tell, as Agresti and Min do for paired
        proportions [3]_. ``"counts"``, for differences of right and wrong answers, of which most are alike: where
        fewer than 20 images ever differ from the others, or fewer than 60 and fewer than 5 of them to one of the
        sides, half of one that differs to each side; `test_set_error` is then never 0. ``"ratios"``, for the linear
        part of a ratio of error rates: always one more that is as large as those that make the error. None adds none.

    Notes
    -----
    Chosen by simulation (``tests/analysis/test_acceptance.py``): seeds and test set redrawn each time, n
    of 8 and 10, networks that disagree on 0.6 to 37 % of 1,000 or 10,000 images, the error mostly from
    seeds, mostly from images, or from both. How many of the 95 % intervals hold the truth, over 28 such
    settings of 2,000 to 4,000 studies (Monte Carlo standard error at most 0.5 points):

    =====================================  ==============
    this one                               94.1 to 95.8 %
    the same error, t of n - 1 degrees     94.8 to 97.9 %
    percentiles of the crossed bootstrap   96.6 to 99.9 %
    seeds alone, t of n - 1 degrees        68.1 to 95.5 %
    =====================================  ==============

    (The bootstrap on 1,000 images, in 14 settings of 1,000 studies: it counts the rest both with the
    seeds and with the images [2]_.) At the level for six claims, 99.2 %, it is 98.7 to 99.4 %; for
    differences of losses 94.7 to 95.1 %, for accuracies 93.8 to 96.1 %. Equal networks were "superior" in
    1.8 to 2.9 %, networks that differ by the margin "equivalent" in 2.1 to 3.2 %. Fewer seeds are less
    reliable: with two, 90 to 94 %.

    Networks of 99.4 to 99.99 % on 1,000 images, of which 1 to 20 ever differ: 52 to 96 % as it is, 93.2 to
    100 % with two imagined. Networks of 99.997 and 99.9 % on 10,000 images, of which 27 to 48 ever differ, nearly
    all to one side: 92.6 % without the imagined images (4,500 studies), 95.8 and 96.5 % with them (1,500 other
    studies of 8 and of 10 seeds).

    References
    ----------
    .. [1] F. E. Satterthwaite, An approximate distribution of estimates of variance components, *Biometrics
       Bulletin* 2 (1946), 110-114.
    .. [2] A. B. Owen, The pigeonhole bootstrap, *Annals of Applied Statistics* 1 (2007), 386-411.
    .. [3] A. Agresti, Y. Min, Simple improved confidence intervals for comparing matched proportions, *Statistics
       in Medicine* 24 (2005), 729-740.
    """
    table = _finite(scores, dimensions=2)
    n, images = table.shape
    if images < 2:
        raise ValueError(f"scores of {images} test image say nothing about other images; at least 2 are needed")
    effect = table.mean()
    of_seed = table.mean(axis=1, keepdims=True) - effect
    of_image = table.mean(axis=0, keepdims=True) - effect
    # mean squares over n N: each is a variance of the overall mean
    image_part = np.sum(of_image**2) / ((images - 1) * images)
    if n == 1:
        return Estimate(float(effect), None, float(image_part**0.5), None, None, n, images)
    rest_part = np.sum((table - effect - of_seed - of_image) ** 2) / ((n - 1) * (images - 1) * n * images)
    variance_of_seed, seed_degrees = seeds or (np.sum(of_seed**2) / (n - 1), n - 1)
    seed_part = variance_of_seed / n

    test_set_variance = max(image_part - rest_part, 0.0)
    if imagined == "counts":
        test_set_variance += _two_that_differ(table)
    elif imagined == "ratios":
        test_set_variance += _one_that_tells(of_image)
    variance = seed_part + test_set_variance
    degrees_of_freedom = float(seed_degrees)
    if test_set_variance > 0:
        parts = np.array([seed_part, image_part, rest_part])
        degrees = np.array([seed_degrees, images - 1, (n - 1) * (images - 1)])
        squares = float(np.sum(parts**2 / degrees))
        degrees_of_freedom = max(degrees_of_freedom, float(variance**2 / squares) if squares else images - 1.0)
    return Estimate(
        effect=float(effect),
        seed_error=float(seed_part**0.5),
        test_set_error=float(test_set_variance**0.5),
        standard_error=float(variance**0.5),
        degrees_of_freedom=degrees_of_freedom,
        n=n,
        images=images,
    )


def _two_that_differ(table: NDArray[np.float64]) -> float:
    """Return the variance of two more images that differ, one to each side; 0 where enough differ already."""
    deviations = table - np.median(table, axis=1, keepdims=True)
    above, below = deviations.max(axis=0), -deviations.min(axis=0)
    sizes = np.maximum(above, below)
    differing = sizes > 1e-9
    rarer_side = min(np.count_nonzero(above > 1e-9), np.count_nonzero(below > 1e-9))
    if differing.sum() >= (ENOUGH_DIFFER if rarer_side >= ENOUGH_TO_A_SIDE else ENOUGH_ONE_SIDED):
        return 0.0
    size = float(np.mean(sizes[differing] ** 2)) if differing.any() else 1.0
    return size / float(table.shape[1] + 2) ** 2


def _one_that_tells(of_image: NDArray[np.float64]) -> float:
    """Return the variance of one more image, as large as those whose squares make the sum of squares."""
    squares = np.sum(of_image**2)
    return float(np.sum(of_image**4) / squares) / of_image.size**2 if squares else 0.0


def sign_flip_p(differences: Sequence[float] | NDArray[np.floating]) -> float:
    """Return the exact two-sided p of "these paired differences are as likely with the other sign".

    The mean is compared with its value under all 2^n choices of signs (R. A. Fisher, *The Design of
    Experiments*, 1935, section 21), so p is at least 2 / 2^n. It speaks of new seeds on the same test images.

    Parameters
    ----------
    differences
        One difference a pair of runs, at most 20.
    """
    paired = _finite(differences, dimensions=1)
    if len(paired) > MOST_SIGN_FLIPS:
        raise ValueError(f"{len(paired)} differences have too many sign patterns; at most {MOST_SIGN_FLIPS}")
    if len(paired) == 1:  # either sign is as extreme; SciPy wants two observations
        return 1.0
    test = stats.permutation_test((paired,), np.mean, permutation_type="samples", n_resamples=np.inf)
    return float(test.pvalue)


def simultaneous_level(claims: int) -> float:
    """Return the level ``1 - 0.05 / claims`` at which all intervals of a study hold together with 95 %.

    Bonferroni's, rather than Holm's step-down, because the verdicts read intervals: Holm's p-values are a
    little stronger, but have no intervals of their own that are as simple to show.
    """
    if claims < 1:
        raise ValueError(f"a family of {claims} claims has no level; at least 1")
    return 1 - 0.05 / claims


def t_quantile(level: float, degrees_of_freedom: float) -> float:
    """Return how many standard errors a two-sided interval of this level reaches (Student's t)."""
    if not 0 < level < 1:
        raise ValueError(f"{level} is not a confidence level; it lies between 0 and 1")
    return float(special.stdtrit(degrees_of_freedom, (1 + level) / 2))


def _finite(values: ArrayLike, dimensions: int) -> NDArray[np.float64]:
    """Return the values as float64, refusing other dimensions, no values at all, and NaN or infinity."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != dimensions or array.size == 0:
        raise ValueError(f"values of shape {array.shape}; {dimensions} dimensions, none of them empty, are needed")
    if not np.isfinite(array).all():
        raise ValueError("a value is NaN or infinite, so there is no mean; leave out the run that diverged, and say so")
    return array
