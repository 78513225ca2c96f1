"""The learning rates that a study's variants were given, and the curves on validation images that chose them."""

from __future__ import annotations

from collections.abc import Sequence

from convscope.analysis.measures import measure
from convscope.analysis.study_records import TunedPoint, TunedVariant, Tuning
from convscope.runs.result import RunResult
from convscope.runs.results import Curve, Results
from convscope.runs.tuning import best_rate, validated


def tuning_record(results: Results) -> Tuning:
    """Describe a study's tuning; accuracies are those on validation images after the last epoch.

    The rates are those that networks were trained at, whether or not the runs that chose them are at hand. A variant
    that no rate was chosen for is left out: it trains at the study's.
    """
    tuning = results.study.tuning
    assert tuning is not None
    curves = dict.fromkeys(results.runs, Curve()) | dict(results.tuning)
    return Tuning(
        rates=tuning.rates,
        seeds=tuple(tuning.seed_numbers),
        variants={
            name: TunedVariant(
                chosen=tuning.chosen[name],
                best=best_rate(curve) if curve else None,
                at_edge=bool(curve) and best_rate(curve) in (min(curve), max(curve)),
                curve=tuple(_point(rate, runs) for rate, runs in sorted(curve.items())),
            )
            for name, curve in curves.items()
            if name in tuning.chosen
        },
    )


def _point(rate: float, runs: Sequence[RunResult]) -> TunedPoint:
    accuracy = measure(validated(runs), "fraction")
    return TunedPoint(rate=rate, validation_accuracy=accuracy, runs=tuple(run.key for run in runs))
