"""A convolution without weight sharing."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from convscope.specs.layers.layer import Role, Shape, Shapes, TorchModule, in_words
from convscope.specs.layers.windowed import Windowed


@dataclass(frozen=True)
class LocallyConnected2d(Windowed):
    """A convolution without weight sharing: every position of the output has weights and biases of its own."""

    role: ClassVar[Role] = "local"
    traffic: ClassVar[float] = 2.7  # measured at 16 and 32 filters

    @property
    def words(self) -> tuple[str, ...]:
        """Its window and activation."""
        return in_words(f"local {self._size_in_words()}", self.activation)

    def weights(self, shape: Shape) -> Shapes:
        """Positions row by row, then the window's rows, its columns and channels, then filters."""
        filters, height, width = self.output_shape(shape)
        return {
            "weight": (height * width, shape[0] * self.kernel**2, filters),
            "bias": (height * width, 1, filters),
        }

    def macs(self, shape: Shape) -> int:
        """Count each weight once: no two positions share one."""
        return prod(self.weights(shape)["weight"])

    def torch_module(self, shape: Shape) -> TorchModule:
        """`convscope.models.local.LocallyConnected`; PyTorch has none."""
        return TorchModule("LocallyConnected", {"layer": self, "shape": shape})
