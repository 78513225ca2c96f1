"""How gradients change parameters. Formulas and defaults are those of `torch.optim`."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np

from convscope.engines.numpy_cnn.layers import Array
from convscope.specs import TrainSpec

Arrays = dict[str, Array]


class Optimiser(ABC):
    """Changes parameters in place; what it remembers between updates starts at zero."""

    @abstractmethod
    def update(self, parameters: Arrays, gradients: Arrays, learning_rate: float) -> None:
        """Take one step; `gradients` has the names and shapes of `parameters`."""


class SGD(Optimiser):
    """Gradient descent with momentum: steps follow a decaying sum of all gradients so far (Polyak 1964)."""

    def __init__(self, parameters: Arrays, momentum: float) -> None:
        self.momentum = momentum
        self._velocity = {name: np.zeros_like(values) for name, values in parameters.items()}

    def update(self, parameters: Arrays, gradients: Arrays, learning_rate: float) -> None:
        """Take one step."""
        for name, gradient in gradients.items():
            self._velocity[name] = self.momentum * self._velocity[name] + gradient
            parameters[name] -= learning_rate * self._velocity[name]


class Adam(Optimiser):
    """Steps of about the learning rate for every weight, however large its gradients.

    Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 1.
    """

    def __init__(self, parameters: Arrays, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> None:
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self._updates = 0
        self._mean = {name: np.zeros_like(values) for name, values in parameters.items()}
        self._square = {name: np.zeros_like(values) for name, values in parameters.items()}

    def update(self, parameters: Arrays, gradients: Arrays, learning_rate: float) -> None:
        """Take one step."""
        self._updates += 1
        # Both running means start at zero and are too small at first by exactly these factors.
        mean_bias = 1 - self.beta1**self._updates
        square_bias = 1 - self.beta2**self._updates
        for name, gradient in gradients.items():
            mean, square = self._mean[name], self._square[name]
            mean += (1 - self.beta1) * (gradient - mean)
            square += (1 - self.beta2) * (gradient**2 - square)
            deviation = np.sqrt(square) / math.sqrt(square_bias) + self.epsilon
            parameters[name] -= learning_rate / mean_bias * mean / deviation


def optimiser(training: TrainSpec, parameters: Arrays) -> Optimiser:
    """Return the optimiser that a training specification asks for."""
    if training.optimiser == "adam":
        return Adam(parameters)
    return SGD(parameters, training.momentum)
