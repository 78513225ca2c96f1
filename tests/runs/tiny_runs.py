"""Planned runs of a second or less, on generated digits."""

from __future__ import annotations

from dataclasses import replace

from convscope.datasets.catalogue import fingerprint
from convscope.runs.plan import PlannedRun
from convscope.specs import (
    Conv2d,
    DataSpec,
    Dense,
    Flatten,
    Glyphs,
    ModelSpec,
    NumericMode,
    RunSpec,
    TrainSpec,
    run_key,
)

GLYPHS = Glyphs(size=10, train=300, test=60, shift=0)
MODEL = ModelSpec((1, 10, 10), (Conv2d(4, 3), Flatten(), Dense(10, "none")))
SPEC = RunSpec(DataSpec(GLYPHS, validation_images=100), MODEL, TrainSpec(epochs=2, batch_size=32), seed=0)
MODE = NumericMode("torch", "cpu", "float32", "channels_last")


def planned(spec: RunSpec, mode: NumericMode = MODE, title: str = "") -> PlannedRun:
    key = run_key(spec, fingerprint(spec.data.dataset), mode, 1)
    return PlannedRun(key, spec, mode, "tiny", "cnn", title or f"tiny · CNN · seed {spec.seed}")


def tiny(seed: int = 0, epochs: int = 2) -> PlannedRun:
    return planned(replace(SPEC, seed=seed, training=replace(SPEC.training, epochs=epochs)))


def impossible() -> PlannedRun:
    """More validation images than there are: it fails when the images are drawn."""
    return planned(replace(SPEC, data=replace(SPEC.data, validation_images=301)), title="tiny · impossible")
