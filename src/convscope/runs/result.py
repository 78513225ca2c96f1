"""What one training run leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from convscope.engines.outcome import Outcome
from convscope.files import Json
from convscope.specs import NumericMode, RunSpec, from_json, to_json

Arrays = dict[str, NDArray[Any]]
"""Arrays by name, as a safetensors file holds them."""

_SCALARS = ("test_loss", "test_accuracy", "parameters", "macs", "train_seconds", "evaluate_seconds", "environment")


@dataclass(frozen=True)
class RunResult(Outcome):
    """One run: what was asked for, what came out, and on which machine.

    Of a published run there are no confidences, and no weights where they are not kept.
    """

    key: str  # content key of the run (`convscope.specs.run_key`)
    # what was run, in which arithmetic
    spec: RunSpec
    mode: NumericMode
    # of the network, for one image
    parameters: int
    macs: int
    environment: Json  # versions, processor, time and commit of the training

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
