"""The six networks that take convolution apart: locality and weight sharing, on natural and on shuffled pixels."""

from __future__ import annotations

from typing import Literal

from convscope.specs import Conv2d, Dense, Flatten, Layer, LocallyConnected2d, ModelSpec, PermutePixels, Pool2d
from convscope.studies.architectures import ImageShape, mlp
from convscope.studies.study import Claim, Experiment, Variant

FILTERS = (16, 32)  # few, so that networks without weight sharing, of ten times the parameters, remain affordable
HIDDEN = 64  # units of the dense head


def network(image: ImageShape, layer: type[Conv2d] | type[LocallyConnected2d], *, permuted: bool = False) -> ModelSpec:
    """Return two blocks of the layer, 3x3 windows and 2x2 max pooling each, and a dense head.

    Parameters
    ----------
    image
        (channels, height, width).
    layer
        With shared weights, or without.
    permuted
        Shuffle the pixels of all images alike before the first layer sees them.
    """
    shuffle: list[Layer] = [PermutePixels()] if permuted else []
    blocks: list[Layer] = []
    for filters in FILTERS:
        blocks += [layer(filters, 3), Pool2d()]
    return ModelSpec(image, (*shuffle, *blocks, Flatten(), Dense(HIDDEN), Dense(10, "none")))


def variants(image: ImageShape, wide: tuple[int, ...]) -> tuple[Variant, ...]:
    """Return {convolution, local connections} x {natural, permuted pixels}, and two fully connected networks.

    Parameters
    ----------
    image
        (channels, height, width).
    wide
        Hidden units of the larger fully connected network: as many parameters as the largest of the others.
    """
    return (
        Variant("mlp", "MLP", mlp(image, hidden=[128])),
        Variant("mlp-wide", "Wide MLP", mlp(image, hidden=wide)),
        Variant("conv", "CNN", network(image, Conv2d)),
        Variant("local", "Local network", network(image, LocallyConnected2d)),
        Variant("conv-permuted", "CNN, permuted", network(image, Conv2d, permuted=True)),
        Variant("local-permuted", "Local network, permuted", network(image, LocallyConnected2d, permuted=True)),
    )


EXPERIMENTS = (
    Experiment(
        "sharing",
        "Weight sharing",
        "weight sharing",
        ("conv", "local"),
        "Both layers see 3×3 windows. What is it worth that a convolution has one set of weights for all places?",
    ),
    Experiment(
        "order",
        "Pixel order, CNN",
        "pixel order",
        ("conv", "conv-permuted"),
        "What is left of the convolution's gain when neighbours are no longer neighbours?",
    ),
    Experiment(
        "sharing-permuted",
        "Weight sharing, permuted pixels",
        "weight sharing",
        ("conv-permuted", "local-permuted"),
        "Does sharing weights still help where all places are alike in nothing?",
    ),
    Experiment(
        "order-local",
        "Pixel order, local network",
        "pixel order",
        ("local", "local-permuted"),
        "What is locality worth by itself, without shared weights?",
    ),
)


def claims(prefix: str, data: str, *, clean_pair: bool = True) -> tuple[Claim, ...]:
    """Return what is claimed of the six networks on one data set.

    Parameters
    ----------
    prefix
        Of the claims' ids: ``"bias"``.
    data
        As a sentence names it: ``"Fashion-MNIST"``.
    clean_pair
        Whether locality was claimed before the results by the network with weights of its own on natural and on
        shuffled pixels. The first studies compared it with the wide MLP, which has no windows, one layer less and no
        pooling, and added the clean pair after their results.
    """
    too_small = "A difference whose whole interval stays below the margin."
    clean: Literal["before", "after"] = "before" if clean_pair else "after"
    confounded: Literal["before", "after"] = "after" if clean_pair else "before"
    return (
        Claim(
            f"{prefix}-cnn-beats-wide-mlp",
            f"On {data} the convolutional network classifies better than an MLP of over ten times its parameters",
            "superiority",
            variant="conv",
            others=("mlp-wide",),
            refuted_by=too_small,
        ),
        Claim(
            f"{prefix}-sharing",
            f"On {data} windows with shared weights classify better than windows with weights of their own",
            "superiority",
            variant="conv",
            others=("local",),
            refuted_by=too_small,
        ),
        Claim(
            f"{prefix}-local-beats-mlp",
            f"On {data} windows with weights of their own classify better than an MLP with as many parameters",
            "superiority",
            variant="local",
            others=("mlp-wide",),
            refuted_by=too_small,
            declared=confounded,
        ),
        Claim(
            f"{prefix}-order",
            f"On {data} the convolutional network classifies better with its pixels in their places than shuffled",
            "superiority",
            variant="conv",
            others=("conv-permuted",),
            refuted_by=too_small,
        ),
        Claim(
            f"{prefix}-permuted",
            f"On {data} with shuffled pixels the convolutional network still classifies better than the wide MLP",
            "superiority",
            variant="conv-permuted",
            others=("mlp-wide",),
            refuted_by=too_small,
        ),
        Claim(
            f"{prefix}-locality",
            f"On {data} windows with weights of their own classify better with pixels in their places than shuffled",
            "superiority",
            variant="local",
            others=("local-permuted",),
            refuted_by=too_small,
            declared=clean,
        ),
        Claim(
            f"{prefix}-sharing-needs-order",
            f"On {data} shared weights are worth more where pixels are in their places than where they are shuffled",
            "superiority",
            variant="conv",
            others=("local",),
            contrast=("conv-permuted", "local-permuted"),
            refuted_by="A difference between the two gains whose whole interval stays below the margin.",
            declared=clean,
        ),
    )
