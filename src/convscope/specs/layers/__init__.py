"""The layers that a model is made of, one file a layer: a file that is put here is found."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from convscope.specs.layers.batch_norm2d import BatchNorm2d
from convscope.specs.layers.conv2d import Conv2d
from convscope.specs.layers.dense import Dense
from convscope.specs.layers.depthwise_conv2d import DepthwiseConv2d
from convscope.specs.layers.dropout import Dropout
from convscope.specs.layers.flatten import Flatten
from convscope.specs.layers.global_average_pool import GlobalAveragePool
from convscope.specs.layers.layer import Activation, Layer, Role, Shape, Shapes, TorchModule, Window
from convscope.specs.layers.locally_connected2d import LocallyConnected2d
from convscope.specs.layers.permute_pixels import PermutePixels
from convscope.specs.layers.pool2d import Pool2d
from convscope.specs.layers.residual import Residual
from convscope.specs.layers.windowed import Windowed

__all__ = [
    "LAYERS", "Activation", "BatchNorm2d", "Conv2d", "Dense", "DepthwiseConv2d", "Dropout", "Flatten",
    "GlobalAveragePool", "Layer", "LocallyConnected2d", "PermutePixels", "Pool2d", "Residual", "Role", "Shape",
    "Shapes", "TorchModule", "Window", "Windowed",
]  # fmt: skip


def _declared() -> dict[str, type[Layer]]:
    """Return the layers of all files here, by name."""
    found = {}
    for module in iter_modules(__path__, f"{__name__}."):
        for value in vars(import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, Layer) and not value.__abstractmethods__:
                found[value.__name__] = value
    return found


LAYERS: dict[str, type[Layer]] = _declared()
