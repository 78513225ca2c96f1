"""Mean of each channel over all pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convscope.specs.layers.layer import Layer, Role, Shape, TorchModule, image


@dataclass(frozen=True)
class GlobalAveragePool(Layer):
    """Mean of each channel over all pixels (Lin et al. 2014, section 3.2)."""

    role: ClassVar[Role] = "shape"
    traffic: ClassVar[float] = 0.0

    @property
    def words(self) -> tuple[str, ...]:
        """What it does."""
        return ("global", "average pool")

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (C,)."""
        return (image(self, shape)[0],)

    def torch_module(self, _shape: Shape) -> TorchModule:
        """`convscope.models.modules.SpatialMean`; ``torch.nn.AdaptiveAvgPool2d`` would keep two sides of 1."""
        return TorchModule("SpatialMean", {})
