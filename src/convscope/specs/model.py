"""A network: the shape of one image and the layers in order."""

from __future__ import annotations

from dataclasses import dataclass

from convscope.specs.checks import require
from convscope.specs.layers import LAYERS, Dense, Layer, Shape, Shapes, Window, Windowed


@dataclass(frozen=True)
class ModelSpec:
    """A feed-forward network: the shape of one input image and the layers in order.

    Parameters
    ----------
    input_shape
        (channels, height, width).
    layers
        The last one is ``Dense(classes, activation="none")``: its outputs are the logits.

    Raises
    ------
    SpecError
        A layer does not fit the shape that reaches it; the message names both.
    """

    input_shape: tuple[int, int, int]
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        require(
            len(self.input_shape) == 3 and all(type(n) is int and n >= 1 for n in self.input_shape),
            f"input_shape is {self.input_shape}; it must be (channels, height, width), whole numbers of at least 1.",
        )
        for layer in self.layers:
            require(isinstance(layer, Layer), f"{layer!r} is no layer; a network is made of {', '.join(LAYERS)}.")
        last = self.layers[-1] if self.layers else None
        require(
            isinstance(last, Dense) and last.activation == "none",
            f"The last layer is {last}; it must be Dense(classes, activation='none'), whose outputs are the logits.",
        )
        _ = self.shapes  # every layer checks the shape that reaches it

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shape of one image's values before the first layer and after each layer."""
        shapes: list[Shape] = [self.input_shape]
        for layer in self.layers:
            shapes.append(layer.output_shape(shapes[-1]))
        return tuple(shapes)

    @property
    def windows(self) -> tuple[Window, ...]:
        """What a value sees of the image after each layer, up to the first one that sees all of it."""
        window, found = Window(), []
        for layer in self.layers:
            if layer.window is None:
                break
            window = window.then(layer.window)
            found.append(window)
        return tuple(found)

    @property
    def windowed(self) -> tuple[Windowed, ...]:
        """Its layers with a kernel, in order, those inside of residual blocks too."""
        return tuple(part for layer in self.layers for part in layer.parts if isinstance(part, Windowed))

    @property
    def convolutions(self) -> tuple[Windowed, ...]:
        """Its convolutions of every kind, in order, those inside of residual blocks too."""
        return tuple(layer for layer in self.windowed if layer.role == "convolution")

    @property
    def arrays(self) -> Shapes:
        """Shapes of weights, biases and what is kept with them, by name: ``"0.weight"`` is of layer 0."""
        return {
            f"{i}.{name}": of_array
            for i, (layer, shape) in enumerate(zip(self.layers, self.shapes, strict=False))
            for name, of_array in (layer.weights(shape) | layer.buffers(shape)).items()
        }

    @property
    def classes(self) -> int:
        """Number of logits."""
        return self.shapes[-1][0]
