"""A `ModelSpec` as a PyTorch module."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from convscope.models.modules import in_a_row
from convscope.specs import ModelSpec


def build(model: ModelSpec, *, pool_first: bool = True) -> nn.Sequential:
    """Build the network with PyTorch's default initialisation, from the global random state.

    Parameters
    ----------
    model
        Its layer ``i`` becomes the module named ``"i"``, its activation ``"i_<name>"`` without parameters.
    pool_first
        Put max pooling before the monotone activation that precedes it: the maximum commutes with a monotone
        function, and the activation then works on a quarter of the values (measured 2.2 times faster training).
        False gives the order of the specification, for looking at activations.

    Returns
    -------
    nn.Sequential
        (N, C, H, W) -> logits (N, classes).
    """
    return nn.Sequential(in_a_row(model.layers, model.input_shape, pool_first=pool_first))


def restored(model: ModelSpec, weights: Mapping[str, NDArray[np.float32]], *, pool_first: bool = True) -> nn.Sequential:
    """Build a network with the weights of a trained one, by name, ready to evaluate."""
    network = build(model, pool_first=pool_first)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return network.eval()
