"""How the learning rates of a study are chosen: one grid for all its variants, on validation images alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from convscope.specs.checks import require, require_positive

FIRST_SEED = 1000  # tuning seeds start here: they are never those of the runs that are reported
LEAST_RATES = 4


@dataclass(frozen=True)
class Tuning:
    """One grid of learning rates for all variants, and the rate that each variant was given.

    Parameters
    ----------
    rates
        At least four, each twice the one before. Where the best of a variant is at an edge, the grid must grow.
    chosen
        By variant, the rate of the grid with the highest mean accuracy on the validation images.
        `convscope tune` trains the grid and says which these are.
    seeds
        Runs at each rate, with seeds from 1000 on.

    Raises
    ------
    SpecError
        The grid has fewer rates or other steps, or a chosen rate is not in it.
    """

    rates: tuple[float, ...]
    chosen: Mapping[str, float]
    seeds: int = 2

    def __post_init__(self) -> None:
        require(
            len(self.rates) >= LEAST_RATES
            and all(abs(high / low - 2) < 1e-6 for low, high in zip(self.rates, self.rates[1:], strict=False)),
            f"Tuning rates are {self.rates}; they must be at least {LEAST_RATES}, each twice the one before.",
        )
        require_positive("Tuning seeds", self.seeds)
        for name, rate in self.chosen.items():
            require(rate in self.rates, f"Tuning chose {rate} for {name!r}; it must be one of {self.rates}.")

    @property
    def seed_numbers(self) -> tuple[int, ...]:
        """The seeds of the tuning runs."""
        return tuple(range(FIRST_SEED, FIRST_SEED + self.seeds))
