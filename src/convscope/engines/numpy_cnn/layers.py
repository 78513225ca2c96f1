"""What a layer is, and the layers without a neighbourhood: dense and flatten.

The gradient handed to a layer is that of the loss with respect to the layer's output. From it the layer finds
the gradient with respect to its weights, which the optimiser uses, and with respect to its input, which is
handed on to the layer before. That is the chain rule, and all there is to backpropagation
(Rumelhart, Hinton and Williams 1986, doi:10.1038/323533a0).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


class Layer(ABC):
    """One step of a network.

    `forward` remembers what the gradients need, so the two gradient methods speak of the latest forward pass.
    Arrays keep the dtype they come in: float32 to train, float64 to test.
    """

    def __init__(self) -> None:
        self.parameters: dict[str, Array] = {}
        self.gradients: dict[str, Array] = {}  # same names and shapes, after `weight_gradients`

    @abstractmethod
    def forward(self, x: Array) -> Array:
        """Return the layer's output for a batch of inputs."""

    def weight_gradients(self, gradient: Array) -> None:  # noqa: B027 - most layers have no weights
        """Turn the gradient of the output into those of the parameters, kept in `gradients`."""

    @abstractmethod
    def input_gradient(self, gradient: Array) -> Array:
        """Turn the gradient of the output into that of the input, of the input's shape."""


class Linear(Layer):
    """Every output is a weighted sum of all inputs: (features, N) -> (units, N).

    Parameters
    ----------
    weight
        (units, features).
    bias
        (units,).
    """

    def __init__(self, weight: Array, bias: Array) -> None:
        super().__init__()
        self.parameters = {"weight": weight, "bias": bias}

    def forward(self, x: Array) -> Array:
        """Return ``weight @ x + bias``."""
        self._x = x  # (features, N)
        return self.parameters["weight"] @ x + self.parameters["bias"][:, None]  # (units, N)

    def weight_gradients(self, gradient: Array) -> None:
        """Weight [u, f] met input f and fed output u; the batch is summed by the matrix product."""
        self.gradients = {
            "weight": gradient @ self._x.T,  # (units, features)
            "bias": gradient.sum(axis=1),  # (units,)
        }

    def input_gradient(self, gradient: Array) -> Array:
        """Input f fed every output u through weight [u, f]: the transposed matrix."""
        return self.parameters["weight"].T @ gradient  # (features, N)


class Flatten(Layer):
    """Images as vectors in the order (C, H, W), which is PyTorch's: (C, H, W, N) -> (C * H * W, N)."""

    def forward(self, x: Array) -> Array:
        """Return the same numbers in another shape."""
        self._shape = x.shape  # (C, H, W, N)
        return x.reshape(-1, x.shape[-1])  # (C * H * W, N)

    def input_gradient(self, gradient: Array) -> Array:
        """Return the gradient in the shape of the images."""
        return gradient.reshape(self._shape)  # (C, H, W, N)
