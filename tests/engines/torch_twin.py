"""The PyTorch network of a specification, and its training step: what an engine is compared with."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from convscope.engines.numpy_cnn.layers import Array
from convscope.specs import Conv2d, Dense, Flatten, GlobalAveragePool, ModelSpec, Pool2d, TrainSpec


def twin(spec: ModelSpec, weights: dict[str, Array]) -> nn.Sequential:
    """Build the PyTorch network of a specification in its plain order, activation before pooling."""
    activations = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "none": nn.Identity}
    modules: list[nn.Module] = []
    for layer, shape in zip(spec.layers, spec.shapes, strict=False):
        match layer:
            case Conv2d():
                padding = layer.kernel // 2 if layer.padding == "same" else 0
                modules.append(nn.Conv2d(shape[0], layer.filters, layer.kernel, layer.stride, padding))
                modules.append(activations[layer.activation]())
            case Dense():
                modules += [nn.Linear(shape[0], layer.units), activations[layer.activation]()]
            case Pool2d():
                modules.append(nn.MaxPool2d(layer.size) if layer.kind == "max" else nn.AvgPool2d(layer.size))
            case GlobalAveragePool():
                modules += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
            case Flatten():
                modules.append(nn.Flatten())
    network = nn.Sequential(*modules).to(torch.from_numpy(next(iter(weights.values()))).dtype)
    with torch.no_grad():
        for parameter, array in zip(network.parameters(), weights.values(), strict=True):
            parameter.copy_(torch.from_numpy(array))
    return network


def torch_optimiser(training: TrainSpec, network: nn.Module) -> torch.optim.Optimizer:
    if training.optimiser == "adam":
        return torch.optim.Adam(network.parameters(), training.learning_rate)
    return torch.optim.SGD(network.parameters(), training.learning_rate, training.momentum)


def torch_update(network: nn.Module, chosen: torch.optim.Optimizer, images: Array, labels: NDArray[np.int64]) -> float:
    chosen.zero_grad()
    loss = functional.cross_entropy(network(torch.from_numpy(images)), torch.from_numpy(labels))
    loss.backward()  # type: ignore[no-untyped-call]
    chosen.step()
    return loss.item()
