"""The two families of networks that the studies compare."""

from __future__ import annotations

from collections.abc import Sequence

from convscope.specs import Activation, Conv2d, Dense, Flatten, Layer, ModelSpec, Pool2d

ImageShape = tuple[int, int, int]


def mlp(input_shape: ImageShape, hidden: Sequence[int], classes: int = 10) -> ModelSpec:
    """Fully connected network: the image as one vector, hidden layers with ReLU, logits.

    Examples
    --------
    >>> mlp((1, 28, 28), [256, 128])  # 784-256-128-10
    """
    return ModelSpec(input_shape, (Flatten(), *(Dense(units) for units in hidden), Dense(classes, "none")))


def cnn(
    input_shape: ImageShape,
    *,
    filters: Sequence[int],
    kernel: int,
    dense: int,
    classes: int = 10,
    activation: Activation = "relu",
) -> ModelSpec:
    """Blocks of convolution (same padding, stride 1), activation and 2x2 max pooling, then a dense head.

    Examples
    --------
    >>> cnn((1, 28, 28), filters=[32, 64], kernel=3, dense=128)
    """
    blocks: list[Layer] = []
    for count in filters:
        blocks += [Conv2d(count, kernel, activation=activation), Pool2d("max")]
    return ModelSpec(input_shape, (*blocks, Flatten(), Dense(dense), Dense(classes, "none")))
