"""Learning rates are chosen on validation images, by one grid for all variants, with seeds of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_publication import RATES, tiny

from convscope.datasets.eda import describe
from convscope.datasets.load import load
from convscope.engines.outcome import Epoch
from convscope.errors import SpecError
from convscope.runs.again import compared, sample, train_again
from convscope.runs.plan import PlannedRun, plan_study, plan_tuning
from convscope.runs.published import PublishedRuns
from convscope.runs.result import RunResult
from convscope.runs.store import RunStore
from convscope.runs.tuning import best_rate, grown, search
from convscope.runs.worker import result_of_run
from convscope.studies.study import Tuning

STUDY = tiny(2)


def validated(accuracy: float, like: RunResult) -> RunResult:
    return replace(like, history=(*like.history[:-1], Epoch(1.0, 0.5, 1.0, accuracy)))


@pytest.fixture(scope="module")
def like(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    root = tmp_path_factory.mktemp("run")
    run = plan_study(STUDY, "full", "cpu")["mlp"][0]
    RunStore(root).write(result_of_run(run, root))
    return RunStore(root).read(run.key)


def test_each_variant_is_trained_at_its_own_rate() -> None:
    rates = {name: specs[0].training.learning_rate for name, specs in STUDY.runs("full").items()}
    assert STUDY.tuning
    assert rates == dict(STUDY.tuning.chosen)


def test_tuning_seeds_are_never_those_that_are_reported() -> None:
    tuned = {s.seed for curve in STUDY.tuning_runs().values() for specs in curve.values() for s in specs}
    reported = {spec.seed for specs in STUDY.runs("full").values() for spec in specs}
    assert tuned == {1000}
    assert not tuned & reported
    assert plan_tuning(STUDY, "quick", "cpu") == {}


@pytest.mark.parametrize(
    ("rates", "chosen", "said"),
    [
        ((1e-3, 2e-3, 4e-3), {}, "at least 4"),
        ((1e-3, 2e-3, 4e-3, 5e-3), {}, "twice the one before"),
        ((1e-3, 2e-3, 4e-3, 8e-3), {"mlp": 3e-3}, "chose 0.003 for 'mlp'"),
    ],
)
def test_a_grid_that_is_none_is_refused(rates: tuple[float, ...], chosen: dict[str, float], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        Tuning(rates, chosen)


def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(SpecError, match="nobody"):
        replace(STUDY, tuning=Tuning(RATES, {"nobody": RATES[0]}))


def test_the_best_rate_has_the_highest_mean_and_the_grid_grows_at_its_edge(like: RunResult) -> None:
    def curve(*means: float) -> dict[float, tuple[RunResult, ...]]:
        pairs = zip(RATES, means, strict=True)
        return {rate: (validated(mean - 0.01, like), validated(mean + 0.01, like)) for rate, mean in pairs}

    inside, edge = curve(0.6, 0.7, 0.8, 0.7), curve(0.6, 0.7, 0.8, 0.9)
    assert best_rate(inside) == RATES[2]
    assert best_rate(edge) == RATES[3]
    assert grown(RATES, {"a": inside}) == RATES
    assert grown(RATES, {"a": inside, "b": edge}) == (*RATES, 2 * RATES[3])
    assert grown(RATES, {"a": curve(0.9, 0.7, 0.8, 0.7)}) == (RATES[0] / 2, *RATES)


def test_the_search_grows_until_the_best_is_inside(tmp_path: Path, like: RunResult) -> None:
    """The accuracy falls with the distance of a rate from 8e-4: below the grid that it begins with."""
    store = RunStore(tmp_path)

    def execute(runs: list[PlannedRun]) -> None:
        for run in runs:
            accuracy = 1 - abs(np.log(run.spec.training.learning_rate / 8e-4)) / 10
            store.write(replace(validated(float(accuracy), like), key=run.key, spec=run.spec))

    study = replace(STUDY, tuning=Tuning((1.6e-3, 3.2e-3, 6.4e-3, 1.28e-2), {}, seeds=2))
    said = list(search(study, store, "cpu", execute))
    assert said[-1] == (
        "Declare in study 'tiny': tuning=Tuning(rates=(0.0004, 0.0008, 0.0016, 0.0032, 0.0064, 0.0128), "
        "chosen={'mlp': 0.0008, 'cnn': 0.0008}, seeds=2)"
    )


def test_a_published_run_trained_again_is_the_same_to_the_bit(like: RunResult, tmp_path: Path) -> None:
    dataset = load(like.spec.data.dataset, tmp_path)
    facts, pictures = describe(dataset)
    kept = PublishedRuns(tmp_path / "published")
    kept.add_dataset(facts, dataset.test.labels, pictures)
    kept.add(like, facts["fingerprint"], {})
    assert sample(kept, 3, seed=0) == [like.key]
    (found,) = train_again([like.key], kept, tmp_path, "cpu")
    assert (found.verdict, found.answers_changed) == ("bit-identical", 0)


def test_another_processor_may_change_a_little_and_not_much(like: RunResult) -> None:
    few, many = like.predictions.copy(), like.predictions.copy()
    few[0] = (few[0] + 1) % 10
    many[:] = (many + 1) % 10
    near = replace(like, predictions=few, test_accuracy=like.test_accuracy - 1 / 60)
    far = replace(like, predictions=many, test_accuracy=like.test_accuracy + 0.6)
    assert compared(like, near).verdict == "within tolerance"
    assert compared(like, far).verdict == "different"
