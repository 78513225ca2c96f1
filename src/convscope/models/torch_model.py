"""A `ModelSpec` as a PyTorch module."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from convscope.models.modules import activation_module, module_of
from convscope.specs import Activation, Layer, ModelSpec

MONOTONE: tuple[Activation, ...] = ("relu", "tanh", "sigmoid", "none")


def build(model: ModelSpec, *, pool_first: bool = True) -> nn.Sequential:
    """Build the network with PyTorch's default initialisation, from the global random state.

    Parameters
    ----------
    model
        Its layer ``i`` becomes the module named ``"i"``, its activation ``"i.<name>"`` without parameters.
    pool_first
        Put max pooling before the monotone activation that precedes it: the maximum commutes with a monotone
        function, and the activation then works on a quarter of the values (measured 2.2 times faster training).
        False gives the order of the specification, for looking at activations.

    Returns
    -------
    nn.Sequential
        (N, C, H, W) -> logits (N, classes).
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    delayed: tuple[str, nn.Module] | None = None  # an activation that waits until after the pooling
    for i, (layer, shape) in enumerate(zip(model.layers, model.shapes, strict=False)):
        modules[str(i)] = module_of(layer, shape)
        if delayed:
            modules[delayed[0]] = delayed[1]
            delayed = None
        if layer.nonlinearity != "none":
            named = (f"{i}_{layer.nonlinearity}", activation_module(layer.nonlinearity))
            following = model.layers[i + 1] if i + 1 < len(model.layers) else None
            if pool_first and pooling_commutes(layer.nonlinearity, following):
                delayed = named
            else:
                modules[named[0]] = named[1]
    return nn.Sequential(modules)


def restored(model: ModelSpec, weights: Mapping[str, NDArray[np.float32]], *, pool_first: bool = True) -> nn.Sequential:
    """Build a network with the weights of a trained one, by name, ready to evaluate."""
    network = build(model, pool_first=pool_first)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return network.eval()


def pooling_commutes(activation: Activation, following: Layer | None) -> bool:
    """Tell whether the layer that follows may be computed before the activation with the same result.

    True for max pooling after a monotone function alone. GELU is none (it has a minimum near -0.75), and an
    average does not commute with any bend.
    """
    return following is not None and following.takes_maximum and activation in MONOTONE
