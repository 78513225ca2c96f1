"""A residual block: layers, and a connection around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar, get_args

from convscope.specs.checks import require, require_one_of
from convscope.specs.layers.layer import Activation, Layer, Role, Shape, Shapes, TorchModule, Window, in_words


@dataclass(frozen=True)
class Residual(Layer):
    """What the layers make of their input, plus the input itself; then an activation (He et al. 2016).

    Parameters
    ----------
    layers
        They keep the shape: padding "same", stride 1, as many filters as channels.
    activation
        After the sum; the last layer therefore has none.
    """

    role: ClassVar[Role] = "convolution"
    traffic: ClassVar[float] = 2.0  # of the two convolutions that such a block usually has

    layers: tuple[Layer, ...]
    activation: Activation = "relu"

    def __post_init__(self) -> None:
        given = self.layers if isinstance(self.layers, tuple) else ()
        require(
            given != () and all(isinstance(layer, Layer) for layer in given),
            f"Residual has the layers {self.layers!r}; it needs a tuple of at least one layer.",
            "Write Residual((Conv2d(16, 3), Conv2d(16, 3, activation='none'))).",
        )
        require_one_of("Residual activation", self.activation, get_args(Activation))

    @property
    def words(self) -> tuple[str, ...]:
        """What it goes around, and its activation."""
        return in_words(f"residual {', '.join(layer.words[0] for layer in self.layers)}", self.activation)

    @property
    def parts(self) -> tuple[Layer, ...]:
        """Those inside of it, however deep."""
        return tuple(part for layer in self.layers for part in layer.parts)

    @property
    def window(self) -> Window | None:
        """What the last of the layers sees: the connection around them sees less."""
        windows = [layer.window for layer in self.layers]
        return reduce(Window.then, [window for window in windows if window], Window()) if all(windows) else None

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer: as before it."""
        after = reduce(lambda before, layer: layer.output_shape(before), self.layers, shape)
        require(
            after == shape,
            f"The layers of a Residual turn {shape} into {after}; they must keep the shape, as the input is added.",
            "Use padding='same', stride 1 and as many filters as channels; change the shape between two blocks.",
        )
        return shape

    def weights(self, shape: Shape) -> Shapes:
        """Those of the layers, by their place."""
        return {f"{i}.{name}": at for i, one, before in self._placed(shape) for name, at in one.weights(before).items()}

    def buffers(self, shape: Shape) -> Shapes:
        """Those of the layers, by their place."""
        return {f"{i}.{name}": at for i, one, before in self._placed(shape) for name, at in one.buffers(before).items()}

    def macs(self, shape: Shape) -> int:
        """Count those of the layers; an addition is no multiplication."""
        return sum(layer.macs(before) for _, layer, before in self._placed(shape))

    def torch_module(self, shape: Shape) -> TorchModule:
        """`convscope.models.modules.Residual`."""
        return TorchModule("Residual", {"layers": self.layers, "shape": shape})

    def _placed(self, shape: Shape) -> Iterator[tuple[int, Layer, Shape]]:
        """Yield each of the layers with its place and the shape that reaches it."""
        for i, layer in enumerate(self.layers):
            yield i, layer, shape
            shape = layer.output_shape(shape)
