"""Activations: one number in, one number out, so the gradient is multiplied by the function's slope."""

from __future__ import annotations

import numpy as np

from convscope.engines.numpy_cnn.layers import Array, Layer


class ReLU(Layer):
    """``max(x, 0)``; the slope at 0 is taken as 0."""

    def forward(self, x: Array) -> Array:
        """Cut off below zero."""
        self._y: Array = np.maximum(x, 0)
        return self._y

    def input_gradient(self, gradient: Array) -> Array:
        """Pass the gradient where the output is positive: the slope is 1 there, else 0."""
        return gradient * (self._y > 0)


class Tanh(Layer):
    """Hyperbolic tangent."""

    def forward(self, x: Array) -> Array:
        """Squash to between -1 and 1."""
        self._y: Array = np.tanh(x)
        return self._y

    def input_gradient(self, gradient: Array) -> Array:
        """Multiply with the slope, 1 - tanh(x)^2."""
        return gradient * (1 - self._y**2)


class Sigmoid(Layer):
    """Logistic function ``1 / (1 + exp(-x))``."""

    def forward(self, x: Array) -> Array:
        """Squash to between 0 and 1; written with tanh, which cannot overflow."""
        y: Array = 0.5 * (1 + np.tanh(0.5 * x))
        self._y = y
        return y

    def input_gradient(self, gradient: Array) -> Array:
        """Multiply with the slope, y * (1 - y)."""
        slope = self._y * (1 - self._y)
        return gradient * slope
