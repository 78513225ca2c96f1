"""How a network is trained, and one run of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from convscope.specs.checks import require, require_one_of, require_positive, require_whole
from convscope.specs.data import DataSpec
from convscope.specs.model import ModelSpec


@dataclass(frozen=True)
class TrainSpec:
    """How a model is fitted. The test set is used once, after the last epoch, which is fixed in advance.

    Parameters
    ----------
    epochs
        Passes over the training images, each followed by an evaluation on the validation images.
    learning_rate
        Above 0 and below 10.
    batch_size
        Images an update; the last batch of a pass may be smaller.
    engine
        PyTorch, or NumPy alone.
    optimiser, momentum
        Adam, or stochastic gradient descent with this momentum.
    schedule
        ``"linear"`` decays the rate to zero over all updates.
    updates
        0, or how many updates are made however many training images there are: the passes cycle, and ``epochs`` is
        then the number of equal parts after each of which is evaluated.
    weight_decay
        Of all weights and biases: decoupled from the gradient with Adam (Loshchilov and Hutter 2019), added to it with
        stochastic gradient descent.
    shift
        Each time that a training image is seen it is moved by up to so many pixels in each direction, what comes in
        being black; drawn from the run's seed.
    flip
        Each time that a training image is seen it is mirrored left to right with a chance of one half.
    """

    epochs: int
    learning_rate: float = 1e-3
    batch_size: int = 128
    engine: Literal["torch", "numpy"] = "torch"
    optimiser: Literal["adam", "sgd"] = "adam"
    momentum: float = 0.9
    schedule: Literal["constant", "linear"] = "constant"
    updates: int = 0
    weight_decay: float = 0.0
    shift: int = 0
    flip: bool = False

    def __post_init__(self) -> None:
        require_positive("epochs", self.epochs)
        require_positive("batch_size", self.batch_size)
        require(
            0 < self.learning_rate < 10,
            f"learning_rate is {self.learning_rate}; it must be above 0 and below 10.",
        )
        require(0 <= self.momentum < 1, f"momentum is {self.momentum}; it must be at least 0 and below 1.")
        require_one_of("engine", self.engine, ("torch", "numpy"))
        require_one_of("optimiser", self.optimiser, ("adam", "sgd"))
        require_one_of("schedule", self.schedule, ("constant", "linear"))
        require_whole("updates", self.updates)
        require(
            self.updates == 0 or self.updates >= self.epochs,
            f"updates is {self.updates} in {self.epochs} epochs; each epoch needs at least one update.",
        )
        require(0 <= self.weight_decay < 1, f"weight_decay is {self.weight_decay}; it must be at least 0 and below 1.")
        require_whole("shift", self.shift)
        require_one_of("flip", self.flip, (False, True))
        for name in ("weight_decay", "shift", "flip"):
            require(
                self.engine == "torch" or not getattr(self, name),
                f"{name} is {getattr(self, name)}, and the NumPy engine has none of it.",
                "Use engine='torch', or leave it out.",
            )

    def total_updates(self, images: int) -> int:
        """Count the updates of a run with so many training images."""
        return self.updates or self.epochs * -(-images // self.batch_size)

    def images_seen(self, images: int) -> int:
        """Count the training images that all updates of a run see together, repetitions included."""
        batches = -(-images // self.batch_size)  # of one pass
        passes, rest = divmod(self.total_updates(images), batches)
        return passes * images + min(rest * self.batch_size, images)


@dataclass(frozen=True)
class RunSpec:
    """One training run: everything that decides its numbers, apart from the machine."""

    data: DataSpec
    model: ModelSpec
    training: TrainSpec
    seed: int

    def __post_init__(self) -> None:
        require_whole("seed", self.seed)
        canvas, (channels, height, width) = self.data.canvas, self.model.input_shape
        require(
            canvas in (0, height) and canvas in (0, width),
            f"canvas is {canvas}, and the network takes images of {height}×{width} pixels.",
            f"Give the network the input_shape ({channels}, {canvas}, {canvas}), or change the canvas.",
        )


@dataclass(frozen=True)
class NumericMode:
    """The arithmetic of a run. Each field changes the bits of the result, so each is part of the run's key."""

    engine: Literal["torch", "numpy"]
    device: str  # "cpu", "cuda", "mps"
    dtype: Literal["float32", "bfloat16"]
    layout: Literal["channels_last", "channels_first"]
    threads: int = 1
