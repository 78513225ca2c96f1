"""One network of a study."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from convscope.errors import SpecError
from convscope.specs import ModelSpec, TrainSpec
from convscope.specs.checks import require_positive


@dataclass(frozen=True)
class Variant:
    """One network of a study.

    Parameters
    ----------
    id
        Short and stable, used in file names and metrics: ``"cnn3"``.
    title
        As a reader sees it: ``"CNN 3×3"``.
    model
        The network.
    training
        Settings of its own; None takes the study's.
    train_images
        A training set of its own size, where that is what the study varies; None takes the study's. At equal seed a
        smaller set is part of a larger one.
    longer
        For each pass over the training images that the study makes, this variant makes so many.
    """

    id: str
    title: str
    model: ModelSpec
    training: TrainSpec | None = None
    train_images: int | None = None
    longer: int = 1

    def __post_init__(self) -> None:
        require_positive(f"Variant {self.id!r}: longer", self.longer)
        kernels = {layer.kernel for layer in self.model.windowed}
        for one, other in re.findall(r"(\d+)×(\d+)", self.title):
            if one != other or int(one) not in kernels:
                built = ", ".join(f"{kernel}×{kernel}" for kernel in sorted(kernels)) or "no kernel"
                raise SpecError(
                    f"Variant {self.id!r} is titled {self.title!r}; its network has {built}.",
                    "Title and network follow from one number if both are made of it: see fashion.py.",
                )

    def passes(self, training: TrainSpec) -> TrainSpec:
        """Return settings with the passes that this variant makes in place of the study's."""
        return replace(training, epochs=training.epochs * self.longer, updates=training.updates * self.longer)
