"""Every layer of the NumPy engine against PyTorch in float64, and against differences."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch.nn import functional

from convscope.engines.numpy_cnn import convolution
from convscope.engines.numpy_cnn.activations import ReLU, Sigmoid, Tanh
from convscope.engines.numpy_cnn.convolution import Conv2d, unroll
from convscope.engines.numpy_cnn.layers import Array, Flatten, Layer, Linear
from convscope.engines.numpy_cnn.loss import cross_entropy
from convscope.engines.numpy_cnn.optimisers import SGD, Adam, Optimiser
from convscope.engines.numpy_cnn.pooling import AveragePool2d, GlobalAveragePool, MaxPool2d

Oracle = Callable[..., torch.Tensor]
seeds = st.integers(0, 2**32 - 1)
unhurried = settings(deadline=None)  # PyTorch takes seconds to do anything for the first time


def normal(seed: int, *shape: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal(shape)


def batch_first(array: NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(np.moveaxis(array, -1, 0).copy())


def assert_close(ours: NDArray[Any], theirs: torch.Tensor, largest_error: float = 1e-10) -> None:
    expected = theirs.detach().numpy()
    assert ours.shape == expected.shape
    assert ours.dtype == expected.dtype
    assert np.abs(ours - expected).max() <= largest_error * max(np.abs(expected).max(), 1e-30)


def assert_like_torch(layer: Layer, oracle: Oracle, x: Array, seed: int) -> None:
    """Compare output and all gradients; `oracle` takes images (N, ...) and the layer's parameters."""
    y = layer.forward(x)
    gradient = normal(seed + 1, *y.shape)
    layer.weight_gradients(gradient)
    input_gradient = layer.input_gradient(gradient)

    images = batch_first(x).requires_grad_()
    parameters = {n: torch.from_numpy(p.copy()).requires_grad_() for n, p in layer.parameters.items()}
    output = oracle(images, **parameters)
    output.backward(batch_first(gradient))  # type: ignore[no-untyped-call]

    assert images.grad is not None
    assert_close(np.moveaxis(y, -1, 0), output)
    assert_close(np.moveaxis(input_gradient, -1, 0), images.grad)
    assert layer.gradients.keys() == parameters.keys()
    for name, parameter in parameters.items():
        assert parameter.grad is not None
        assert_close(layer.gradients[name], parameter.grad)


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Conv2d, Array, int]:
    """Draw a layer and images; the kernel may be larger than the image, the stride than the kernel."""
    kernel, stride = draw(st.integers(1, 7)), draw(st.integers(1, 3))
    padding = draw(st.sampled_from([0, kernel // 2]))
    smallest = max(1, kernel - 2 * padding)
    height, width = (draw(st.integers(smallest, smallest + 7)) for _ in range(2))
    filters, channels, batch, seed = draw(st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), seeds))
    weight, bias = normal(seed, filters, channels, kernel, kernel), normal(seed + 2, filters)
    return Conv2d(weight, bias, stride, padding), normal(seed + 3, channels, height, width, batch), seed


@unhurried
@given(convolutions())
def test_convolution_is_that_of_pytorch(case: tuple[Conv2d, Array, int]) -> None:
    layer, x, seed = case

    def oracle(images: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(images, weight, bias, layer.stride, layer.padding)

    assert_like_torch(layer, oracle, x, seed)


def test_example_in_the_documentation_of_convolution() -> None:
    failed, attempted = doctest.testmod(convolution)
    assert failed == 0
    assert attempted == 4


@unhurried
@given(convolutions())
def test_patches_of_neighbouring_rows_share_memory(case: tuple[Conv2d, Array, int]) -> None:
    layer, x, _ = case
    kernel = layer.parameters["weight"].shape[-1]
    p = layer.padding
    patches = unroll(np.pad(x, ((0, 0), (p, p), (p, p), (0, 0))), kernel, layer.stride)
    if len(patches) > 1:
        assert np.shares_memory(patches[0], patches[1]) == (kernel > layer.stride)


@st.composite
def pooled_images(draw: st.DrawFn) -> tuple[int, Array, int]:
    """Draw a pool size and images of whole numbers, many of them equal; sides need not be multiples."""
    size = draw(st.integers(1, 3))
    height, width = (draw(st.integers(size, size + 7)) for _ in range(2))
    channels, batch, seed = draw(st.tuples(st.integers(1, 3), st.integers(1, 4), seeds))
    return size, normal(seed, channels, height, width, batch).round(), seed


@unhurried
@given(pooled_images())
def test_max_pool_is_that_of_pytorch(case: tuple[int, Array, int]) -> None:
    size, x, seed = case
    assert_like_torch(MaxPool2d(size), lambda images: functional.max_pool2d(images, size), x, seed)


@unhurried
@given(pooled_images())
def test_average_pool_is_that_of_pytorch(case: tuple[int, Array, int]) -> None:
    size, x, seed = case
    assert_like_torch(AveragePool2d(size), lambda images: functional.avg_pool2d(images, size), x, seed)


@unhurried
@given(pooled_images())
def test_global_average_pool_is_that_of_pytorch(case: tuple[int, Array, int]) -> None:
    _, x, seed = case
    assert_like_torch(GlobalAveragePool(), lambda images: images.mean(dim=(2, 3)), x, seed)


@unhurried
@given(pooled_images())
def test_flatten_has_the_order_of_pytorch(case: tuple[int, Array, int]) -> None:
    _, x, seed = case
    assert_like_torch(Flatten(), lambda images: images.flatten(1), x, seed)


@unhurried
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 4), seeds)
def test_linear_is_that_of_pytorch(units: int, features: int, batch: int, seed: int) -> None:
    layer = Linear(normal(seed, units, features), normal(seed + 2, units))
    assert_like_torch(layer, functional.linear, normal(seed + 3, features, batch), seed)


ACTIVATIONS = [(ReLU, torch.relu), (Tanh, torch.tanh), (Sigmoid, torch.sigmoid)]


@pytest.mark.parametrize(("activation", "oracle"), ACTIVATIONS)
@unhurried
@given(pooled_images())
def test_activations_are_those_of_pytorch(
    activation: type[Layer], oracle: Oracle, case: tuple[int, Array, int]
) -> None:
    _, x, seed = case
    assert_like_torch(activation(), oracle, x, seed)  # among the whole numbers is 0, where ReLU has its kink


@pytest.mark.parametrize("activation", [Tanh, Sigmoid])
def test_activations_do_not_overflow(activation: type[Layer]) -> None:
    layer = activation()
    assert np.isin(layer.forward(np.array([-1e4, 1e4])), (-1, 0, 1)).all()
    assert (layer.input_gradient(np.ones(2)) == 0).all()


LAYERS: dict[str, Callable[[], tuple[Layer, Array]]] = {
    "convolution": lambda: (
        Conv2d(normal(1, 3, 2, 3, 3), normal(2, 3), stride=2, padding=1),
        normal(3, 2, 6, 5, 2),
    ),
    "linear": lambda: (Linear(normal(1, 3, 4), normal(2, 3)), normal(3, 4, 2)),
    "max pool": lambda: (MaxPool2d(2), normal(3, 2, 5, 4, 2)),
    "average pool": lambda: (AveragePool2d(2), normal(3, 2, 5, 4, 2)),
    "global average pool": lambda: (GlobalAveragePool(), normal(3, 2, 5, 4, 2)),
    "flatten": lambda: (Flatten(), normal(3, 2, 3, 4, 2)),
    "relu": lambda: (ReLU(), normal(3, 4, 2)),
    "tanh": lambda: (Tanh(), normal(3, 4, 2)),
    "sigmoid": lambda: (Sigmoid(), normal(3, 4, 2)),
}


def central_differences(loss: Callable[[], float], array: Array, step: float = 1e-6) -> NDArray[np.float64]:
    """Move one number at a time and see how the loss changes."""
    result = np.empty(array.shape)
    for index in np.ndindex(array.shape):
        original = array[index]
        array[index] = original + step
        above = loss()
        array[index] = original - step
        below = loss()
        array[index] = original
        result[index] = (above - below) / (2 * step)
    return result


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_are_those_of_differences(name: str) -> None:
    layer, x = LAYERS[name]()
    gradient = normal(4, *layer.forward(x).shape)
    layer.weight_gradients(gradient)
    found = {"input": layer.input_gradient(gradient), **layer.gradients}
    for which, array in {"input": x, **layer.parameters}.items():
        expected = central_differences(lambda: float((layer.forward(x) * gradient).sum()), array)
        np.testing.assert_allclose(np.asarray(found[which], np.float64), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", LAYERS)
def test_float32_stays_float32(name: str) -> None:
    layer, x = LAYERS[name]()
    layer.parameters = {key: array.astype(np.float32) for key, array in layer.parameters.items()}
    y = layer.forward(x.astype(np.float32))
    layer.weight_gradients(np.ones_like(y))
    arrays = [y, layer.input_gradient(np.ones_like(y)), *layer.gradients.values()]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


@pytest.mark.parametrize("scale", [1.0, 1e4])
@unhurried
@given(st.integers(1, 8), st.integers(2, 10), seeds)
def test_cross_entropy_is_that_of_pytorch(scale: float, batch: int, classes: int, seed: int) -> None:
    logits = scale * normal(seed, batch, classes)
    labels = np.random.default_rng(seed).integers(0, classes, batch)
    loss, gradient = cross_entropy(logits, labels)

    theirs = torch.from_numpy(logits).requires_grad_()
    expected = functional.cross_entropy(theirs, torch.from_numpy(labels))
    expected.backward()  # type: ignore[no-untyped-call]
    assert loss == pytest.approx(expected.item(), rel=1e-10, abs=1e-14)
    assert theirs.grad is not None
    np.testing.assert_allclose(gradient, theirs.grad.numpy(), rtol=1e-10, atol=1e-14)


def adam(parameters: dict[str, Array]) -> Optimiser:
    return Adam(parameters)


def sgd(parameters: dict[str, Array]) -> Optimiser:
    return SGD(parameters, momentum=0.9)


@pytest.mark.parametrize("engine", ["adam", "sgd"])
def test_optimisers_are_those_of_pytorch(engine: str) -> None:
    parameters: dict[str, Array] = {"a": normal(0, 3, 4), "b": normal(1, 5)}
    theirs = [torch.from_numpy(array.copy()).requires_grad_() for array in parameters.values()]
    ours = (adam if engine == "adam" else sgd)(parameters)
    reference = torch.optim.Adam(theirs) if engine == "adam" else torch.optim.SGD(theirs, momentum=0.9)

    for update in range(30):
        rate = 0.1 / (update + 1)
        gradients: dict[str, Array] = {
            name: 10.0 ** (update % 7 - 3) * normal(update, *array.shape) for name, array in parameters.items()
        }
        ours.update(parameters, gradients, rate)
        for group in reference.param_groups:
            group["lr"] = rate
        for tensor, gradient in zip(theirs, gradients.values(), strict=True):
            tensor.grad = torch.from_numpy(gradient)
        reference.step()
        for array, tensor in zip(parameters.values(), theirs, strict=True):
            assert_close(array, tensor)
