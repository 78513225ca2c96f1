"""The PyTorch module that a layer names: one of `torch.nn`, or one that PyTorch lacks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from convscope.models.local import LocallyConnected, PixelPermutation
from convscope.specs import Activation, Layer, Shape


class SpatialMean(nn.Module):
    """Mean over height and width, (N, C, H, W) -> (N, C)."""

    def forward(self, images: Tensor) -> Tensor:
        """Average each channel."""
        return torch.mean(images, dim=(2, 3))


_OWN: dict[str, type[nn.Module]] = {cls.__name__: cls for cls in (LocallyConnected, PixelPermutation, SpatialMean)}
_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU, "none": nn.Identity,
}  # fmt: skip


def module_of(layer: Layer, shape: Shape) -> nn.Module:
    """Make the module of a layer, without its activation, for values of this shape."""
    name, arguments = layer.torch_module(shape)
    made: nn.Module = (_OWN.get(name) or getattr(nn, name))(**arguments)
    return made


def activation_module(name: Activation) -> nn.Module:
    """Make the module of an activation."""
    return _ACTIVATIONS[name]()
