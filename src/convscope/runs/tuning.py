"""The search for a study's learning rates: a grid of runs, grown while the best of them is at its edge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from convscope.runs.plan import PlannedRun, plan_tuning
from convscope.runs.result import RunResult
from convscope.runs.results import Curve, read_curves
from convscope.runs.store import RunStore
from convscope.studies.study import Study


def best_rate(curve: Mapping[float, Sequence[RunResult]]) -> float:
    """Return the rate with the highest mean validation accuracy; of equal ones the smallest."""
    return max(sorted(curve), key=lambda rate: fmean(validated(curve[rate])))


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
        points = ", ".join(f"{rate:g}: {fmean(validated(runs)):.2%}" for rate, runs in sorted(curve.items()))
        yield f"{study.id} · {name}: {points}; best {best_rate(curve):g}"
    chosen = {name: best_rate(curve) for name, curve in curves.items()}
    yield f"Declare in study {study.id!r}: tuning=Tuning(rates={tuning.rates}, chosen={chosen}, seeds={tuning.seeds})"


def validated(runs: Sequence[RunResult]) -> list[float]:
    """Return the accuracies on validation images after the last epoch."""
    return [run.history[-1].validation_accuracy for run in runs]
