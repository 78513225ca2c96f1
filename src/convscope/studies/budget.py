"""How much of a study is run: the profiles, and a study's budget in each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from convscope.errors import SpecError
from convscope.specs import DataSpec, Glyphs, Table
from convscope.specs.checks import require_positive

Profile = Literal["smoke", "quick", "full"]
PROFILES: tuple[Profile, ...] = get_args(Profile)


def profile_named(name: str) -> Profile:
    """Return the profile of a name.

    Raises
    ------
    SpecError
        There is none of this name.
    """
    if name not in PROFILES:
        raise SpecError(f"PROFILE is {name!r}; it must be one of {', '.join(PROFILES)}.")
    return name


@dataclass(frozen=True)
class Budget:
    """How much of a study one profile runs.

    Parameters
    ----------
    seeds
        Runs of each variant, with seeds 0, 1, ….
    epochs
        Passes through the training images; with a fixed number of updates, how often is evaluated.
    dataset
        Taken in place of the study's own: the smoke profile draws glyphs.
    experiments
        Ids of the experiments that are run; None runs all, and all variants.
    train_images, validation_images, test_images
        None keeps the study's own numbers. No variant gets more training images than the budget has.
    updates
        In place of the study's fixed number of updates; None keeps it.
    """

    seeds: int
    epochs: int
    dataset: Glyphs | Table | None = None
    experiments: tuple[str, ...] | None = None
    train_images: int | None = None
    validation_images: int | None = None
    test_images: int | None = None
    updates: int | None = None

    def __post_init__(self) -> None:
        require_positive("Budget seeds", self.seeds)
        require_positive("Budget epochs", self.epochs)
        for name in ("train_images", "validation_images", "test_images", "updates"):
            if getattr(self, name) is not None:
                require_positive(f"Budget {name}", getattr(self, name))

    def data(self, data: DataSpec) -> DataSpec:
        """Return the images that a study with this data sees under this budget."""
        return replace(
            data,
            dataset=self.dataset or data.dataset,
            train_images=self.train_images or data.train_images,
            validation_images=self.validation_images or data.validation_images,
            test_images=self.test_images or data.test_images,
        )


def smoke_budget(channels: Literal[1, 3] = 1, epochs: int = 3) -> Budget:
    """Return a budget of seconds on generated digits: grey 28x28 images, or RGB 32x32 for three channels."""
    glyphs = Glyphs(size=28 if channels == 1 else 32, channels=channels)
    return Budget(seeds=2, epochs=epochs, dataset=glyphs, train_images=1600, validation_images=400)
