"""Dropout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convscope.specs.checks import require
from convscope.specs.layers.layer import Layer, Role, Shape, TorchModule, Window


@dataclass(frozen=True)
class Dropout(Layer):
    """In training each value is zero with this probability, and the others are scaled up (Srivastava et al. 2014).

    What is dropped follows from the run's seed. Afterwards all values pass as they are.
    """

    role: ClassVar[Role] = "regularisation"

    rate: float = 0.5

    def __post_init__(self) -> None:
        require(0 < self.rate < 1, f"Dropout rate is {self.rate}; it must be above 0 and below 1.")

    @property
    def words(self) -> tuple[str, ...]:
        """Its probability."""
        return ("dropout", f"{self.rate:g}")

    @property
    def window(self) -> Window:
        """One pixel."""
        return Window()

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer: as before it."""
        return shape

    def torch_module(self, _shape: Shape) -> TorchModule:
        """``torch.nn.Dropout``."""
        return TorchModule("Dropout", {"p": self.rate})
