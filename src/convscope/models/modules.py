"""The PyTorch modules that layers name, those that PyTorch lacks among them, and layers in a row."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from convscope.models.local import LocallyConnected, PixelPermutation
from convscope.specs import Activation, Layer, Shape

MONOTONE: tuple[Activation, ...] = ("relu", "tanh", "sigmoid", "none")
_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU, "none": nn.Identity,
}  # fmt: skip


def in_a_row(layers: Sequence[Layer], shape: Shape, *, pool_first: bool = True) -> OrderedDict[str, nn.Module]:
    """Make the modules of layers that follow each other, with their activations, by name.

    Parameters
    ----------
    layers
        Layer ``i`` becomes the module named ``"i"``, its activation ``"i_<name>"``.
    shape
        Of the values that reach the first one.
    pool_first
        See `convscope.models.torch_model.build`.
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    delayed: tuple[str, nn.Module] | None = None  # an activation that waits until after the pooling
    for i, layer in enumerate(layers):
        modules[str(i)] = module_of(layer, shape)
        shape = layer.output_shape(shape)
        if delayed:
            modules[delayed[0]] = delayed[1]
            delayed = None
        if layer.nonlinearity != "none":
            named = (f"{i}_{layer.nonlinearity}", _ACTIVATIONS[layer.nonlinearity]())
            following = layers[i + 1] if i + 1 < len(layers) else None
            if pool_first and pooling_commutes(layer.nonlinearity, following):
                delayed = named
            else:
                modules[named[0]] = named[1]
    return modules


def pooling_commutes(activation: Activation, following: Layer | None) -> bool:
    """Tell whether the layer that follows may be computed before the activation with the same result.

    True for max pooling after a monotone function alone. GELU is none (it has a minimum near -0.75), and an
    average does not commute with any bend.
    """
    return following is not None and following.takes_maximum and activation in MONOTONE


def module_of(layer: Layer, shape: Shape) -> nn.Module:
    """Make the module of a layer, without its activation, for values of this shape."""
    name, arguments = layer.torch_module(shape)
    made: nn.Module = (_OWN.get(name) or getattr(nn, name))(**arguments)
    return made


class SpatialMean(nn.Module):
    """Mean over height and width, (N, C, H, W) -> (N, C)."""

    def forward(self, images: Tensor) -> Tensor:
        """Average each channel."""
        return torch.mean(images, dim=(2, 3))


class Residual(nn.Sequential):
    """Layers in a row, and their input added to what they make of it."""

    def __init__(self, layers: Sequence[Layer], shape: Shape) -> None:
        super().__init__(in_a_row(layers, shape))

    def forward(self, values: Tensor) -> Tensor:
        """Return the sum."""
        changed = values
        for module in self:
            changed = module(changed)
        return values + changed


_OWN: dict[str, type[nn.Module]] = {
    cls.__name__: cls for cls in (LocallyConnected, PixelPermutation, SpatialMean, Residual)
}
