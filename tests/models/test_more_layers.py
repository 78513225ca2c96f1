"""Layers that the studies do not use, against PyTorch built by hand."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.analysis.probes import look_inside
from convscope.engines.torch_engine import initialised
from convscope.errors import SpecError
from convscope.grade.build import VALUES
from convscope.models.cost import layer_costs, macs, parameters
from convscope.models.torch_model import build, restored
from convscope.specs import (
    LAYERS,
    BatchNorm2d,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    ModelSpec,
    Pool2d,
    Residual,
    Shape,
    from_json,
    to_json,
)
from convscope.studies import Variant
from convscope.studies.decisions import block_decisions

LOGITS = Dense(5, "none")
BLOCK = Residual((Conv2d(6, 3, activation="none"), BatchNorm2d(), Conv2d(6, 3, activation="none"), BatchNorm2d("none")))
MODEL = ModelSpec(
    (3, 16, 14),
    (
        Conv2d(6, 3, groups=3, dilation=2, activation="none"),
        BatchNorm2d("tanh"),
        Pool2d("max", 3, 2),
        BLOCK,
        Pool2d("average", 2, 1),
        Flatten(),
        Dropout(0.25),
        LOGITS,
    ),
)


def by_hand() -> nn.Sequential:
    body = nn.Sequential(
        nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6)
    )

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = body

        def forward(self, values: Tensor) -> Tensor:
            return functional.relu(values + self.body(values))

    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=2, groups=3, dilation=2), nn.BatchNorm2d(6), nn.Tanh(), nn.MaxPool2d(3, 2),
        Block(), nn.AvgPool2d(2, 1), nn.Flatten(), nn.Dropout(0.25), nn.LazyLinear(5),
    )  # fmt: skip


@pytest.fixture
def twins() -> tuple[nn.Sequential, nn.Sequential]:
    """Return the network of the specification, and one by hand with its weights."""
    ours, theirs = build(MODEL), by_hand()
    theirs(torch.zeros(2, *MODEL.input_shape))
    with torch.no_grad():
        for there, here in zip(theirs.parameters(), ours.parameters(), strict=True):
            there.copy_(here.data.uniform_(-0.5, 0.5))
        for theirs_too, kept in zip(theirs.buffers(), ours.buffers(), strict=True):
            theirs_too.copy_(kept)
    return ours, theirs


def images(count: int = 4) -> Tensor:
    return torch.randn(count, *MODEL.input_shape, generator=torch.Generator().manual_seed(0))


def test_it_computes_what_pytorch_does_in_training_and_afterwards(twins: tuple[nn.Sequential, nn.Sequential]) -> None:
    answers = []
    for network in twins:
        torch.manual_seed(1)  # what dropout drops
        answers.append(network.train()(images()))
        answers.append(network.eval()(images()))  # running means have moved once
    torch.testing.assert_close(answers[0], answers[2])
    torch.testing.assert_close(answers[1], answers[3])
    assert not torch.allclose(answers[0], answers[1])


def test_costs_are_those_that_pytorch_holds_and_hooks_count(twins: tuple[nn.Sequential, nn.Sequential]) -> None:
    ours, theirs = twins
    assert parameters(MODEL) == sum(p.numel() for p in theirs.parameters())
    assert MODEL.arrays == {name: tuple(array.shape) for name, array in ours.state_dict().items()}
    counted = []

    def count(module: nn.Module, _inputs: Any, output: Tensor) -> None:
        assert isinstance(module, nn.Conv2d | nn.Linear)
        counted.append(output.numel() * module.weight[0].numel())

    shapes: list[Shape] = []
    for module in theirs.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    values: Tensor = images(1)
    for module in theirs.eval():
        values = module(values)
        shapes.append(tuple(values.shape[1:]))
    assert macs(MODEL) == sum(counted)
    assert [shape for i, shape in enumerate(shapes) if i != 1] == list(MODEL.shapes[1:])  # tanh is of the batch norm
    assert [cost.activations for cost in layer_costs(MODEL)] == list(map(prod, MODEL.shapes[1:]))


@pytest.mark.parametrize(
    "layers",
    [
        (Conv2d(2, 3, dilation=3, padding="valid"), Conv2d(2, 5, dilation=2)),
        (Pool2d("average", 3, 2), Conv2d(2, 3), Pool2d("average", 3, 1)),
        (Pool2d("average", 2, 3),),
        (Conv2d(2, 3, stride=2), Residual((Conv2d(2, 3), Conv2d(2, 5, activation="none"))), Pool2d("average", 2)),
        (Residual((Residual((Conv2d(1, 3, activation="none"),), "none"),), "none"), BatchNorm2d("none"), Dropout()),
    ],
)
def test_windows_are_where_the_gradient_is(layers: tuple[Layer, ...]) -> None:
    side = 41
    model = ModelSpec((1, side, side), (*layers, GlobalAveragePool(), LOGITS))
    network = build(model).double().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1.0)
    picture = torch.ones(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    values: Tensor = picture
    seen: dict[int, Tensor] = {}
    for name, module in network.named_children():
        values = module(values)
        seen[int(name.split("_")[0])] = values
    for i, window in enumerate(model.windows):
        row, column = seen[i].shape[2] // 2, seen[i].shape[3] // 2
        (gradient,) = torch.autograd.grad(seen[i][0, 0, row, column], picture, retain_graph=True)
        rows, columns = gradient[0, 0].nonzero(as_tuple=True)
        for found, place in ((rows, row), (columns, column)):
            first = window.start + window.step * place
            assert (int(found.min()), int(found.max())) == (first, first + window.size - 1)
    assert len(model.windows) == len(layers)


def test_weights_come_back_from_what_is_stored() -> None:
    network = initialised(MODEL, seed=0)
    network.train()(images())
    stored = {name: value.detach().float().numpy() for name, value in network.state_dict().items()}
    again = restored(MODEL, stored)
    assert torch.equal(again(images()), network.eval()(images()))
    assert from_json(to_json(MODEL)) == MODEL


def test_json_of_layers_that_were_there_before_is_as_it_was() -> None:
    assert to_json(Conv2d(4, 3)) == {"type": "Conv2d", "filters": 4, "kernel": 3}
    assert to_json(Pool2d()) == {"type": "Pool2d"}
    assert to_json(Residual((Conv2d(4, 3),), "none")) == {
        "type": "Residual",
        "layers": [{"type": "Conv2d", "filters": 4, "kernel": 3}],
        "activation": "none",
    }


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2d(4, 3, groups=0), "Conv2d groups is 0"),
        (lambda: Conv2d(4, 3, dilation=0), "Conv2d dilation is 0"),
        (lambda: Conv2d(4, 3, groups=3), "filters is 4 in 3 groups"),
        (lambda: Conv2d(4, 3, groups=2).output_shape((3, 8, 8)), "2 groups for 3 channels"),
        (lambda: Conv2d(4, 3, padding="valid", dilation=4).output_shape((3, 8, 8)), "kernel is 9, larger than"),
        (lambda: Pool2d(stride=-1), "Pool2d stride is -1"),
        (lambda: Dropout(0), "Dropout rate is 0; it must be above 0"),
        (lambda: Dropout(1.0), "Dropout rate is 1.0"),
        (lambda: BatchNorm2d("softmax"), "BatchNorm2d activation is 'softmax'"),  # type: ignore[arg-type]
        (lambda: BatchNorm2d().output_shape((7,)), "BatchNorm2d follows a layer of shape"),
        (lambda: Residual(()), r"Residual has the layers \(\); it needs a tuple"),
        (lambda: Residual(Conv2d(4, 3)), "Residual has the layers Conv2d"),  # type: ignore[arg-type]
        (
            lambda: Residual((Conv2d(4, 3),)).output_shape((3, 8, 8)),
            r"(?s)turn \(3, 8, 8\) into \(4, 8, 8\); they must keep the shape.*as many filters as channels",
        ),
        (lambda: ModelSpec((1, 8, 8), (3, LOGITS)), f"3 is no layer; a network is made of {', '.join(LAYERS)}"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_named(make: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        make()


def test_a_convolution_inside_of_a_residual_block_is_one() -> None:
    """The grade sheet failed on a network whose convolutions are all in blocks, and counted others too few."""
    model = ModelSpec((6, 8, 8), (BLOCK, Conv2d(6, 5), Residual((BLOCK,)), Flatten(), LOGITS))
    assert [layer.kernel for layer in model.convolutions] == [3, 3, 5, 3, 3]
    assert {factor: VALUES[factor](model) for factor in ("kernel", "depth")} == {"kernel": 3, "depth": 5}
    assert Variant("deep", "CNN 3×3 in blocks", replace(model, layers=(BLOCK, Flatten(), LOGITS))).title


def test_a_convolution_of_another_kind_is_one() -> None:
    """The grade sheet, the decisions and the pictures of what is inside looked for `Conv2d` alone."""
    model = ModelSpec((3, 8, 8), (DepthwiseConv2d(6, 3), Pool2d(), DepthwiseConv2d(6, 5), Flatten(), LOGITS))
    assert {factor: VALUES[factor](model) for factor in ("kernel", "filters", "depth")} == {
        "kernel": 3,
        "filters": 6,
        "depth": 2,
    }
    assert "two convolutional blocks" in [decision.choice for decision in block_decisions(model, [5])]
    weights = {name: np.zeros(shape, np.float32) for name, shape in model.arrays.items()}
    result: Any = SimpleNamespace(spec=SimpleNamespace(model=model), weights=weights)
    assert set(look_inside(result, np.zeros((3, 8, 8), np.float32))) == {"filters", "features_1", "features_2"}
