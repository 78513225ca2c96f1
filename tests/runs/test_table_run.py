"""One run on a table: a network for each fold, and every row predicted once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tiny_runs import MODE, planned

from convscope.datasets.folds import folds
from convscope.datasets.load import load
from convscope.engines import torch_engine
from convscope.engines.outcome import Epoch, Outcome, merged
from convscope.runs.store import RunStore
from convscope.runs.worker import trained
from convscope.specs import Conv2d, DataSpec, Dense, Flatten, ModelSpec, PermutePixels, RunSpec, Table, TrainSpec

TABLE = Table("breast-cancer", folds=3)
MODEL = ModelSpec((1, 5, 6), (PermutePixels(), Conv2d(2, 3), Flatten(), Dense(2, "none")))
SPEC = RunSpec(DataSpec(TABLE, validation_images=40), MODEL, TrainSpec(epochs=2, batch_size=64), seed=5)


def test_a_run_tests_every_row_on_the_fold_that_left_it_out(tmp_path: Path) -> None:
    table = load(TABLE, tmp_path)
    reported: list[int] = []
    result = trained(planned(SPEC), table, lambda epochs, _: reported.append(epochs))
    assert result.predictions.shape == (569,)
    parts = folds(table, SPEC.data, SPEC.seed)
    losses = []
    for tested, images in parts:
        fold = torch_engine.train(SPEC, images, MODE, lambda *_: None)
        assert (result.predictions[tested] == fold.predictions).all()
        assert (result.confidences[tested] == fold.confidences).all()
        losses += [fold.test_loss] * len(tested)
    assert result.test_loss == pytest.approx(np.mean(losses))
    assert result.test_accuracy == pytest.approx((result.predictions == table.test.labels).mean())
    assert result.test_accuracy > 0.6
    assert result.train_images == sum(2 * len(images.train) for _, images in parts)
    assert reported == sorted(reported)  # never more than the epochs of a run
    assert reported[-1] == SPEC.training.epochs
    store = RunStore(tmp_path)
    store.write(result)
    assert (store.read(result.key).weights["0.permutation"] == result.weights["0.permutation"]).all()


def test_runs_have_column_orders_of_their_own(tmp_path: Path) -> None:
    table = load(TABLE, tmp_path)
    orders = [
        trained(planned(replace(SPEC, seed=seed)), table, lambda *_: None).weights["0.permutation"].tolist()
        for seed in (0, 0, 1)
    ]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == list(range(30))


def outcome(predictions: list[int], loss: float, accuracy: float, history: Epoch) -> Outcome:
    said: NDArray[np.uint8] = np.array(predictions, np.uint8)
    weights = {"w": np.full(1, loss, np.float32)}
    confidences: NDArray[np.float32] = said.astype(np.float32) / np.float32(10)
    return Outcome((history,), loss, accuracy, said, confidences, weights, 1.5, 0.25)


def test_folds_are_merged_by_the_places_that_they_tested() -> None:
    first = outcome([1, 2], 0.4, 0.5, Epoch(1.0, 0.5, 2.0, 0.25))
    second = outcome([3, 4, 5], 0.9, 1.0, Epoch(3.0, 0.75, 4.0, 0.5))
    both = merged([first, second], [np.array([3, 0]), np.array([1, 4, 2])])
    assert both.predictions.tolist() == [2, 3, 5, 1, 4]
    assert both.confidences.tolist() == pytest.approx([0.2, 0.3, 0.5, 0.1, 0.4])
    assert both.test_loss == pytest.approx((2 * 0.4 + 3 * 0.9) / 5)
    assert both.test_accuracy == pytest.approx(4 / 5)
    assert both.history == (Epoch(2.0, 0.625, 3.0, 0.375),)
    assert both.weights["w"].tolist() == pytest.approx([0.4])
    assert (both.train_seconds, both.evaluate_seconds) == (3.0, 0.5)
    assert merged([first], [np.array([0, 1])]) is first
