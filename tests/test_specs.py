from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import convscope.specs
from checkout import ROOT
from convscope.errors import SpecError
from convscope.specs import (
    LAYERS,
    Conv2d,
    DataSpec,
    Dense,
    Flatten,
    GlobalAveragePool,
    Glyphs,
    ModelSpec,
    NumericMode,
    PermutePixels,
    Pool2d,
    RunSpec,
    Table,
    TrainSpec,
    canonical_json,
    from_json,
    run_key,
    to_json,
)
from networks import convolutions, module_of, networks, pools, reference

MODEL = ModelSpec((1, 8, 8), (Conv2d(4, 3), Pool2d(), Flatten(), Dense(10, "none")))
SPEC = RunSpec(DataSpec("mnist", 100), MODEL, TrainSpec(epochs=2), seed=0)
MODE = NumericMode("torch", "cpu", "float32", "channels_last")

data_specs = st.builds(
    DataSpec,
    dataset=st.sampled_from(["mnist", "cifar10"])
    | st.builds(Glyphs, size=st.integers(3, 44), noise=st.floats(0, 1), scale=st.just((0.25, 1.0))),
    validation_images=st.integers(1, 10_000),
    train_images=st.none() | st.integers(1, 50_000),
    test_images=st.none() | st.integers(1, 10_000),
    normalisation=st.sampled_from(["unit", "standard"]),
)
train_specs = st.builds(
    TrainSpec,
    epochs=st.integers(1, 50),
    learning_rate=st.floats(1e-6, 9.9),
    batch_size=st.integers(1, 500),
    engine=st.sampled_from(["torch", "numpy"]),
    optimiser=st.sampled_from(["adam", "sgd"]),
    momentum=st.floats(0, 0.999),
    schedule=st.sampled_from(["constant", "linear"]),
)
run_specs = st.builds(RunSpec, data_specs, networks(), train_specs, st.integers(0, 2**40))


# ---------------------------------------------------------------- shapes


@given(networks())
def test_shapes_are_those_of_pytorch(spec: ModelSpec) -> None:
    values = torch.zeros(2, *spec.input_shape)
    shapes = [tuple(values.shape[1:])]
    for module in reference(spec):
        values = module(values)
        shapes.append(tuple(values.shape[1:]))
    assert spec.shapes == tuple(shapes)
    assert (spec.classes,) == shapes[-1]


@given(convolutions() | pools, st.integers(1, 9), st.integers(1, 9))
def test_a_layer_fits_exactly_where_pytorch_computes_it(layer: Conv2d | Pool2d, height: int, width: int) -> None:
    try:
        expected = tuple(module_of(layer)(torch.zeros(1, 2, height, width)).shape[1:])
    except RuntimeError:
        with pytest.raises(SpecError, match="larger than its"):
            layer.output_shape((2, height, width))
    else:
        assert layer.output_shape((2, height, width)) == expected


# ---------------------------------------------------------------- JSON


@given(run_specs)
def test_json_round_trip(spec: RunSpec) -> None:
    again = from_json(json.loads(canonical_json(spec)))
    assert again == spec
    assert hash(again) == hash(spec)
    assert canonical_json(again) == canonical_json(spec)


@given(run_specs, run_specs)
def test_different_specs_have_different_json(one: RunSpec, other: RunSpec) -> None:
    assert (canonical_json(one) == canonical_json(other)) == (one == other)


def test_canonical_json_leaves_defaults_out() -> None:
    # Written out by hand: a change of this text makes every stored result stale.
    assert canonical_json(SPEC) == (
        '{"data":{"dataset":"mnist","type":"DataSpec","validation_images":100},'
        '"model":{"input_shape":[1,8,8],"layers":[{"filters":4,"kernel":3,"type":"Conv2d"},{"type":"Pool2d"},'
        '{"type":"Flatten"},{"activation":"none","type":"Dense","units":10}],"type":"ModelSpec"},'
        '"seed":0,"training":{"epochs":2,"type":"TrainSpec"},"type":"RunSpec"}'
    )
    assert to_json(Conv2d(4, 3, 1, "same", "relu")) == to_json(Conv2d(4, 3))
    assert to_json(Conv2d(4, 3, 2)) == {"type": "Conv2d", "filters": 4, "kernel": 3, "stride": 2}
    assert to_json(Glyphs()) == {"type": "Glyphs"}


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"type": "Conv3d", "filters": 4}, "'Conv3d'"),
        ({"filters": 4}, "None"),
        ({"type": "Conv2d", "filters": 4, "kernel": 3, "depth": 2}, "'depth'"),
        ({"type": "Conv2d", "filters": 4}, "'kernel'"),
        ({"type": "Conv2d", "filters": 4, "kernel": 3, "stride": 0}, "stride is 0"),
    ],
)
def test_json_that_is_no_specification_is_refused(value: Any, named: str) -> None:
    with pytest.raises(SpecError, match=named):
        from_json(value)


# ---------------------------------------------------------------- keys


def key(spec: RunSpec = SPEC, fingerprint: str = "f", mode: NumericMode = MODE, revision: int = 1) -> str:
    return run_key(spec, fingerprint, mode, revision)


def test_every_ingredient_changes_the_key() -> None:
    keys = [
        key(),
        key(replace(SPEC, seed=1)),
        key(replace(SPEC, data=replace(SPEC.data, validation_images=101))),
        key(replace(SPEC, data=replace(SPEC.data, train_images=50))),
        key(replace(SPEC, data=replace(SPEC.data, normalisation="unit"))),
        key(replace(SPEC, data=replace(SPEC.data, canvas=8))),
        key(replace(SPEC, data=replace(SPEC.data, dataset=Glyphs(size=8)))),
        key(replace(SPEC, data=replace(SPEC.data, dataset=Glyphs(size=8, seed=1)))),
        key(replace(SPEC, model=ModelSpec((1, 8, 8), (*MODEL.layers[:1], *MODEL.layers[2:])))),
        key(replace(SPEC, model=ModelSpec((1, 8, 8), (Conv2d(4, 3), Pool2d("average"), *MODEL.layers[2:])))),
        key(replace(SPEC, training=replace(SPEC.training, epochs=3))),
        key(replace(SPEC, training=replace(SPEC.training, schedule="linear"))),
        key(fingerprint="g"),
        key(mode=replace(MODE, dtype="bfloat16")),
        key(mode=replace(MODE, device="cuda")),
        key(mode=replace(MODE, layout="channels_first")),
        key(mode=replace(MODE, engine="numpy")),
        key(mode=replace(MODE, threads=2)),
        key(revision=2),
    ]
    assert len(set(keys)) == len(keys)
    assert all(len(k) == 64 and set(k) <= set("0123456789abcdef") for k in keys)


def test_the_key_depends_on_nothing_else() -> None:
    written_out = RunSpec(
        seed=0,
        training=TrainSpec(2, 1e-3, 128, "torch", "adam", 0.9, "constant"),
        model=ModelSpec(
            layers=(Conv2d(4, 3, 1, "same", "relu"), Pool2d("max", 2), Flatten(), Dense(10, "none")),
            input_shape=(1, 8, 8),
        ),
        data=DataSpec("mnist", 100, None, None, "standard"),
    )
    assert key(written_out) == key()
    # One key, written down: whoever changes it makes every stored result stale, and should mean to.
    assert key() == "f93f8dfe32fb2701620b89d3753d95bba029d233304e130c22a49c493570dd2b"


# ---------------------------------------------------------------- what cannot mean anything

LOGITS = Dense(10, "none")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2d(4, 3, stride=0), "stride is 0"),
        (lambda: Conv2d(4, 3, stride=-1), "stride is -1"),
        (lambda: Conv2d(0, 3), "filters is 0"),
        (lambda: Conv2d(4, 0), "kernel is 0"),
        (lambda: Conv2d(4, 3.0), "kernel is 3.0"),  # type: ignore[arg-type]
        (lambda: Conv2d(True, 3), "filters is True"),
        (lambda: Conv2d("8", 3), "filters is '8'"),  # type: ignore[arg-type]
        (lambda: Conv2d(4, 4), "kernel is 4 with padding 'same'"),
        (lambda: Conv2d(4, 3, padding="full"), "padding is 'full'"),  # type: ignore[arg-type]
        (lambda: Conv2d(4, 3, activation="swish"), "activation is 'swish'"),  # type: ignore[arg-type]
        (lambda: Pool2d("median"), "kind is 'median'"),  # type: ignore[arg-type]
        (lambda: Pool2d(size=0), "size is 0"),
        (lambda: Pool2d(size=True), "size is True"),
        (lambda: Dense(2.5), "units is 2.5"),  # type: ignore[arg-type]
        (lambda: Dense(4, "softmax"), "activation is 'softmax'"),  # type: ignore[arg-type]
        (lambda: PermutePixels(block=-1), "PermutePixels block is -1"),
        (lambda: DataSpec("mnist", 5, canvas=-44), "canvas is -44"),
        (lambda: DataSpec(Table("breast-cancer"), 5, canvas=44), "canvas is 44 for the table"),
        (
            lambda: replace(SPEC, data=replace(SPEC.data, canvas=44)),
            r"(?s)canvas is 44, and the network takes images of 8×8 pixels.*input_shape \(1, 44, 44\)",
        ),
        (lambda: ModelSpec((1, 8, 8), (Flatten(), Dense(10))), r"Dense\(units=10, activation='relu'\)"),
        (lambda: ModelSpec((1, 8, 8), (Flatten(),)), r"last layer is Flatten\(\)"),
        (lambda: ModelSpec((1, 8, 8), ()), "last layer is None"),
        (lambda: ModelSpec((1, 8, 8), (LOGITS,)), r"Dense\(10\) follows a layer of shape \(1, 8, 8\)"),
        (lambda: ModelSpec((1, 8, 8), (Flatten(), Conv2d(4, 3), LOGITS)), r"Conv2d follows a layer of shape \(64,\)"),
        (lambda: ModelSpec((1, 8, 8), (Flatten(), Pool2d(), LOGITS)), r"Pool2d follows a layer of shape \(64,\)"),
        (lambda: ModelSpec((1, 8, 8), (Flatten(), Flatten(), LOGITS)), r"Flatten follows a layer of shape \(64,\)"),
        (
            lambda: ModelSpec((1, 8, 8), (Flatten(), GlobalAveragePool(), LOGITS)),
            r"GlobalAveragePool follows a layer of shape \(64,\)",
        ),
        (
            lambda: ModelSpec((1, 8, 4), (Conv2d(4, 9, padding="valid"), Flatten(), LOGITS)),
            "kernel is 9, larger than its padded input of 4 pixels",
        ),
        (
            lambda: ModelSpec((1, 8, 4), (Pool2d(size=5), Flatten(), LOGITS)),
            "size is 5, larger than its input of 4 pixels",
        ),
        (lambda: ModelSpec((0, 8, 8), (Flatten(), LOGITS)), r"input_shape is \(0, 8, 8\)"),
        (lambda: ModelSpec((8, 8), (Flatten(), LOGITS)), r"input_shape is \(8, 8\)"),  # type: ignore[arg-type]
        (lambda: ModelSpec((1, 8, 8.5), (Flatten(), LOGITS)), r"input_shape is \(1, 8, 8.5\)"),  # type: ignore[arg-type]
        (lambda: ModelSpec((True, 8, 8), (Flatten(), LOGITS)), r"input_shape is \(True, 8, 8\)"),
        (lambda: TrainSpec(epochs=0), "epochs is 0"),
        (lambda: TrainSpec(epochs=1.5), "epochs is 1.5"),  # type: ignore[arg-type]
        (lambda: TrainSpec(epochs=True), "epochs is True"),
        (lambda: TrainSpec(1, batch_size=0), "batch_size is 0"),
        (lambda: TrainSpec(1, learning_rate=0), "learning_rate is 0"),
        (lambda: TrainSpec(1, learning_rate=float("nan")), "learning_rate is nan"),
        (lambda: TrainSpec(1, momentum=1.0), "momentum is 1.0"),
        (lambda: TrainSpec(1, engine="jax"), "engine is 'jax'"),  # type: ignore[arg-type]
        (lambda: TrainSpec(1, optimiser="adamw"), "optimiser is 'adamw'"),  # type: ignore[arg-type]
        (lambda: TrainSpec(1, schedule="cosine"), "schedule is 'cosine'"),  # type: ignore[arg-type]
        (lambda: DataSpec("mnist", 0), "validation_images is 0"),
        (lambda: DataSpec("mnist", 1, train_images=0), "train_images is 0"),
        (lambda: DataSpec("mnist", 1, test_images=1.0), "test_images is 1.0"),  # type: ignore[arg-type]
        (lambda: DataSpec("mnist", 1, normalisation="none"), "normalisation is 'none'"),  # type: ignore[arg-type]
        (lambda: replace(SPEC, seed=-1), "seed is -1"),
        (lambda: replace(SPEC, seed=0.0), "seed is 0.0"),  # type: ignore[arg-type]
        (lambda: replace(SPEC, seed=True), "seed is True"),
        (lambda: Glyphs(channels=2), "channels is 2"),
        (lambda: Glyphs(scale=(0.8, 0.5)), r"scale is \(0.8, 0.5\)"),
        (lambda: Glyphs(content=29), "content is 29"),
        (lambda: Glyphs(rotation=181), "rotation is 181"),
        (lambda: Glyphs(shift=28), "shift is 28"),
        (lambda: Glyphs(noise=-0.1), "noise is -0.1"),
        (lambda: Glyphs(train=0), "train is 0"),
        (lambda: Glyphs(shift=1.5), "shift is 1.5"),  # type: ignore[arg-type]
        (lambda: Glyphs(content=14.0), "content is 14.0"),  # type: ignore[arg-type]
        (lambda: Glyphs(seed=-1), "seed is -1"),
    ],
)
def test_bad_values_are_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        make()


def test_what_the_documentation_names_is_had_from_one_place() -> None:
    """A study imports layers and specifications from convscope.specs."""
    page = (ROOT / "site" / "docs" / "add-a-study.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z]\w+)(?:\([^`]*)?`", page)) & {*LAYERS, "Glyphs", "ModelSpec", "Table"}
    assert {"DepthwiseConv2d", "Residual", "Table"} <= named
    assert named <= set(convscope.specs.__all__)
