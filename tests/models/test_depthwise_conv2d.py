from __future__ import annotations

import pytest
import torch
from torch import nn

from convscope.errors import SpecError
from convscope.models.cost import layer_costs
from convscope.models.torch_model import build
from convscope.specs import Conv2d, Dense, GlobalAveragePool, ModelSpec, from_json, to_json
from convscope.specs.layers.depthwise_conv2d import DepthwiseConv2d

MODEL = ModelSpec(
    (3, 11, 9), (DepthwiseConv2d(6, 5, 2, activation="tanh"), Conv2d(4, 1), GlobalAveragePool(), Dense(5, "none"))
)


def test_every_filter_sees_one_channel() -> None:
    network = build(MODEL)
    images = torch.randn(2, *MODEL.input_shape, generator=torch.Generator().manual_seed(0))
    weight, bias = network[0].weight, network[0].bias
    assert isinstance(weight, nn.Parameter)
    assert isinstance(bias, nn.Parameter)
    one_by_one = [
        nn.functional.conv2d(images[:, i // 2 : i // 2 + 1], weight[i : i + 1], bias[i : i + 1], stride=2, padding=2)
        for i in range(6)
    ]
    torch.testing.assert_close(network[0](images), torch.cat(one_by_one, dim=1))


def test_its_cost() -> None:
    cost, *_ = layer_costs(MODEL)
    assert cost.parameters == 6 * (5 * 5 + 1) == sum(p.numel() for p in build(MODEL)[0].parameters())
    assert cost.macs == 6 * 5 * 5 * 6 * 5  # filters, kernel, positions
    assert cost.receptive_field == 5
    assert MODEL.layers[0].words == ("depthwise 5×5, stride 2", "tanh")


def test_it_comes_back_from_json() -> None:
    assert from_json(to_json(MODEL)) == MODEL
    assert to_json(DepthwiseConv2d(6, 3)) != to_json(Conv2d(6, 3))


def test_channels_have_equally_many_filters() -> None:
    with pytest.raises(SpecError, match="filters is 4 for 3 channels"):
        DepthwiseConv2d(4, 3).output_shape((3, 8, 8))
