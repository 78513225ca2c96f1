"""Pooling: one value for each square of pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from convscope.specs.checks import require, require_one_of, require_positive, require_whole
from convscope.specs.layers.layer import Layer, Role, Shape, TorchModule, Window, image


@dataclass(frozen=True)
class Pool2d(Layer):
    """Maximum or average over ``size x size`` squares; a remainder at the edge is dropped.

    Parameters
    ----------
    kind, size
        Of the squares.
    stride
        Pixels from one square to the next; 0 takes ``size``, so that squares neither overlap nor leave gaps.
    """

    role: ClassVar[Role] = "pooling"
    traffic: ClassVar[float] = 0.0

    kind: Literal["max", "average"] = "max"
    size: int = 2
    stride: int = 0

    def __post_init__(self) -> None:
        require_one_of("Pool2d kind", self.kind, ("max", "average"))
        require_positive("Pool2d size", self.size)
        require_whole("Pool2d stride", self.stride)

    @property
    def step(self) -> int:
        """Pixels from one square to the next."""
        return self.stride or self.size

    @property
    def words(self) -> tuple[str, ...]:
        """Its kind and size."""
        stride = f", stride {self.step}" if self.step != self.size else ""
        return (f"{self.kind} pool", f"{self.size}×{self.size}{stride}")

    @property
    def window(self) -> Window:
        """One square."""
        return Window(self.size, self.step)

    @property
    def takes_maximum(self) -> bool:
        """Whether an output value is the largest of its square."""
        return self.kind == "max"

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (C, (H - size) // stride + 1, (W - size) // stride + 1)."""
        channels, height, width = image(self, shape)
        require(
            self.size <= min(height, width),
            f"Pool2d size is {self.size}, larger than its input of {min(height, width)} pixels (input {shape}).",
            "Use a smaller pool, or fewer layers that shrink the image before it.",
        )
        return (channels, (height - self.size) // self.step + 1, (width - self.size) // self.step + 1)

    def torch_module(self, _shape: Shape) -> TorchModule:
        """``torch.nn.MaxPool2d`` or ``torch.nn.AvgPool2d``."""
        name = "MaxPool2d" if self.kind == "max" else "AvgPool2d"
        return TorchModule(name, {"kernel_size": self.size, "stride": self.step})
