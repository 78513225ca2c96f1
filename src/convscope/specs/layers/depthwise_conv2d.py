"""Depthwise convolution: every filter sees one channel."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from convscope.specs.checks import require
from convscope.specs.layers.layer import Role, Shape, Shapes, TorchModule, image, in_words
from convscope.specs.layers.windowed import Windowed


@dataclass(frozen=True)
class DepthwiseConv2d(Windowed):
    """A convolution whose filters see one channel each (Howard et al. 2017); ``Conv2d(n, 1)`` after it mixes them.

    Parameters
    ----------
    filters
        As many as there are channels, or a multiple: each channel has equally many.
    """

    role: ClassVar[Role] = "convolution"

    @property
    def words(self) -> tuple[str, ...]:
        """Its kernel and activation."""
        return in_words(f"depthwise {self._size_in_words()}", self.activation)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (filters, H', W')."""
        channels, *_ = image(self, shape)
        require(
            self.filters % channels == 0,
            f"DepthwiseConv2d filters is {self.filters} for {channels} channels (input {shape}); each channel has "
            "equally many.",
            f"Take a multiple of {channels} filters.",
        )
        return super().output_shape(shape)

    def weights(self, _shape: Shape) -> Shapes:
        """Every filter has one square of weights and a bias."""
        return {"weight": (self.filters, 1, self.kernel, self.kernel), "bias": (self.filters,)}

    def macs(self, shape: Shape) -> int:
        """Count each weight once a position."""
        return self.kernel**2 * prod(self.output_shape(shape))

    def torch_module(self, shape: Shape) -> TorchModule:
        """``torch.nn.Conv2d`` with a group a channel."""
        return TorchModule(
            "Conv2d",
            {
                "in_channels": shape[0],
                "out_channels": self.filters,
                "kernel_size": self.kernel,
                "stride": self.stride,
                "padding": self.padding_pixels,
                "groups": shape[0],
            },
        )
