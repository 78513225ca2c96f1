"""Convolution: one set of weights for all positions."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from convscope.specs.layers.layer import Role, Shape, Shapes, TorchModule, in_words
from convscope.specs.layers.windowed import Windowed


@dataclass(frozen=True)
class Conv2d(Windowed):
    """Convolution: one set of weights for all positions."""

    role: ClassVar[Role] = "convolution"

    @property
    def words(self) -> tuple[str, ...]:
        """Its kernel and activation."""
        return in_words(f"conv {self._size_in_words()}", self.activation)

    def weights(self, shape: Shape) -> Shapes:
        """Every filter has a square of weights for each channel, and a bias."""
        return {"weight": (self.filters, shape[0], self.kernel, self.kernel), "bias": (self.filters,)}

    def macs(self, shape: Shape) -> int:
        """Count each weight once a position."""
        _, height, width = self.output_shape(shape)
        return prod(self.weights(shape)["weight"]) * height * width

    def torch_module(self, shape: Shape) -> TorchModule:
        """``torch.nn.Conv2d``."""
        return TorchModule(
            "Conv2d",
            {
                "in_channels": shape[0],
                "out_channels": self.filters,
                "kernel_size": self.kernel,
                "stride": self.stride,
                "padding": self.padding_pixels,
            },
        )
