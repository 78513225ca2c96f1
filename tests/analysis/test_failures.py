"""Runs that never began to learn: told from those that learn little, counted, and left out of every average."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from convscope.analysis.failures import failed_to_train, trained_seeds
from convscope.analysis.study_records import Failed, ImageCounts
from convscope.analysis.variants import summarise_variant
from convscope.datasets.dataset import Dataset
from convscope.datasets.glyphs import generate
from convscope.datasets.splits import split
from convscope.engines.outcome import Epoch
from convscope.runs.plan import PlannedRun
from convscope.runs.result import RunResult
from convscope.runs.worker import trained
from convscope.specs import DataSpec, Glyphs, NumericMode, RunSpec, TrainSpec
from convscope.studies.architectures import mlp
from convscope.studies.study import Variant

LABELS = np.arange(1000) % 10


def run(losses: list[float], predictions: NDArray[Any]) -> RunResult:
    history = tuple(Epoch(loss, 0.1, loss, 0.1) for loss in losses)
    return cast(RunResult, SimpleNamespace(history=history, predictions=predictions))


@pytest.mark.parametrize(
    ("losses", "right", "failed"),
    [
        ([2.31, 2.303, 2.302], 100, True),  # one class for all: ln 10 = 2.3026
        ([9.0, 2.31], 100, True),  # worse than guessing at first
        ([2.30, 2.29], 400, False),  # little training, and yet something learned
        ([2.30, 1.2], 100, False),  # learned the training images by heart
        ([2.30, 0.2], 900, False),
    ],
)
def test_what_failed_to_train(losses: list[float], right: int, failed: bool) -> None:
    predictions = np.where(np.arange(1000) < right, LABELS, (LABELS + 1) % 10)
    assert failed_to_train(run(losses, predictions), LABELS) is failed


def test_classes_of_different_size_have_their_own_chance() -> None:
    labels = (np.arange(1000) < 370).astype(np.int64)  # entropy 0.659, not ln 2
    assert failed_to_train(run([0.66, 0.658], np.zeros(1000)), labels)
    assert not failed_to_train(run([0.66, 0.60], np.zeros(1000)), labels)


def test_where_none_trained_all_count() -> None:
    failed, good = run([2.31], np.zeros(1000)), run([0.3], LABELS)
    assert trained_seeds([failed, good, good], LABELS).tolist() == [False, True, True]
    assert trained_seeds([failed, failed], LABELS).tolist() == [True, True]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return generate(Glyphs(size=16, train=300, test=200, shift=0))


def test_a_network_that_cannot_learn_is_counted_and_not_averaged(dataset: Dataset) -> None:
    """One of three runs really cannot learn: its rate is next to nothing, and it names one class."""
    data = DataSpec(Glyphs(size=16, train=300, test=200, shift=0), validation_images=50)
    mode = NumericMode("torch", "cpu", "float32", "channels_last")
    torch.manual_seed(0)

    def result(seed: int, rate: float) -> RunResult:
        training = TrainSpec(epochs=6, batch_size=32, learning_rate=rate)
        spec = RunSpec(data, mlp((1, 16, 16), [16]), training, seed)
        return trained(PlannedRun(f"{seed}" * 64, spec, mode, "s", "mlp", "t"), dataset, lambda *_: None)

    stuck = replace(result(1, 1e-9), predictions=np.zeros(200, np.uint8))
    results = [result(0, 1e-2), stuck, result(2, 1e-2)]
    images = split(dataset, data, 0)
    found = summarise_variant(
        Variant("mlp", "MLP", results[0].spec.model),
        results,
        images.test.labels,
        counts=ImageCounts(train=len(images.train), validation=len(images.validation), test=len(images.test)),
        classes=10,
    )
    assert found.failed == Failed(of=3, runs=("1" * 64,))
    assert found.seeds == (0, 2)
    assert found.test_accuracy.n == 2
    assert found.test_accuracy.values == pytest.approx([results[0].test_accuracy, results[2].test_accuracy])
    assert np.array(found.confusion).sum() == 2 * 200
    assert len(found.curves.train_loss) == 2
