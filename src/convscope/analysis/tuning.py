"""The learning rates that a study's variants were given, and the curves on validation images that chose them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from convscope.analysis.measures import measure
from convscope.analysis.study_records import TunedPoint, TunedVariant, Tuning
from convscope.runs.plan import PlannedRun, plan_tuning
from convscope.runs.result import RunResult
from convscope.runs.results import Curve, Results, read_curves
from convscope.runs.store import RunStore
from convscope.studies.study import Study


def described(results: Results) -> Tuning:
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


def best_rate(curve: Mapping[float, Sequence[RunResult]]) -> float:
    """Return the rate with the highest mean validation accuracy; of equal ones the smallest."""
    return max(sorted(curve), key=lambda rate: fmean(_validated(curve[rate])))


def grown(rates: Sequence[float], curves: Mapping[str, Curve]) -> tuple[float, ...]:
    """Return the grid, grown by a factor of two at each end where the best rate of a variant lies."""
    best = [best_rate(curve) for curve in curves.values()]
    low = (min(rates) / 2,) if min(rates) in best else ()
    high = (max(rates) * 2,) if max(rates) in best else ()
    return (*low, *sorted(rates), *high)


def search(study: Study, store: RunStore, device: str, execute: Callable[[list[PlannedRun]], None]) -> Iterator[str]:
    """Train a study's grid, grow it while the best rate of a variant is at its edge, and say what to declare.

    Parameters
    ----------
    study
        Its `tuning` names the grid to begin with.

    Yields
    ------
    str
        A line for each variant and rate, then the declaration that follows.
    """
    if study.tuning is None:
        yield f"{study.id}: declares no tuning; one rate for all, {study.training.learning_rate:g}."
        return
    tuning, curves = study.tuning, dict[str, Curve]()
    while not curves or grown(tuning.rates, curves) != tuning.rates:
        rates = grown(tuning.rates, curves) if curves else tuning.rates
        tuning = replace(tuning, rates=rates)
        planned = plan_tuning(replace(study, tuning=tuning), "full", device)
        runs = [run for curve in planned.values() for of_rate in curve.values() for run in of_rate]
        execute(store.missing(runs))
        curves = read_curves(planned, store)
    for name, curve in curves.items():
        points = ", ".join(f"{rate:g}: {fmean(_validated(runs)):.2%}" for rate, runs in sorted(curve.items()))
        yield f"{study.id} · {name}: {points}; best {best_rate(curve):g}"
    chosen = {name: best_rate(curve) for name, curve in curves.items()}
    yield f"Declare in study {study.id!r}: tuning=Tuning(rates={tuning.rates}, chosen={chosen}, seeds={tuning.seeds})"


def _point(rate: float, runs: Sequence[RunResult]) -> TunedPoint:
    validated = measure(_validated(runs), "fraction")
    return TunedPoint(rate=rate, validation_accuracy=validated, runs=tuple(run.key for run in runs))


def _validated(runs: Sequence[RunResult]) -> list[float]:
    return [run.history[-1].validation_accuracy for run in runs]
