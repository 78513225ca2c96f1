"""What is compared: a number for each variant, seed and test image, and the differences between variants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from convscope.analysis.pooling import SeedSpread, seed_spread
from convscope.analysis.statistics import Estimate, crossed_estimate

Table = NDArray[np.float64]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Effect:
    """One effect, with what it rests on."""

    estimate: Estimate  # with its errors
    by_seed: NDArray[np.float64]  # the effect at each seed that counts
    # over how many variants the seeds' variance is pooled; None where it is that of these seeds alone
    pooled: int | None


@dataclass(frozen=True)
class Measured:
    """One measure of all variants of a study."""

    # by variant, (seeds, test images) numbers whose mean over images is the measure of a seed
    scores: Mapping[str, Table]
    counted: Mapping[str, NDArray[np.bool_]]  # by variant, (seeds,): which runs count
    # for a measure that only two variants together have: the table of its differences, from the two tables of right
    # answers. None subtracts scores
    between: Callable[[Table, Table], Table] | None = None

    @cached_property
    def spread(self) -> SeedSpread | None:
        """The seeds' variance, pooled where the seeds are few, over the variants that never failed."""
        if self.between is not None:
            return None
        return seed_spread({name: self.scores[name].mean(axis=1) for name, all_ in self.counted.items() if all_.all()})

    def of(self, variant: str) -> Effect:
        """Estimate the measure of one variant."""
        rows = self.counted[variant]
        return self._estimated(self.scores[variant][rows], (1.0,))

    def common(self, *variants: str) -> NDArray[np.bool_]:
        """Return the seeds that count for all these variants; all seeds where there is none such."""
        rows = np.logical_and.reduce([self.counted[name] for name in variants])
        return rows if rows.any() else np.ones_like(rows)

    def difference(self, a: str, b: str | None, minus: Pair | None = None) -> Effect:
        """Estimate the difference between two variants, paired by seed.

        Parameters
        ----------
        a, b
            A minus B; A alone where B is None.
        minus
            Another two, whose difference is subtracted from that of the first: an interaction, a trend.
        """
        if b is None:
            return self.of(a)
        rows = self.common(a, b, *(minus or ()))

        def between(one: str, other: str) -> Table:
            tables = self.scores[one][rows], self.scores[other][rows]
            return self.between(*tables) if self.between else tables[0] - tables[1]

        table = between(a, b) if minus is None else between(a, b) - between(*minus)
        return self._estimated(table, (1.0, -1.0) if minus is None else (1.0, -1.0, -1.0, 1.0))

    def _estimated(self, table: Table, weights: tuple[float, ...]) -> Effect:
        seeds = self.spread.variance(weights) if self.spread else None
        estimate = crossed_estimate(table, seeds=seeds, imagined="ratios" if self.between else "counts")
        pooled = self.spread.variants if self.spread and estimate.seed_error is not None else None
        return Effect(estimate, table.mean(axis=1), pooled)
