"""A number with its spread: how a value over seeds, and the difference of two variants, is described."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.analysis.estimates import Comparison, ErrorsRemoved, Measure, Quantity, Unit
from convscope.analysis.measured import Effect, Measured
from convscope.analysis.pooling import SeedSpread
from convscope.analysis.power import detectable, seeds_needed
from convscope.analysis.proportions import errors_removed, most_worth, wilson, worth
from convscope.analysis.statistics import Estimate, crossed_estimate, sign_flip_p, summarise


def measure(values: Sequence[float], unit: Unit) -> Measure:
    """Describe one value a run: mean, standard deviation and 95 % t interval over seeds.

    Parameters
    ----------
    unit
        ``"fraction"``, ``"nats"``, ``"seconds"``, ``"images per second"``.
    """
    summary = summarise(values)
    return Measure(
        unit=unit,
        mean=summary.mean,
        sd=summary.sd,
        n=summary.n,
        interval=summary.interval,
        values=tuple(float(value) for value in values),
    )


def share(values: Sequence[float], images: int) -> Measure:
    """Describe a share of images that is known for each run as a whole; Wilson's limits, for new seeds.

    Parameters
    ----------
    values
        One a seed, fractions.
    """
    summary = summarise(values)
    limits = _limits(summary.estimate(images), summary.n * images)
    return measure(values, "fraction").plus(**limits, images=images)


def accuracy(correct: NDArray[np.bool_], spread: SeedSpread | None = None) -> Measure:
    """Describe a test accuracy whose interval, Wilson's, holds for new seeds and new test images.

    Parameters
    ----------
    correct
        (seeds, test images): which images each run has right.
    spread
        The seeds' variance pooled over a study; None takes that of these seeds.
    """
    return score(correct.astype(np.float64), spread)


def score(scores: NDArray[np.float64], spread: SeedSpread | None = None) -> Measure:
    """Describe the mean of fractions, (seeds, test images), whose interval holds for new seeds and new test images."""
    estimate = crossed_estimate(scores, seeds=spread.variance((1.0,)) if spread else None)
    errors = _errors(estimate, spread.variants if spread and estimate.seed_error is not None else None)
    return measure(list(scores.mean(axis=1)), "fraction").plus(**errors | _limits(estimate, most_worth(scores)))


def gap(found: Effect) -> Measure:
    """Describe a difference of two shares, such as that between training and test accuracy, of one variant."""
    errors = _errors(found.estimate, found.pooled)
    return measure(list(found.by_seed), "fraction").plus(**errors | {"interval": found.estimate.interval()})


def comparison(a: str, b: str, measured: Measured, margin: float, quantity: Quantity = "test_accuracy") -> Comparison:
    """Describe the difference of a measure between two variants, A minus B, paired by seed and image.

    Parameters
    ----------
    measured
        The measure; of test accuracy, right answers, the share of errors removed stands beside.
    margin
        The smallest difference that matters, for the number of seeds that shows it.
    quantity
        Name of the measure: ``"test_accuracy"``, ``"generalisation_gap"``.
    """
    found = measured.difference(a, b)
    described = Comparison(
        a=a,
        b=b,
        quantity=quantity,
        unit="fraction",
        sign_flip_p=sign_flip_p(found.by_seed),
        smallest_detectable=detectable(found.estimate),
        n_needed=seeds_needed(found.estimate, margin),
        **difference_fields(found),
    )
    return described.plus(errors_removed=removed(a, b, measured)) if quantity == "test_accuracy" else described


def difference_fields(found: Effect, level: float = 0.95) -> dict[str, Any]:
    """Return the fields of a record of a difference that follow from it alone, its interval at this level."""
    return {
        "effect": found.estimate.effect,
        "interval": found.estimate.interval(level),
        "n": found.estimate.n,
        "differences": tuple(float(difference) for difference in found.by_seed),
        **_errors(found.estimate, found.pooled),
    }


def removed(a: str, b: str, measured: Measured, level: float = 0.95) -> ErrorsRemoved | None:
    """Describe the share of B's errors that A does not make; None where B makes none.

    Parameters
    ----------
    measured
        Right answers, 1 or 0.
    """
    rows = measured.common(a, b)
    found = errors_removed(measured.scores[a][rows] > 0, measured.scores[b][rows] > 0, measured.spread)
    if found is None:
        return None
    return ErrorsRemoved(
        share=found.share,
        interval=found.interval(level),
        log_error=found.log_error,
        degrees_of_freedom=found.degrees_of_freedom,
    )


def _limits(estimate: Estimate, most: float) -> dict[str, Any]:
    images = worth(estimate, most)
    return {"worth": images, "interval": wilson(estimate, images)}


def _errors(estimate: Estimate, pooled: int | None) -> dict[str, Any]:
    return {
        "seed_error": estimate.seed_error,
        "test_set_error": estimate.test_set_error,
        "degrees_of_freedom": estimate.degrees_of_freedom,
        "images": estimate.images,
        "pooled": pooled,
    }
