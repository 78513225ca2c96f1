from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from convscope.analysis.shifts import AFTER, LOST, WON_BACK, moved, outcomes, shift_record, shifted_scores
from convscope.analysis.statistics import crossed_estimate
from convscope.datasets.dataset import Dataset
from convscope.datasets.glyphs import generate
from convscope.datasets.splits import Split, split
from convscope.engines.torch_engine import initialised
from convscope.runs.plan import PlannedRun
from convscope.runs.result import RunResult
from convscope.runs.results import Measurement
from convscope.runs.worker import trained
from convscope.specs import (
    Conv2d,
    DataSpec,
    Dense,
    GlobalAveragePool,
    Glyphs,
    ModelSpec,
    NumericMode,
    RunSpec,
    TrainSpec,
)
from convscope.studies.probes import ShiftProbe

GLYPHS = Glyphs(size=20, content=12, shift=0, noise=0, train=300, test=80)
MODELS = {
    "cnn": ModelSpec((1, 20, 20), (Conv2d(4, 3), GlobalAveragePool(), Dense(10, "none"))),
    "all": ModelSpec((1, 20, 20), (Conv2d(2, 20, padding="valid"), GlobalAveragePool(), Dense(10, "none"))),
}
MODE = NumericMode("torch", "cpu", "float32", "channels_last")
COUNTED = {name: np.ones(2, dtype=np.bool_) for name in MODELS}
PROBE = ShiftProbe(distances=(2, 4), claimed=4, period=4, images=50)


def now(images: Split) -> Measurement:
    """Measure here, from the weights."""
    return lambda _run, _name, compute: compute(images)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return generate(GLYPHS)


@pytest.fixture(scope="module")
def results(dataset: Dataset) -> dict[str, list[RunResult]]:
    spec = RunSpec(DataSpec(GLYPHS, 100), MODELS["cnn"], TrainSpec(epochs=1, batch_size=50), seed=0)

    def result(model: ModelSpec, seed: int) -> RunResult:
        run = PlannedRun("0" * 64, replace(spec, model=model, seed=seed), MODE, "tiny", "cnn", "tiny")
        return trained(run, dataset, lambda *_: None)

    return {name: [result(model, seed) for seed in (0, 1)] for name, model in MODELS.items()}


@pytest.fixture(scope="module")
def images(dataset: Dataset) -> Split:
    return split(dataset, DataSpec(GLYPHS, 100), seed=0)


def test_images_move_whole_and_nothing_leaves_the_margin(dataset: Dataset) -> None:
    pixels = dataset.test.pixels
    for down, right in ((0, 3), (4, 0), (-4, 0), (0, -4), (-2, 1)):
        expected = ndimage.shift(pixels, (0, 0, down, right), order=0, mode="constant")  # zeros come in
        assert (moved(pixels, down, right) == expected).all()
        assert moved(pixels, down, right).sum() == pixels.sum()
    assert (moved(pixels, 0, 0) == pixels).all()


def test_scores_are_the_share_of_directions(results: dict[str, list[RunResult]], images: Split) -> None:
    """Every network by hand in float32, image by image; bfloat16 may decide a close call in another way."""
    scores = shifted_scores(results, images.test.labels, now(images), PROBE)
    labels = torch.from_numpy(images.test.labels[:50])
    for name, runs in results.items():
        assert list(scores[name]) == [0, 2, 4]
        for seed, result in enumerate(runs):
            network = initialised(MODELS[name], 0)
            network.load_state_dict({key: torch.from_numpy(value) for key, value in result.weights.items()})
            assert (scores[name][0][seed] == (result.predictions[:50] == images.test.labels[:50])).all()
            for distance in (2, 4):
                right = np.zeros(50)
                for step in (np.array([0, 1]), np.array([1, 0])):
                    for sign in (-1, 1):
                        offset = (0, 0, *(sign * distance * step))
                        shifted = ndimage.shift(images.test.pixels[:50], offset, order=0, mode="constant")
                        logits = network(torch.from_numpy(images.normalise(shifted)))
                        right += (logits.argmax(1) == labels).numpy() / 4
                assert scores[name][distance].shape == (2, 50)
                assert np.mean(scores[name][distance][seed] != right) <= 0.04


def test_a_head_without_positions_loses_nothing_inside_the_margin(
    results: dict[str, list[RunResult]], images: Split
) -> None:
    """A 3x3 convolution and the mean of its maps see the same in another place; a kernel as large as the image not."""
    scores = shifted_scores(results, images.test.labels, now(images), PROBE)
    lost = outcomes(scores, PROBE, COUNTED)[LOST].scores
    assert (lost["cnn"] != 0).mean() <= 0.05  # bfloat16 rounds sums of another order
    assert (lost["all"] != 0).mean() > 0.1


def test_metrics_and_claims_get_the_same_numbers(results: dict[str, list[RunResult]], images: Split) -> None:
    scores = shifted_scores(results, images.test.labels, now(images), PROBE)
    found, compared = shift_record(scores, PROBE, COUNTED), outcomes(scores, PROBE, COUNTED)
    assert (found.images, found.claimed, found.distances) == (50, 4, (0, 2, 4))
    for name in MODELS:
        by_distance = found.accuracy[name]
        for distance, measure in zip((0, 2, 4), by_distance, strict=True):
            assert measure.values == pytest.approx(scores[name][distance].mean(axis=1).tolist())
            assert measure.test_set_error == crossed_estimate(scores[name][distance]).test_set_error
            assert measure.pooled == 2  # two seeds say too little by themselves
            assert measure.interval is not None
            low, high = measure.interval
            assert 0 <= low <= measure.mean <= high <= 1
        assert compared[AFTER].of(name).estimate.effect == pytest.approx(by_distance[2].mean)
        won_back = by_distance[2].mean - by_distance[1].mean
        assert compared[WON_BACK].of(name).estimate.effect == pytest.approx(won_back)
        assert compared[LOST].of(name).estimate.effect == pytest.approx(by_distance[0].mean - by_distance[2].mean)


def test_fewer_test_images_than_the_probe_asks_for_are_all_taken(
    results: dict[str, list[RunResult]], images: Split
) -> None:
    scores = shifted_scores({"cnn": results["cnn"]}, images.test.labels, now(images), replace(PROBE, images=1000))
    assert scores["cnn"][0].shape == (2, 80)
