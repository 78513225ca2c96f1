"""The learning rates that a study's variants were given, and the curves on validation images that chose them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convscope.analysis.measures import measure
from convscope.runs.result import RunResult
from convscope.runs.results import Curve, Results


def described(results: Results) -> dict[str, Any]:
    """Return what metrics.json says of a study's tuning.

    Returns
    -------
    dict
        ``rates`` and ``seeds``; by variant the rate ``chosen``, the ``best`` of its curve, whether that is ``at_edge``
        of the grid, and ``curve``: by rate, the accuracy on validation images after the last epoch, and the runs.
    """
    tuning = results.study.tuning
    assert tuning is not None
    return {
        "rates": list(tuning.rates),
        "seeds": list(tuning.seed_numbers),
        "variants": {
            name: {
                "chosen": tuning.chosen[name],
                "best": best_rate(curve),
                "at_edge": best_rate(curve) in (min(curve), max(curve)),
                "curve": [_point(rate, runs) for rate, runs in sorted(curve.items())],
            }
            for name, curve in results.tuning.items()
        },
    }


def best_rate(curve: Mapping[float, Sequence[RunResult]]) -> float:
    """Return the rate with the highest mean validation accuracy; of equal ones the smallest."""
    return max(sorted(curve), key=lambda rate: measure(_validated(curve[rate]), "fraction")["mean"])


def grown(rates: Sequence[float], curves: Mapping[str, Curve]) -> tuple[float, ...]:
    """Return the grid, grown by a factor of two at each end where the best rate of a variant lies."""
    best = [best_rate(curve) for curve in curves.values()]
    low = (min(rates) / 2,) if min(rates) in best else ()
    high = (max(rates) * 2,) if max(rates) in best else ()
    return (*low, *sorted(rates), *high)


def _point(rate: float, runs: Sequence[RunResult]) -> dict[str, Any]:
    return {
        "rate": rate,
        "validation_accuracy": measure(_validated(runs), "fraction"),
        "runs": [run.key for run in runs],
    }


def _validated(runs: Sequence[RunResult]) -> list[float]:
    return [run.history[-1].validation_accuracy for run in runs]
