"""One fixed shuffle of the pixel positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convscope.specs.checks import require_whole
from convscope.specs.layers.layer import Layer, Role, Shape, Shapes, TorchModule, Window, image


@dataclass(frozen=True)
class PermutePixels(Layer):
    """One fixed shuffle of the pixel positions, the same for all images and channels.

    It is drawn for each run from the run's seed, stays as it is in training, and is kept with the weights.

    Parameters
    ----------
    block
        Side in pixels of the squares that pixels stay within, from the top left; those at the right and bottom edge
        may be cut off. 0 shuffles the whole image, 1 leaves every pixel where it is.
    """

    role: ClassVar[Role] = "shape"

    block: int = 0

    def __post_init__(self) -> None:
        require_whole("PermutePixels block", self.block)

    @property
    def words(self) -> tuple[str, ...]:
        """Where pixels stay."""
        return ("permute", f"in {self.block}×{self.block} blocks" if self.block else "pixels")

    @property
    def window(self) -> Window:
        """One pixel: of the shuffled image, whose pixels are those that later layers see."""
        return Window()

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (C, H, W)."""
        return image(self, shape)

    def buffers(self, shape: Shape) -> Shapes:
        """Place ``i`` takes the pixel of place ``permutation[i]``."""
        return {"permutation": (shape[1] * shape[2],)}

    def torch_module(self, shape: Shape) -> TorchModule:
        """`convscope.models.local.PixelPermutation`."""
        return TorchModule("PixelPermutation", {"layer": self, "shape": shape})
