"""All values of an image as one vector."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from convscope.specs.layers.layer import Layer, Role, Shape, TorchModule, image


@dataclass(frozen=True)
class Flatten(Layer):
    """All values of an image as one vector."""

    role: ClassVar[Role] = "shape"

    @property
    def words(self) -> tuple[str, ...]:
        """What it does."""
        return ("flatten",)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (C * H * W,)."""
        return (prod(image(self, shape)),)

    def torch_module(self, _shape: Shape) -> TorchModule:
        """``torch.nn.Flatten``."""
        return TorchModule("Flatten", {})
