"""Fashion-MNIST: how much disorder a convolution can take.

The networks are those of `convscope.studies.inductive_bias`, with its data, settings and rates: natural and wholly
shuffled pixels, with windows of 3x3, are the runs of that study.
"""

from dataclasses import replace

from convscope.specs import ModelSpec, PermutePixels
from convscope.studies import inductive_bias
from convscope.studies.study import Budget, Claim, Experiment, Study, Variant, smoke_budget

BLOCKS = (2, 4, 7, 14)  # pixels; within 28, the whole image, they are the shuffled ones of inductive_bias
TOO_SMALL = "A difference whose whole interval stays below the margin."


def network(block: int) -> ModelSpec:
    """Return the convolutional network of inductive_bias, its pixels shuffled within blocks of this side."""
    natural = inductive_bias.study.variant("conv").model
    return replace(natural, layers=(PermutePixels(block), *natural.layers))


def _shared(name: str, title: str) -> Variant:
    """Return a variant of inductive_bias with the rate that was chosen there for it."""
    variant = inductive_bias.study.variant(name)
    return replace(variant, title=title, training=inductive_bias.study.settings(variant))


# One rate for all convolutions: tuning chose it for natural pixels and for shuffled ones, both ends of the scale.
SETTINGS = inductive_bias.study.settings(inductive_bias.study.variant("conv"))

study = Study(
    id="dose",
    title="Dose and response: Fashion-MNIST",
    question="How far may pixels be moved from their places before a convolution is worth nothing?",
    data=inductive_bias.study.data,
    training=SETTINGS,
    variants=(
        _shared("mlp-wide", "Wide MLP"),
        _shared("conv", "CNN 3×3"),
        *(Variant(f"block-{n}", f"CNN, blocks of {n} pixels", network(n)) for n in BLOCKS),
        _shared("conv-permuted", "CNN, whole image shuffled"),
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
    ),
    inside=(),
    budgets={
        "smoke": replace(smoke_budget(epochs=1), seeds=1),
        "quick": Budget(seeds=2, epochs=4, train_images=5_000, validation_images=1_000),
        "full": Budget(seeds=10, epochs=10),
    },
)
