from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from convscope.datasets.dataset import Images
from convscope.datasets.glyphs import generate
from convscope.datasets.splits import Split, split
from convscope.engines import torch_engine
from convscope.engines.numpy_cnn import train as numpy_train
from convscope.engines.outcome import Outcome
from convscope.engines.schedule import learning_rates
from convscope.engines.torch_engine import initialised, logits_of, train
from convscope.models.torch_model import build
from convscope.specs import (
    LAYERS,
    BatchNorm2d,
    Conv2d,
    DataSpec,
    Dense,
    DepthwiseConv2d,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Glyphs,
    LocallyConnected2d,
    ModelSpec,
    NumericMode,
    PermutePixels,
    Pool2d,
    Residual,
    RunSpec,
    TrainSpec,
)

MODE = NumericMode("torch", "cpu", "float32", "channels_last")
GLYPHS = Glyphs(size=14, train=700, test=200, shift=0, rotation=5)
DATA = DataSpec(GLYPHS, validation_images=150, train_images=500)
CNN = ModelSpec((1, 14, 14), (Conv2d(8, 3), Pool2d(), Flatten(), Dense(10, "none")))
MLP = ModelSpec((1, 14, 14), (Flatten(), Dense(24), Dense(10, "none")))
RUN = RunSpec(DATA, CNN, TrainSpec(epochs=2, learning_rate=5e-3, batch_size=64), seed=3)


def quiet(epochs: int, accuracy: float) -> None:
    """Take no notice of progress."""


@lru_cache
def images(seed: int = 3) -> Split:
    return split(generate(GLYPHS), DATA, seed)


def trained(spec: RunSpec = RUN, mode: NumericMode = MODE) -> Outcome:
    return train(spec, images(spec.seed), mode, quiet)


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return trained()


def same_bits(one: Outcome, other: Outcome) -> bool:
    weights = all(np.array_equal(one.weights[name], other.weights[name]) for name in one.weights)
    answers = np.array_equal(one.predictions, other.predictions) and np.array_equal(one.confidences, other.confidences)
    return one.history == other.history and weights and answers


# ---------------------------------------------------------------- seeds and streams


def test_same_seed_gives_the_same_bits_whatever_happened_before(outcome: Outcome) -> None:
    torch.manual_seed(99)
    torch.rand(17)
    np.random.seed(99)  # noqa: NPY002  # the global state must not matter
    before = torch.get_rng_state()
    assert same_bits(trained(), outcome)
    assert torch.equal(torch.get_rng_state(), before)


def test_another_seed_gives_another_network(outcome: Outcome) -> None:
    other = trained(replace(RUN, seed=4))
    assert not any(np.array_equal(other.weights[name], outcome.weights[name]) for name in outcome.weights)
    assert not np.array_equal(other.confidences, outcome.confidences)
    same_images = train(replace(RUN, seed=4), images(3), MODE, quiet)  # initialisation and order differ by themselves
    assert not np.array_equal(same_images.weights["0.weight"], outcome.weights["0.weight"])


class Spy(nn.Module):
    """Passes images on and notes them, apart for training and evaluation."""

    def __init__(self, seen: dict[bool, list[torch.Tensor]]) -> None:
        super().__init__()
        self.seen = seen

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        self.seen[self.training].append(batch.detach().clone())
        return batch


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Callable[[RunSpec], dict[bool, list[torch.Tensor]]]:
    """Train, and return the batches that the network was given: by True in training, by False in evaluation."""

    def run(spec: RunSpec) -> dict[bool, list[torch.Tensor]]:
        seen: dict[bool, list[torch.Tensor]] = {True: [], False: []}
        monkeypatch.setattr(torch_engine, "build", lambda model: nn.Sequential(Spy(seen), *build(model)))
        trained(spec)
        monkeypatch.undo()
        return seen

    return run


Spied = Callable[[RunSpec], dict[bool, list[torch.Tensor]]]


def test_variants_of_one_seed_see_the_same_batches(spy: Spied) -> None:
    of_cnn, of_mlp = spy(RUN), spy(replace(RUN, model=MLP))
    sgd = spy(replace(RUN, training=replace(RUN.training, optimiser="sgd", schedule="linear")))
    assert [len(batch) for batch in of_cnn[True]] == 2 * [64, 64, 64, 64, 64, 64, 64, 52]
    for other in (of_mlp, sgd):
        for phase in (True, False):
            assert all(torch.equal(a, b) for a, b in zip(of_cnn[phase], other[phase], strict=True))
    assert not torch.equal(of_cnn[True][0], of_cnn[True][8])  # each pass has an order of its own


def test_nothing_but_training_images_is_trained_on(spy: Spied) -> None:
    parts, seen = images(), spy(RUN)

    def fingerprints(pixels: NDArray[np.float32] | torch.Tensor) -> list[bytes]:
        return [np.ascontiguousarray(np.asarray(image)).tobytes() for image in pixels]

    train_set = sorted(fingerprints(parts.normalise(parts.train.pixels)))
    held_out = {
        *fingerprints(parts.normalise(parts.validation.pixels)),
        *fingerprints(parts.normalise(parts.test.pixels)),
    }
    assert not held_out & set(train_set)
    first_pass = [print_ for batch in seen[True][:8] for print_ in fingerprints(batch)]
    second_pass = [print_ for batch in seen[True][8:] for print_ in fingerprints(batch)]
    assert sorted(first_pass) == sorted(second_pass) == train_set
    evaluated = [print_ for batch in seen[False] for print_ in fingerprints(batch)]
    validation = fingerprints(parts.normalise(parts.validation.pixels))
    assert evaluated == 2 * validation + fingerprints(parts.normalise(parts.test.pixels))  # the test set once, last


def test_test_images_have_no_influence_on_the_weights(outcome: Outcome) -> None:
    parts = images()
    black = Images(np.zeros_like(parts.test.pixels), parts.test.labels)
    held_out = Images(np.zeros_like(parts.validation.pixels), parts.validation.labels)
    other = train(RUN, replace(parts, test=black, validation=held_out), MODE, quiet)
    assert all(np.array_equal(other.weights[name], outcome.weights[name]) for name in outcome.weights)
    assert other.test_loss != outcome.test_loss


# ---------------------------------------------------------------- the loop


@pytest.mark.parametrize("schedule", ["constant", "linear"])
def test_learning_rates_follow_pytorchs_scheduler(schedule: str) -> None:
    training = TrainSpec(epochs=1, learning_rate=0.02, schedule=schedule)  # type: ignore[arg-type]
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.02)
    end = 0.0 if schedule == "linear" else 1.0
    scheduler = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, end, total_iters=10)
    rates = []
    for rate in learning_rates(training, 10):
        rates.append(optimiser.param_groups[0]["lr"])
        assert rate == pytest.approx(rates[-1])
        optimiser.step()
        scheduler.step()
    assert len(rates) == 10
    assert rates[-1] == pytest.approx(0.002 if schedule == "linear" else 0.02)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_training_is_the_loop_of_the_textbook(optimiser: str) -> None:
    """The same network trained in plain PyTorch: contiguous images, spec order, unfused optimiser, one by one."""
    training = replace(RUN.training, optimiser=optimiser, schedule="linear", epochs=1)  # type: ignore[arg-type]
    ours = trained(replace(RUN, training=training))
    parts = images()
    plain = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(392, 10))
    start = initialised(CNN, RUN.seed).state_dict()
    plain.load_state_dict({"0.weight": start["0.weight"], "0.bias": start["0.bias"],
                           "4.weight": start["3.weight"], "4.bias": start["3.bias"]})  # fmt: skip
    chosen: torch.optim.Optimizer = torch.optim.Adam(plain.parameters(), 5e-3)
    if optimiser == "sgd":
        chosen = torch.optim.SGD(plain.parameters(), 5e-3, momentum=0.9)
    order = np.random.default_rng(np.random.SeedSequence(RUN.seed).spawn(5)[2]).permutation(500)
    losses = []
    for step, first in enumerate(range(0, 500, 64)):
        batch = parts.train.take(order[first : first + 64])
        chosen.param_groups[0]["lr"] = 5e-3 * (1 - step / 8)
        loss = nn.functional.cross_entropy(
            plain(torch.from_numpy(parts.normalise(batch.pixels))), torch.from_numpy(batch.labels)
        )
        chosen.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        chosen.step()
        losses += [loss.item()] * len(batch)
    assert ours.history[0].train_loss == pytest.approx(np.mean(losses), rel=1e-4)
    with torch.no_grad():
        logits = plain(torch.from_numpy(parts.normalise(parts.test.pixels)))
    assert ours.test_loss == pytest.approx(
        nn.functional.cross_entropy(logits, torch.from_numpy(parts.test.labels)).item(), rel=1e-3
    )


def test_outcome_keeps_the_contract(outcome: Outcome) -> None:
    calls: list[tuple[int, float]] = []
    again = train(RUN, images(), MODE, lambda epochs, accuracy: calls.append((epochs, accuracy)))
    assert calls == [(i, epoch.validation_accuracy) for i, epoch in enumerate(again.history, start=1)]
    assert outcome.predictions.dtype == np.uint8
    assert outcome.confidences.dtype == np.float32
    assert outcome.predictions.shape == outcome.confidences.shape == (200,)
    assert outcome.test_accuracy == pytest.approx((outcome.predictions == images().test.labels).mean())
    assert {name: array.shape for name, array in outcome.weights.items()} == {
        "0.weight": (8, 1, 3, 3), "0.bias": (8,), "3.weight": (10, 392), "3.bias": (10,),
    }  # fmt: skip
    network = build(CNN)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in outcome.weights.items()})
    with torch.no_grad():
        probabilities = network(torch.from_numpy(images().normalise(images().test.pixels))).softmax(1)
    np.testing.assert_array_equal(probabilities.argmax(1).numpy(), outcome.predictions)
    np.testing.assert_allclose(probabilities.max(1).values.numpy(), outcome.confidences, rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("model", [CNN, MLP])
def test_digits_are_learned(model: ModelSpec, dtype: str) -> None:
    spec = replace(RUN, model=model, training=replace(RUN.training, epochs=8))
    learned = trained(spec, replace(MODE, dtype=dtype))  # type: ignore[arg-type]
    assert learned.test_accuracy > 0.6  # chance is 0.1
    assert learned.history[-1].train_loss < learned.history[0].train_loss / 2
    assert {array.dtype for array in learned.weights.values()} == {np.dtype(np.float32)}


# ---------------------------------------------------------------- what must hold exactly


def test_an_mlp_does_not_see_where_pixels_are() -> None:
    """Pixels in another order, and the first layer's weights alike: the same sums, so the same answers."""
    order = np.random.default_rng(0).permutation(14 * 14)
    network, permuted = initialised(MLP, 0), initialised(MLP, 0)
    with torch.no_grad():
        permuted.get_submodule("1").weight.copy_(network.get_submodule("1").weight[:, order])  # type: ignore[operator,index]
    pixels = images().normalise(images().test.pixels)
    shuffled = pixels.reshape(len(pixels), -1)[:, order].reshape(pixels.shape)
    expected = logits_of(network, torch_engine.images_on_device(pixels, MODE), MODE)
    logits = logits_of(permuted, torch_engine.images_on_device(shuffled, MODE), MODE)
    torch.testing.assert_close(logits, expected, rtol=1e-5, atol=1e-5)
    unmatched = logits_of(network, torch_engine.images_on_device(shuffled, MODE), MODE)
    assert (unmatched - expected).abs().max() > 0.1  # the permutation does something


EVERY_LAYER = ModelSpec(
    (1, 14, 14),
    (
        PermutePixels(7), Conv2d(8, 3, activation="none"), BatchNorm2d(), DepthwiseConv2d(8, 3), Dropout(0.2),
        Residual((Conv2d(8, 3, groups=2), Conv2d(8, 3, activation="none", dilation=2))), Pool2d(),
        LocallyConnected2d(8, 3), Pool2d("average", size=3, stride=2), Flatten(), Dense(10, "none"),
    ),
)  # fmt: skip
AVERAGED = ModelSpec((1, 14, 14), (Conv2d(8, 3), GlobalAveragePool(), Dense(10, "none")))
# By engine and network: loss of the last pass, test loss.
GOLDEN = {
    ("torch", CNN): (2.2498961, 2.3879986),
    ("torch", EVERY_LAYER): (2.2914110, 2.3115401),
    ("torch", AVERAGED): (2.3387122, 2.3248301),
    ("numpy", CNN): (2.2512029, 2.4248492),
}


def test_golden_values_rest_on_every_layer() -> None:
    within = [inner for layer in EVERY_LAYER.layers if isinstance(layer, Residual) for inner in layer.layers]
    assert {type(layer) for layer in (*EVERY_LAYER.layers, *AVERAGED.layers, *within)} == set(LAYERS.values())


@pytest.mark.parametrize(("engine", "model"), GOLDEN)
def test_training_computes_what_it_computed_before(engine: str, model: ModelSpec) -> None:
    """Values of this revision. SSE4, AVX2 and AVX-512 gave them within 2e-8; other BLAS libraries round otherwise."""
    random = np.random.default_rng(0)  # no glyphs: they may change with matplotlib

    def noise(count: int) -> Images:
        return Images(random.integers(0, 256, (count, 1, 14, 14)).astype(np.uint8), random.integers(0, 10, count))

    parts = Split(noise(180), noise(20), noise(50), np.full(1, 0.5, np.float32), np.full(1, 0.3, np.float32))
    training = TrainSpec(epochs=2, learning_rate=2e-3, batch_size=64, schedule="linear")
    if model is EVERY_LAYER:
        training = replace(training, weight_decay=1e-3, shift=1, flip=True)
    spec = replace(RUN, model=model, training=training)
    outcome = train(spec, parts, MODE, quiet) if engine == "torch" else numpy_train.train(spec, parts, quiet)
    assert (outcome.history[-1].train_loss, outcome.test_loss) == pytest.approx(GOLDEN[engine, model], rel=5e-5), (
        f"Training with the {engine} engine computes something else than before. If that is meant, raise "
        "ENGINE_REVISION in convscope.engines, so that stored results go stale, and put the new values here."
    )
