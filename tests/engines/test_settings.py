"""Training settings beyond the studies' own: weight decay, augmentation, dropout; each from the run's seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn

from convscope.datasets.dataset import Images
from convscope.datasets.splits import Split
from convscope.engines.augmentation import Augmentation
from convscope.engines.numeric_mode import numeric_mode
from convscope.engines.numpy_cnn.network import lacks_nothing
from convscope.engines.torch_engine import make_optimiser, train
from convscope.errors import SpecError
from convscope.specs import (
    BatchNorm2d,
    Conv2d,
    DataSpec,
    Dense,
    Dropout,
    Flatten,
    ModelSpec,
    NumericMode,
    PermutePixels,
    Pool2d,
    Residual,
    RunSpec,
    TrainSpec,
    run_key,
    to_json,
)

CPU = NumericMode("torch", "cpu", "float32", "channels_last")
LOGITS = Dense(3, "none")
MODEL = ModelSpec((1, 8, 8), (Conv2d(4, 3), Pool2d(), Flatten(), Dropout(), LOGITS))


def split(channels: int = 1, count: int = 48) -> Split:
    random = np.random.default_rng(0)

    def images(number: int) -> Images:
        pixels = random.integers(0, 256, (number, channels, 8, 8)).astype(np.uint8)
        return Images(pixels, random.integers(0, 3, number))

    mean, scale = np.linspace(0.2, 0.6, channels, dtype=np.float32), np.full(channels, 0.3, np.float32)
    return Split(images(count), images(9), images(9), mean, scale)


@pytest.mark.parametrize("flip", [False, True])
def test_images_are_moved_and_mirrored_one_by_one_and_black_comes_in(flip: bool) -> None:
    parts = split(channels=2, count=200)
    fed = torch.from_numpy(parts.normalise(parts.train.pixels)).permute(0, 2, 3, 1)
    augment = Augmentation(TrainSpec(1, shift=2, flip=flip), parts, seed=3, mode=CPU)
    moved = augment(fed).permute(0, 3, 1, 2).numpy()
    drawn = []
    for before, after in zip(parts.train.pixels, moved, strict=True):
        candidates = {
            (down, right, mirrored): ndimage.shift(image, (0, down, right), order=0, mode="constant", cval=0)
            for mirrored, image in ((False, before), (True, before[:, :, ::-1]))
            for down in range(-2, 3)
            for right in range(-2, 3)
        }
        same = [d for d, image in candidates.items() if np.allclose(parts.normalise(image[None])[0], after, atol=1e-6)]
        assert len(same) == 1
        drawn += same
    assert {d[0] for d in drawn} == {d[1] for d in drawn} == {-2, -1, 0, 1, 2}
    mirrored = np.mean([d[2] for d in drawn])
    assert 0.35 < mirrored < 0.65 if flip else mirrored == 0


def test_by_default_images_stay_as_they_are() -> None:
    batch = torch.randn(4, 8, 8, 1)
    assert Augmentation(TrainSpec(1), split(), seed=0, mode=CPU)(batch) is batch


def weights_of(training: TrainSpec, seed: int = 0, model: ModelSpec = MODEL) -> np.ndarray:
    run = RunSpec(DataSpec("mnist", 9), model, training, seed)
    outcome = train(run, split(), numeric_mode("torch", "cpu"), lambda _done, _accuracy: None)
    return np.concatenate([array.ravel() for array in outcome.weights.values()])


@pytest.mark.parametrize("training", [TrainSpec(2, batch_size=16), TrainSpec(2, batch_size=16, shift=1, flip=True)])
def test_equal_seeds_give_equal_bits_whatever_was_drawn_before(training: TrainSpec) -> None:
    first = weights_of(training)
    state = torch.random.get_rng_state()
    torch.rand(17)
    assert (weights_of(training) == first).all()  # dropout is in the network
    torch.random.set_rng_state(state)
    assert not (weights_of(training, seed=1) == first).all()


def test_every_setting_changes_what_is_trained_and_the_key() -> None:
    plain = TrainSpec(2, batch_size=16)
    settings = [plain, replace(plain, weight_decay=0.1), replace(plain, shift=1), replace(plain, flip=True)]
    without = replace(MODEL, layers=(*MODEL.layers[:3], LOGITS))
    trained = [weights_of(training).tobytes() for training in settings]
    assert len({*trained, weights_of(plain, model=without).tobytes()}) == 5
    keys = {run_key(RunSpec(DataSpec("mnist", 9), MODEL, training, 0), "f", CPU, 1) for training in settings}
    assert len(keys) == 4
    assert to_json(plain) == {"type": "TrainSpec", "epochs": 2, "batch_size": 16}


def test_weight_decay_is_pytorchs() -> None:
    layer = nn.Linear(3, 2)
    start = layer.weight.detach().clone()
    layer(torch.zeros(1, 3)).sum().backward()  # no gradient reaches the weights: decay alone changes them
    for optimiser, factor in (("adam", 1 - 0.1 * 0.5), ("sgd", 1 - 0.1 * 0.5)):
        with torch.no_grad():
            layer.weight.copy_(start)
        training = TrainSpec(1, learning_rate=0.1, optimiser=optimiser, weight_decay=0.5)  # type: ignore[arg-type]
        make_optimiser(layer, training).step()
        torch.testing.assert_close(layer.weight.detach(), start * factor)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TrainSpec(1, weight_decay=-0.1), "weight_decay is -0.1"),
        (lambda: TrainSpec(1, shift=-1), "shift is -1"),
        (lambda: TrainSpec(1, flip="yes"), "flip is 'yes'"),  # type: ignore[arg-type]
        (lambda: TrainSpec(1, engine="numpy", shift=2), r"(?s)shift is 2, and the NumPy engine .*Use engine='torch'"),
        (lambda: TrainSpec(1, engine="numpy", weight_decay=0.1), "weight_decay is 0.1, and the NumPy engine"),
    ],
)
def test_settings_that_cannot_be_are_named(make: object, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        (Conv2d(4, 3, groups=2), "conv 3×3, 2 groups, ReLU"),
        (Conv2d(4, 3, dilation=2), "conv 3×3, dilation 2, ReLU"),
        (Pool2d("max", 3, 2), "max pool, 3×3, stride 2"),
        (BatchNorm2d(), "batch norm, ReLU"),
        (Dropout(), "dropout, 0.5"),
        (PermutePixels(), "permute, pixels"),
        (Residual((Conv2d(2, 3),)), "residual conv 3×3, ReLU"),
        (Conv2d(4, 3, activation="gelu"), "activation 'gelu'"),
    ],
)
def test_the_numpy_engine_says_what_it_lacks_and_what_to_do(layer: object, named: str) -> None:
    model = ModelSpec((2, 8, 8), (layer, Flatten(), LOGITS))  # type: ignore[arg-type]
    with pytest.raises(SpecError, match=rf"(?s)Variant 'x': The NumPy engine has no {named}.*engine='torch'"):
        lacks_nothing(model, "Variant 'x'")
