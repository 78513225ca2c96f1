"""What one training run leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.engines.outcome import Epoch
from convscope.files import Json
from convscope.specs import NumericMode, RunSpec, from_json, to_json

Arrays = dict[str, NDArray[Any]]
"""Arrays by name, as a safetensors file holds them."""

_SCALARS = ("test_loss", "test_accuracy", "parameters", "macs", "train_seconds", "evaluate_seconds", "environment")


@dataclass(frozen=True)
class RunResult:
    """One run: what was asked for, what came out, and on which machine."""

    key: str  # content key of the run (`convscope.specs.run_key`)
    # what was run, in which arithmetic
    spec: RunSpec
    mode: NumericMode
    history: tuple[Epoch, ...]  # one entry an epoch
    # after the last epoch; a loss in nats, a fraction
    test_loss: float
    test_accuracy: float
    # of the network, for one image
    parameters: int
    macs: int
    # wall time
    train_seconds: float
    evaluate_seconds: float
    environment: Json  # versions, processor, time and commit of the training
    # (test images,): predicted class, uint8, and its probability, float32
    predictions: NDArray[np.uint8]
    confidences: NDArray[np.float32]
    # arrays by name, float32, as `convscope.engines.outcome.Outcome` describes them. Empty for a published run whose
    # weights are not kept; confidences too are not published
    weights: dict[str, NDArray[np.float32]]

    @property
    def train_images(self) -> int:
        """Images seen in training, over all epochs, from the recorded rate."""
        return int(self.environment["train_images"])

    @property
    def images_per_second(self) -> float:
        """Training speed."""
        return self.train_images / self.train_seconds


def as_json(result: RunResult) -> Json:
    """Return what JSON holds of a result: all but its history and its arrays."""
    scalars = {name: getattr(result, name) for name in _SCALARS}
    return {"key": result.key, "spec": to_json(result.spec), "mode": to_json(result.mode), **scalars}


def fields_of(written: Json) -> dict[str, Any]:
    """Return the fields of a result that `as_json` wrote."""
    scalars = {name: written[name] for name in _SCALARS}
    return {"key": written["key"], "spec": from_json(written["spec"]), "mode": from_json(written["mode"]), **scalars}
