"""What layers share whose values each see one square window of the image through weights; what convolutions share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal, get_args

from convscope.specs.checks import require, require_one_of, require_positive
from convscope.specs.layers.layer import Activation, Layer, Role, Shape, Shapes, TorchModule, Window, image


@dataclass(frozen=True)
class Windowed(Layer):
    """Weights over square windows, then an activation.

    ``padding="same"`` puts half of the window's side, rounded down, of zeros at each side (odd kernels only),
    ``"valid"`` none. The output has ``(n - kernel + 2 * padding) // stride + 1`` pixels a side (Dumoulin and Visin
    2016, relationship 6).
    """

    filters: int
    kernel: int
    stride: int = 1
    padding: Literal["same", "valid"] = "same"
    activation: Activation = "relu"

    def __post_init__(self) -> None:
        name = type(self).__name__
        for field in ("filters", "kernel", "stride"):
            require_positive(f"{name} {field}", getattr(self, field))
        require_one_of(f"{name} padding", self.padding, ("same", "valid"))
        require_one_of(f"{name} activation", self.activation, get_args(Activation))
        require(
            self.padding == "valid" or self.kernel % 2 == 1,
            f"{name} kernel is {self.kernel} with padding 'same'; an even kernel cannot be padded evenly.",
            "Use an odd kernel, or padding='valid'.",
        )

    @property
    def reach(self) -> int:
        """Side of the window in pixels."""
        return self.kernel

    @property
    def padding_pixels(self) -> int:
        """Zeros added at each side of the image."""
        return self.reach // 2 if self.padding == "same" else 0

    @property
    def window(self) -> Window:
        """What a value sees of the layer's input."""
        return Window(self.reach, self.stride, -self.padding_pixels)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (filters, H', W')."""
        _, height, width = image(self, shape)
        padded = min(height, width) + 2 * self.padding_pixels
        require(
            self.reach <= padded,
            f"{type(self).__name__} kernel is {self.reach}, larger than its padded input of {padded} pixels "
            f"(input {shape}).",
            "Use a smaller kernel, more padding, or fewer layers that shrink the image before it.",
        )
        return (self.filters, self._side(height), self._side(width))

    def _side(self, pixels: int) -> int:
        return (pixels - self.reach + 2 * self.padding_pixels) // self.stride + 1

    def _size_in_words(self) -> str:
        stride = f", stride {self.stride}" if self.stride > 1 else ""
        return f"{self.kernel}×{self.kernel}{stride}"


@dataclass(frozen=True)
class Convolution(Windowed):
    """One set of weights for all positions; a filter sees the channels of its group."""

    role: ClassVar[Role] = "convolution"

    @abstractmethod
    def groups_of(self, channels: int) -> int:
        """Return into how many groups channels and filters are split."""

    def weights(self, shape: Shape) -> Shapes:
        """Every filter has a square of weights for each channel of its group, and a bias."""
        seen = shape[0] // self.groups_of(shape[0])
        return {"weight": (self.filters, seen, self.kernel, self.kernel), "bias": (self.filters,)}

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
                "groups": self.groups_of(shape[0]),
            },
        )
