"""A network from its specification: layers in a row, forward and backward."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from convscope.datasets.splits import stream
from convscope.engines.numpy_cnn import activations, convolution, layers, pooling
from convscope.engines.numpy_cnn.layers import Array, Layer
from convscope.errors import SpecError
from convscope.specs import Activation, Conv2d, Dense, Flatten, GlobalAveragePool, ModelSpec, Pool2d
from convscope.specs import Layer as LayerSpec

_ACTIVATIONS: dict[Activation, type[Layer]] = {
    "relu": activations.ReLU,
    "tanh": activations.Tanh,
    "sigmoid": activations.Sigmoid,
}


class Network:
    """Layers in a row.

    Parameters
    ----------
    spec
        The model.
    weights
        Arrays by name, in PyTorch's shapes (see `initial_weights`); copied. Their dtype, which the images
        share, is that of all arithmetic.

    Raises
    ------
    SpecError
        The model has a layer or an activation that this engine lacks.
    """

    def __init__(self, spec: ModelSpec, weights: Mapping[str, Array]) -> None:
        self.layers: list[Layer] = []
        self._named: dict[str, Layer] = {}  # layers with weights, by their index in the specification
        for index, step in steps(spec):
            if isinstance(step, str):
                self.layers.append(_activation(step))
                continue
            own = {name: weights[f"{index}.{name}"].copy() for name in step.weights(spec.shapes[index])}
            layer = _built(step, own)
            if own:
                self._named[str(index)] = layer
            self.layers.append(layer)

    @property
    def parameters(self) -> dict[str, Array]:
        """The arrays that training changes, by name ("0.weight")."""
        return {f"{i}.{name}": array for i, layer in self._named.items() for name, array in layer.parameters.items()}

    @property
    def gradients(self) -> dict[str, Array]:
        """Those of the latest `backward`, by the same names."""
        return {f"{i}.{name}": array for i, layer in self._named.items() for name, array in layer.gradients.items()}

    def forward(self, images: Array) -> Array:
        """Return the logits, (N, classes), of images (N, C, H, W)."""
        x = np.ascontiguousarray(images.transpose(1, 2, 3, 0))  # (C, H, W, N)
        for layer in self.layers:
            x = layer.forward(x)
        return x.T  # (N, classes)

    def backward(self, gradient: Array) -> None:
        """From the gradient of the logits, (N, classes), find those of all parameters.

        The walk ends at the first layer with weights: nobody asks for the gradient of the images.
        """
        first = next(i for i, layer in enumerate(self.layers) if layer.parameters)
        gradient = gradient.T  # (classes, N)
        for layer in reversed(self.layers[first + 1 :]):
            layer.weight_gradients(gradient)
            gradient = layer.input_gradient(gradient)
        self.layers[first].weight_gradients(gradient)


def steps(spec: ModelSpec) -> Iterator[tuple[int, LayerSpec | Activation]]:
    """Yield what is done one after the other, with the index of the layer in the specification.

    The activation of a convolution comes after the max pooling that follows it: a growing function of the
    largest value is the largest value of the function, at a quarter of the work.
    """
    pending: Activation = "none"
    for index, layer in enumerate(spec.layers):
        yield index, layer
        following = spec.layers[index + 1] if index + 1 < len(spec.layers) else None
        if layer.nonlinearity != "none":
            pending = layer.nonlinearity
        if pending != "none" and not (following is not None and following.takes_maximum):
            yield index, pending
            pending = "none"


def lacks_nothing(spec: ModelSpec, where: str = "") -> None:
    """Refuse what this engine lacks, before anything is trained.

    Parameters
    ----------
    spec
        The network.
    where
        Names it in the message.

    Raises
    ------
    SpecError
        A layer or an activation, and what to do.
    """
    for _, step in steps(spec):
        try:
            if isinstance(step, str):
                _activation(step)
            else:
                _built(step, {"weight": np.zeros((1, 1, 1, 1)), "bias": np.zeros(1)})
        except SpecError as error:
            raise SpecError(f"{where}: {error.message}" if where else error.message, error.hint) from None


def _built(spec: LayerSpec, weights: Mapping[str, Array]) -> Layer:
    """Make a layer of this engine, which has those of the reference project: a deliberate choice, see its package."""
    match spec:
        case Conv2d(groups=1, dilation=1):
            return convolution.Conv2d(weights["weight"], weights["bias"], spec.stride, spec.padding_pixels)
        case Dense():
            return layers.Linear(weights["weight"], weights["bias"])
        case Pool2d(kind="max") if spec.step == spec.size:
            return pooling.MaxPool2d(spec.size)
        case Pool2d() if spec.step == spec.size:
            return pooling.AveragePool2d(spec.size)
        case GlobalAveragePool():
            return pooling.GlobalAveragePool()
        case Flatten():
            return layers.Flatten()
    raise SpecError(f"The NumPy engine has no {', '.join(spec.words)}.", "Use engine='torch' for this network.")


def _activation(name: Activation) -> Layer:
    if name not in _ACTIVATIONS:
        raise SpecError(
            f"The NumPy engine has no activation {name!r}: it needs the error function, which NumPy lacks.",
            f"Use one of {', '.join(map(repr, _ACTIVATIONS))}, or engine='torch'.",
        )
    return _ACTIVATIONS[name]()


def initial_weights(spec: ModelSpec, seed: int) -> dict[str, NDArray[np.float32]]:
    """Draw weights and biases uniformly from ±1 / sqrt(inputs of a unit), as PyTorch does by default.

    PyTorch calls the draw of weights `kaiming_uniform_` with ``a=sqrt(5)``, which comes to the same bound.
    The numbers differ from PyTorch's at the same seed.

    Returns
    -------
    dict
        float32 arrays by name: ``"0.weight"`` belongs to layer 0 of the specification. Convolutions are
        (filters, C, kernel, kernel), dense layers (units, features), biases (units,).
    """
    lacks_nothing(spec)
    random = stream(seed, "initialisation")
    weights: dict[str, NDArray[np.float32]] = {}
    for index, (layer, shape) in enumerate(zip(spec.layers, spec.shapes, strict=False)):
        if isinstance(layer, Conv2d | Dense):
            shapes = layer.weights(shape)
            bound = 1 / math.sqrt(math.prod(shapes["weight"][1:]))
            for name, of_array in shapes.items():
                weights[f"{index}.{name}"] = random.uniform(-bound, bound, of_array).astype(np.float32)
    return weights
