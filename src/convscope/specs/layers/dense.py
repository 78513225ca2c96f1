"""Fully connected layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args

from convscope.specs.checks import require, require_one_of, require_positive
from convscope.specs.layers.layer import Activation, Layer, Role, Shape, Shapes, TorchModule, in_words


@dataclass(frozen=True)
class Dense(Layer):
    """Fully connected layer, then an activation. The last one of a model gives the logits."""

    role: ClassVar[Role] = "dense"
    traffic: ClassVar[float] = 0.0

    units: int
    activation: Activation = "relu"

    def __post_init__(self) -> None:
        require_positive("Dense units", self.units)
        require_one_of("Dense activation", self.activation, get_args(Activation))

    @property
    def words(self) -> tuple[str, ...]:
        """Its activation, or that it gives the logits."""
        return in_words("dense", self.activation, "logits")

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (features,) -> (units,)."""
        require(
            len(shape) == 1,
            f"Dense({self.units}) follows a layer of shape {shape}; it needs a vector.",
            "Put Flatten() or GlobalAveragePool() before it.",
        )
        return (self.units,)

    def weights(self, shape: Shape) -> Shapes:
        """Every unit has a weight for each value, and a bias."""
        return {"weight": (self.units, shape[0]), "bias": (self.units,)}

    def macs(self, shape: Shape) -> int:
        """Count each weight once."""
        return self.units * shape[0]

    def torch_module(self, shape: Shape) -> TorchModule:
        """``torch.nn.Linear``."""
        return TorchModule("Linear", {"in_features": shape[0], "out_features": self.units})
