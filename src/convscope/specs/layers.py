"""The layers that a model is made of, each with the shape of its output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from convscope.specs.checks import require, require_one_of, require_positive, require_whole

Activation = Literal["relu", "tanh", "sigmoid", "gelu", "none"]
Shape = tuple[int, ...]  # (channels, height, width) of an image, (features,) of a vector


@dataclass(frozen=True)
class Windowed:
    """What layers share whose output values each see one square window of the image; then an activation.

    ``padding="same"`` puts ``kernel // 2`` zeros at each side (odd kernels only), ``"valid"`` none. The output
    has ``(n - kernel + 2 * padding) // stride + 1`` pixels a side (Dumoulin and Visin 2016, relationship 6).
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
    def padding_pixels(self) -> int:
        """Zeros added at each side of the image."""
        return self.kernel // 2 if self.padding == "same" else 0

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (filters, H', W')."""
        _, height, width = _image(self, shape)
        padded = min(height, width) + 2 * self.padding_pixels
        require(
            self.kernel <= padded,
            f"{type(self).__name__} kernel is {self.kernel}, larger than its padded input of {padded} pixels "
            f"(input {shape}).",
            "Use a smaller kernel, more padding, or fewer layers that shrink the image before it.",
        )
        return (self.filters, self._side(height), self._side(width))

    def _side(self, pixels: int) -> int:
        return (pixels - self.kernel + 2 * self.padding_pixels) // self.stride + 1


@dataclass(frozen=True)
class Conv2d(Windowed):
    """Convolution: one set of weights for all positions."""


@dataclass(frozen=True)
class LocallyConnected2d(Windowed):
    """A convolution without weight sharing: every position of the output has weights and biases of its own."""


@dataclass(frozen=True)
class PermutePixels:
    """One fixed shuffle of the pixel positions, the same for all images and channels.

    It is drawn for each run from the run's seed, stays as it is in training, and is kept with the weights.

    Parameters
    ----------
    block
        Side in pixels of the squares that pixels stay within, from the top left; those at the right and bottom edge
        may be cut off. 0 shuffles the whole image, 1 leaves every pixel where it is.
    """

    block: int = 0

    def __post_init__(self) -> None:
        require_whole("PermutePixels block", self.block)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (C, H, W)."""
        return _image(self, shape)


@dataclass(frozen=True)
class Pool2d:
    """Maximum or average over disjoint ``size x size`` squares; a remainder at the edge is dropped."""

    kind: Literal["max", "average"] = "max"
    size: int = 2

    def __post_init__(self) -> None:
        require_one_of("Pool2d kind", self.kind, ("max", "average"))
        require_positive("Pool2d size", self.size)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (C, H // size, W // size)."""
        channels, height, width = _image(self, shape)
        require(
            self.size <= min(height, width),
            f"Pool2d size is {self.size}, larger than its input of {min(height, width)} pixels (input {shape}).",
            "Use a smaller pool, or fewer layers that shrink the image before it.",
        )
        return (channels, height // self.size, width // self.size)


@dataclass(frozen=True)
class GlobalAveragePool:
    """Mean of each channel over all pixels (Lin et al. 2014, section 3.2)."""

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (C,)."""
        return (_image(self, shape)[0],)


@dataclass(frozen=True)
class Flatten:
    """All values of an image as one vector."""

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (C * H * W,)."""
        channels, height, width = _image(self, shape)
        return (channels * height * width,)


@dataclass(frozen=True)
class Dense:
    """Fully connected layer, then an activation. The last one of a model gives the logits."""

    units: int
    activation: Activation = "relu"

    def __post_init__(self) -> None:
        require_positive("Dense units", self.units)
        require_one_of("Dense activation", self.activation, get_args(Activation))

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (features,) -> (units,)."""
        require(
            len(shape) == 1,
            f"Dense({self.units}) follows a layer of shape {shape}; it needs a vector.",
            "Put Flatten() or GlobalAveragePool() before it.",
        )
        return (self.units,)


Layer = Conv2d | LocallyConnected2d | PermutePixels | Pool2d | GlobalAveragePool | Flatten | Dense


def _image(layer: object, shape: Shape) -> Shape:
    require(
        len(shape) == 3,
        f"{type(layer).__name__} follows a layer of shape {shape}; it needs an image (channels, height, width).",
    )
    return shape
