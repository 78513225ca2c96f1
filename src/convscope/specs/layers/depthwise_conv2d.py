"""Depthwise convolution: every filter sees one channel."""

from __future__ import annotations

from dataclasses import dataclass

from convscope.specs.checks import require
from convscope.specs.layers.layer import Shape, image, in_words
from convscope.specs.layers.windowed import Convolution


@dataclass(frozen=True)
class DepthwiseConv2d(Convolution):
    """A convolution whose filters see one channel each (Howard et al. 2017); ``Conv2d(n, 1)`` after it mixes them.

    Parameters
    ----------
    filters
        As many as there are channels, or a multiple: each channel has equally many.
    """

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

    def groups_of(self, channels: int) -> int:
        """Return a group a channel."""
        return channels
