"""Convolution: one set of weights for all positions."""

from __future__ import annotations

from dataclasses import dataclass

from convscope.specs.checks import require, require_positive
from convscope.specs.layers.layer import Shape, TorchModule, image, in_words
from convscope.specs.layers.windowed import Convolution


@dataclass(frozen=True)
class Conv2d(Convolution):
    """Convolution: one set of weights for all positions.

    Parameters
    ----------
    groups
        Channels and filters are split into so many groups; a filter sees the channels of its group alone (Krizhevsky,
        Sutskever and Hinton 2012, section 3.5).
    dilation
        Pixels from one weight of the kernel to the next; 1 leaves no gap (Yu and Koltun 2016).
    """

    groups: int = 1
    dilation: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive("Conv2d groups", self.groups)
        require_positive("Conv2d dilation", self.dilation)
        require(
            self.filters % self.groups == 0,
            f"Conv2d filters is {self.filters} in {self.groups} groups; each group has equally many.",
            f"Take a multiple of {self.groups} filters.",
        )

    @property
    def reach(self) -> int:
        """Side of the window in pixels, gaps included."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def words(self) -> tuple[str, ...]:
        """Its kernel and activation."""
        dilation = f", dilation {self.dilation}" if self.dilation > 1 else ""
        groups = f", {self.groups} groups" if self.groups > 1 else ""
        return in_words(f"conv {self._size_in_words()}{dilation}{groups}", self.activation)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (filters, H', W')."""
        channels, *_ = image(self, shape)
        require(
            channels % self.groups == 0,
            f"Conv2d has {self.groups} groups for {channels} channels (input {shape}); each group has equally many.",
            f"Take as many groups as divide {channels}.",
        )
        return super().output_shape(shape)

    def groups_of(self, _channels: int) -> int:
        """Return the number that was asked for."""
        return self.groups

    def torch_module(self, shape: Shape) -> TorchModule:
        """``torch.nn.Conv2d``, dilated."""
        module = super().torch_module(shape)
        return TorchModule(module.name, {**module.arguments, "dilation": self.dilation})
