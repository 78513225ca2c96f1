"""Fashion-MNIST: how much disorder, and how small or large a window, a convolution can take.

The networks are those of `convscope.studies.inductive_bias`, with its data, settings and rates: natural and wholly
shuffled pixels, with windows of 3x3, are the runs of that study.
"""

from dataclasses import replace

from convscope.specs import Conv2d, Dense, Flatten, ModelSpec, PermutePixels, Pool2d
from convscope.studies import inductive_bias
from convscope.studies.bias import FILTERS
from convscope.studies.study import Budget, Claim, Experiment, Study, Variant, smoke_budget

IMAGE = (1, 28, 28)
BLOCKS = (2, 4, 7, 14)  # pixels; within 28, the whole image, they are the shuffled ones of inductive_bias
WHOLE = (27, 13)  # windows that reach from the middle of each map to its edges, before and after pooling
TOO_SMALL = "A difference whose whole interval stays below the margin."


def network(kernels: tuple[int, int] = (3, 3), block: int | None = None) -> ModelSpec:
    """Return the convolutional network of inductive_bias with other windows, or its pixels shuffled within blocks."""
    shuffle = () if block is None else (PermutePixels(block),)
    first, second = (Conv2d(filters, kernel) for filters, kernel in zip(FILTERS, kernels, strict=True))
    return ModelSpec(IMAGE, (*shuffle, first, Pool2d(), second, Pool2d(), Flatten(), Dense(64), Dense(10, "none")))


def _shared(name: str, title: str) -> Variant:
    """Return a variant of inductive_bias with the rate that was chosen there for it."""
    variant = inductive_bias.study.variant(name)
    return replace(variant, title=title, training=inductive_bias.study.settings(variant))


# One rate for all convolutions: tuning chose it for natural pixels and for shuffled ones, both ends of the scale.
SETTINGS = inductive_bias.study.settings(inductive_bias.study.variant("conv"))

study = Study(
    id="dose",
    title="Dose and response: Fashion-MNIST",
    question="How much disorder does it take until a convolution is worth nothing, and from which size of its window "
    "on is it worth something?",
    data=inductive_bias.study.data,
    training=SETTINGS,
    variants=(
        _shared("mlp-wide", "Wide MLP"),
        _shared("conv", "CNN 3×3"),
        *(Variant(f"block-{n}", f"CNN, blocks of {n} pixels", network(block=n)) for n in BLOCKS),
        _shared("conv-permuted", "CNN, whole image shuffled"),
        Variant("cnn1", "CNN 1×1", network((1, 1))),
        Variant("cnn7", "CNN 7×7", network((7, 7))),
        Variant("whole", "CNN, windows of the whole image", network(WHOLE)),
    ),
    baseline="mlp-wide",
    reference="conv",
    experiments=(
        Experiment(
            "blocks",
            "Shuffled within blocks",
            "pixel order",
            ("conv", *(f"block-{n}" for n in BLOCKS), "conv-permuted"),
            "Pixels are shuffled, alike for all images, within squares of a side in pixels. How far may a pixel be "
            "moved before the gain of convolution is gone?",
        ),
        Experiment(
            "windows",
            "Size of the window",
            "kernel",
            ("conv", "cnn1", "cnn7", "whole"),
            "A window of one pixel sees no neighbours, one of the whole image assumes none. What lies between?",
        ),
    ),
    claims=(
        Claim(
            "dose-smallest-block",
            "On Fashion-MNIST the convolutional network classifies better with pixels in their places than shuffled "
            "within blocks of 2×2",
            "superiority",
            variant="conv",
            others=("block-2",),
            refuted_by=TOO_SMALL,
        ),
        Claim(
            "dose-blocks-beat-mlp",
            "On Fashion-MNIST with pixels shuffled within blocks of 4×4 the convolutional network still classifies "
            "better than the wide MLP",
            "superiority",
            variant="block-4",
            others=("mlp-wide",),
            refuted_by=TOO_SMALL,
        ),
        Claim(
            "dose-blocks-keep-order",
            "On Fashion-MNIST the convolutional network classifies better with pixels shuffled within blocks of 7×7 "
            "than over the whole image",
            "superiority",
            variant="block-7",
            others=("conv-permuted",),
            refuted_by=TOO_SMALL,
        ),
        Claim(
            "dose-one-pixel",
            "On Fashion-MNIST windows of 3×3 classify better than windows of one pixel",
            "superiority",
            variant="conv",
            others=("cnn1",),
            refuted_by=TOO_SMALL,
        ),
        Claim(
            "dose-whole-image",
            "On Fashion-MNIST windows of 3×3 classify better than windows of the whole image",
            "superiority",
            variant="conv",
            others=("whole",),
            refuted_by=TOO_SMALL,
        ),
    ),
    inside=(),
    budgets={
        "smoke": replace(smoke_budget(epochs=1), seeds=1),
        "quick": Budget(seeds=2, epochs=4, train_images=5_000, validation_images=1_000),
        "full": Budget(seeds=10, epochs=10),
    },
)
