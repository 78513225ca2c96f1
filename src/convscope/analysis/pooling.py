"""The seeds' variance of a whole study: two seeds of one network say little about it, those of all networks more.

A value of one run is taken as

    value[variant, seed] = mean[variant] + common[seed] + own[variant, seed]

because the variants of a study share split and order of batches at equal seed. A difference between variants holds
their own parts alone, a single variant both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POOLED_BELOW = 8  # seeds; from there on those of the networks themselves are enough


@dataclass(frozen=True)
class SeedSpread:
    """Variance components of runs that differ in their seed, over all variants of a study.

    Parameters
    ----------
    of_seeds, of_rest
        Mean squares of the two-way layout of variants and seeds.
    variants, seeds
        Its size.
    """

    of_seeds: float
    of_rest: float
    variants: int
    seeds: int

    def variance(self, weights: tuple[float, ...]) -> tuple[float, float]:
        """Return the variance of a weighted sum of variants at one seed, and its degrees of freedom (Satterthwaite's).

        Parameters
        ----------
        weights
            One a variant: ``(1, -1)`` for a difference, ``(1,)`` for a single one.
        """
        common = sum(weights) ** 2 / self.variants
        parts = np.array([common * self.of_seeds, max(sum(w * w for w in weights) - common, 0.0) * self.of_rest])
        degrees = np.array([self.seeds - 1, (self.seeds - 1) * (self.variants - 1)])
        variance = float(parts.sum())
        squares = float(np.sum(parts**2 / degrees))
        return variance, variance**2 / squares if squares else float(degrees[1])


def seed_spread(values: Mapping[str, NDArray[np.float64]]) -> SeedSpread | None:
    """Estimate the variance components of a study, or None where one network's own seeds have to do.

    Parameters
    ----------
    values
        By variant, one a seed, in the order of the seeds; those with failed runs left out.

    Returns
    -------
    SeedSpread or None
        None from `POOLED_BELOW` seeds on, for a single seed, and for a single variant.
    """
    table = np.array(list(values.values()), dtype=np.float64)
    if table.ndim != 2:
        return None
    variants, seeds = table.shape
    if not 1 < seeds < POOLED_BELOW or variants < 2:
        return None
    of_seed = table.mean(axis=0) - table.mean()
    rest = table - table.mean(axis=1, keepdims=True) - of_seed
    return SeedSpread(
        float(variants * np.sum(of_seed**2) / (seeds - 1)),
        float(np.sum(rest**2) / ((variants - 1) * (seeds - 1))),
        variants,
        seeds,
    )
