from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from convscope.analysis.equivariance import SHIFTS, equivariance
from convscope.datasets.dataset import Dataset, Images
from convscope.datasets.splits import Split, split
from convscope.engines.torch_engine import initialised
from convscope.runs.result import RunResult
from convscope.runs.results import Measurement
from convscope.specs import (
    Conv2d,
    DataSpec,
    Dense,
    Flatten,
    Layer,
    LocallyConnected2d,
    ModelSpec,
    NumericMode,
    PermutePixels,
    Pool2d,
    RunSpec,
    TrainSpec,
)
from convscope.studies.architectures import mlp
from networks import convolutions, pools, seen_through

SHAPE = (2, 24, 30)
HEAD: tuple[Layer, ...] = (Flatten(), Dense(3, "none"))


@pytest.fixture(scope="module")
def images() -> Split:
    pixels = np.random.default_rng(0).integers(256, size=(12, *SHAPE), dtype=np.uint8)
    part = Images(pixels, np.arange(12) % 3)
    return split(Dataset("noise", "Noise", part, part, ("a", "b", "c"), "f", "drawn"), DataSpec("mnist", 2), seed=0)


def now(images: Split) -> Measurement:
    """Measure here, from the weights."""
    return lambda _run, _name, compute: compute(images)


def untrained(model: ModelSpec, seed: int = 0) -> RunResult:
    """A result with the weights that a run begins with; nothing else of it is read."""
    spec = RunSpec(DataSpec("mnist", 2), model, TrainSpec(epochs=1), seed)
    weights = {name: value.float().numpy() for name, value in initialised(model, seed).state_dict().items()}
    return RunResult(
        key="0" * 64,
        spec=spec,
        mode=NumericMode("torch", "cpu", "float32", "channels_last"),
        history=(),
        test_loss=0.0,
        test_accuracy=0.0,
        parameters=0,
        macs=0,
        train_seconds=0.0,
        evaluate_seconds=0.0,
        environment={},
        predictions=np.zeros(0, np.uint8),
        confidences=np.zeros(0, np.float32),
        weights=weights,
    )


def errors(model: ModelSpec, images: Split) -> list[tuple[int, list[float | None]]]:
    found = equivariance({"it": [untrained(model)]}, now(images), len(images.test))
    assert found.shifts == SHIFTS
    return [
        (layer.stride, [None if error is None else error.mean for error in layer.errors])
        for layer in found.variants["it"]
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(convolutions() | pools, min_size=1, max_size=3))
def test_convolutions_and_pools_are_equivariant_at_multiples_of_the_total_stride(
    images: Split, layers: list[Conv2d | Pool2d]
) -> None:
    shape: tuple[int, ...] = SHAPE
    for layer in layers:
        if min(shape[1:]) < 7:
            return
        shape = layer.output_shape(shape)
    total = 1
    for layer, (stride, found) in zip(layers, errors(ModelSpec(SHAPE, (*layers, *HEAD)), images), strict=True):
        total *= layer.size if isinstance(layer, Pool2d) else layer.stride
        assert stride == total
        for shift, error in zip(SHIFTS, found, strict=True):
            if shift % total == 0 and error is not None:
                assert error < 1e-5  # or nan: a layer that answers zero everywhere has no size to compare with


def test_a_convolution_of_stride_one_is_exact_and_pooling_loses_what_lies_between(images: Split) -> None:
    model = ModelSpec(SHAPE, (Conv2d(4, 3), Pool2d(), Conv2d(4, 3), Pool2d("average"), *HEAD))
    first, pool, second, average = errors(model, images)
    assert [stride for stride, _ in (first, pool, second, average)] == [1, 2, 2, 4]
    assert max(error for error in first[1] if error is not None) < 1e-6
    for _, found in (pool, second):
        assert [error is not None and error > 0.05 for error in found] == [True, False, True, False]
    assert [error is not None and error > 0.02 for error in average[1]] == [True, True, True, False]


def test_without_shared_weights_or_without_order_no_layer_moves_with_its_image(images: Split) -> None:
    local = errors(ModelSpec(SHAPE, (LocallyConnected2d(4, 3), *HEAD)), images)
    assert all(error is not None and error > 0.5 for error in local[0][1])
    permuted = errors(ModelSpec(SHAPE, (PermutePixels(), Conv2d(4, 3), *HEAD)), images)
    assert all(error is not None and error > 0.5 for _, found in permuted for error in found)


def test_the_error_is_that_of_the_definition(images: Split) -> None:
    """One layer by hand: a 5x5 kernel with stride 2 and padding, moved by 3 pixels, so by one position."""
    model = ModelSpec(SHAPE, (Conv2d(3, 5, stride=2, activation="tanh"), *HEAD))
    result = untrained(model)
    weight, bias = (torch.from_numpy(result.weights[f"0.{name}"]) for name in ("weight", "bias"))
    still = torch.from_numpy(images.normalise(images.test.pixels))
    answer, answer_moved = (
        torch.tanh(functional.conv2d(x, weight, bias, stride=2, padding=2)) for x in (still, still.roll(3, dims=3))
    )
    # windows begin at pixel 2 i - 2: rows 1 to 10 see the inside; columns from 3 on do not see what came round
    expected, found = answer[:, :, 1:11, 2:13], answer_moved[:, :, 1:11, 3:14]
    by_hand = float((found - expected).norm() / expected.norm())
    ((_, errors_of_layer),) = errors(model, images)
    assert errors_of_layer[2] == pytest.approx(by_hand, rel=1e-5)


def test_where_nothing_sees_the_inside_alone_there_is_no_error(images: Split) -> None:
    ((_, found),) = errors(ModelSpec(SHAPE, (Conv2d(2, 27), *HEAD)), images)
    assert found == [None] * len(SHIFTS)
    assert errors(mlp(SHAPE, [4], 3), images) == []


def test_seeds_are_summarised_and_images_counted(images: Split) -> None:
    model = ModelSpec(SHAPE, (Conv2d(2, 3), Pool2d(), *HEAD))
    found = equivariance({"it": [untrained(model, seed) for seed in (0, 1)]}, now(images), len(images.test))
    assert found.images == 12
    assert [layer.layer for layer in found.variants["it"]] == ["conv 3×3, ReLU", "max pool, 2×2"]
    measure = found.variants["it"][1].errors[0]
    assert measure is not None
    assert measure.n == 2
    assert measure.values[0] != measure.values[1]


@settings(max_examples=60, deadline=None)
@given(st.lists(convolutions(["none"]) | pools, min_size=1, max_size=3))
def test_windows_are_where_the_gradient_is(layers: list[Conv2d | Pool2d]) -> None:
    side = 120
    model, network, image = seen_through(layers, side)
    values: torch.Tensor = image
    for window, module in zip(model.windows, network, strict=False):
        values = module(values)
        for position in {0, values.shape[3] // 2}:
            (gradient,) = torch.autograd.grad(values[0, 0, 0, position], image, retain_graph=True)
            columns = gradient[0, 0].any(dim=0).nonzero().flatten()
            start = window.start + position * window.step
            if len(columns) and start + window.size <= side:
                assert int(columns.min()) >= max(start, 0)
                assert int(columns.max()) == start + window.size - 1
                assert start < 0 or int(columns.min()) == start
