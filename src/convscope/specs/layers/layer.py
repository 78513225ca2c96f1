"""What every layer says of itself, so that nobody else has to know which layers there are.

A layer is a frozen dataclass: its fields are what is chosen, its methods are the facts that follow from them. A new
layer is one file beside this one (`convscope.specs.layers` finds it); cost, diagram, tables, stored weights, JSON and
the PyTorch network come from what it declares.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from convscope.specs.checks import require

Activation = Literal["relu", "tanh", "sigmoid", "gelu", "none"]
Role = Literal["convolution", "local", "pooling", "dense", "shape", "regularisation"]
Shape = tuple[int, ...]  # (channels, height, width) of an image, (features,) of a vector
Shapes = dict[str, tuple[int, ...]]  # of arrays, by name


@dataclass(frozen=True)
class Window:
    """Which input pixels an output value can depend on, along one side of the image.

    Parameters
    ----------
    size
        How many pixels in a row.
    step
        From one output value's window to the next one's, in pixels: the total stride.
    start
        First pixel of the first value's window; below 0 where it begins in the padding.
    """

    size: int = 1
    step: int = 1
    start: int = 0

    def then(self, following: Window) -> Window:
        """Return what a value sees after a further layer.

        Size r' = r + (k - 1) j, step j' = j s, start o' = o - p j (Araujo, Norris and Sim 2019, equations 1 to 3).
        """
        return Window(
            self.size + (following.size - 1) * self.step,
            self.step * following.step,
            self.start + following.start * self.step,
        )


class TorchModule(NamedTuple):
    """The PyTorch module of a layer, named rather than made: specifications do without PyTorch.

    Attributes
    ----------
    name
        Of a class of `torch.nn`, or of one of `convscope.models.modules`.
    arguments
        What it is made with.
    """

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Layer(ABC):
    """One step of a network.

    Attributes
    ----------
    role
        What it is for; layers of one role have one colour in diagrams.
    traffic
        Time that an output value costs in training beside multiply-accumulates, where a convolution's costs 1.
    """

    role: ClassVar[Role]
    traffic: ClassVar[float] = 1.0

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape after this layer, from that of one image's values before it.

        Raises
        ------
        SpecError
            They do not fit; the message names both.
        """

    @property
    @abstractmethod
    def words(self) -> tuple[str, ...]:
        """What the layer does, in one or two short parts: ``("conv 3×3", "ReLU")``."""

    @abstractmethod
    def torch_module(self, shape: Shape) -> TorchModule:
        """Return its PyTorch module, without the activation, for values of this shape."""

    def weights(self, _shape: Shape) -> Shapes:
        """Return the shapes of what is trained, by PyTorch's names."""
        return {}

    def buffers(self, _shape: Shape) -> Shapes:
        """Return the shapes of what is kept with the weights and not trained, by PyTorch's names."""
        return {}

    def macs(self, _shape: Shape) -> int:
        """Count multiply-accumulate operations for one image; pooling, scaling and activations count none."""
        return 0

    @property
    def window(self) -> Window | None:
        """What an output value sees of the layer's input; None where it sees all of it."""
        return None

    @property
    def parts(self) -> tuple[Layer, ...]:
        """The layer itself; of one that is made of others, those."""
        return (self,)

    @property
    def nonlinearity(self) -> Activation:
        """The activation that follows, ``"none"`` where none does: the field of this name, where a layer has one."""
        activation: Activation = getattr(self, "activation", "none")
        return activation

    @property
    def takes_maximum(self) -> bool:
        """Whether an output value is the largest of some input values: growing functions may then come after it."""
        return False


_WORDS: dict[Activation, str] = {"relu": "ReLU", "tanh": "tanh", "sigmoid": "sigmoid", "gelu": "GELU", "none": ""}


def in_words(kind: str, activation: Activation, otherwise: str = "") -> tuple[str, ...]:
    """Return a layer and its activation in words, or what stands for having none."""
    return tuple(part for part in (kind, _WORDS[activation] or otherwise) if part)


def image(layer: Layer, shape: Shape) -> Shape:
    """Demand the shape of an image."""
    require(
        len(shape) == 3,
        f"{type(layer).__name__} follows a layer of shape {shape}; it needs an image (channels, height, width).",
        "Put it before Flatten() or GlobalAveragePool().",
    )
    return shape
