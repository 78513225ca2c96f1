"""Design choices one at a time, around one CNN: on Fashion-MNIST all of them, on CIFAR-10 the three that matter most.

A factor of the body also changes how many values reach the dense head: without pooling it has 16 times the inputs. Such
factors are therefore varied a second time with global average pooling as the head, whose size they do not change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from convscope.specs import (
    Activation,
    Conv2d,
    DataSpec,
    Dense,
    Flatten,
    GlobalAveragePool,
    Layer,
    ModelSpec,
    Pool2d,
    TrainSpec,
)
from convscope.studies.study import Budget, Claim, Count, Experiment, Study, Variant, smoke_budget

Image = tuple[int, int, int]


def network(
    image: Image,
    *,
    kernel: int = 3,
    filters: int = 32,
    depth: int = 2,
    pooling: Literal["max", "average", "none"] = "max",
    stride: int = 1,
    padding: Literal["same", "valid"] = "same",
    activation: Activation = "relu",
    head: Literal["dense", "global average"] = "dense",
) -> ModelSpec:
    """Return the base CNN with some of its choices changed.

    Parameters
    ----------
    image
        (channels, height, width).
    kernel, padding, activation
        Of every convolution.
    filters
        Of the first convolution; each further one has twice as many.
    depth
        Number of convolutional blocks.
    pooling
        After each convolution, over 2x2 pixels.
    stride
        Of the first convolution.
    head
        ``"dense"``: flatten, 128 units, logits. ``"global average"``: mean of each map, logits.
    """
    layers: list[Layer] = []
    for block in range(depth):
        layers.append(Conv2d(filters * 2**block, kernel, stride if block == 0 else 1, padding, activation))
        if pooling != "none":
            layers.append(Pool2d(pooling))
    layers += [Flatten(), Dense(128)] if head == "dense" else [GlobalAveragePool()]
    return ModelSpec(image, (*layers, Dense(10, "none")))


GREY, RGB = (1, 28, 28), (3, 32, 32)


def _stacked(*kernels: int) -> ModelSpec:
    """Return convolutions of one channel on top of each other, to count what they see and weigh."""
    return ModelSpec(GREY, (*(Conv2d(1, kernel) for kernel in kernels), Flatten(), Dense(10, "none")))


def _shared(image: Image) -> tuple[Variant, ...]:
    """Variants of kernel, depth and pooling, and the twins of the last two."""

    def twin(title: str) -> str:
        return f"{title}, GAP head"

    average: Literal["global average"] = "global average"
    return (
        Variant("base", "Base", network(image)),
        Variant("kernel5", "Kernel 5×5", network(image, kernel=5)),
        Variant("kernel7", "Kernel 7×7", network(image, kernel=7)),
        Variant("depth1", "1 block", network(image, depth=1)),
        Variant("depth3", "3 blocks", network(image, depth=3)),
        Variant("average", "Average pooling", network(image, pooling="average")),
        Variant("unpooled", "No pooling", network(image, pooling="none")),
        Variant("base-gap", twin("Base"), network(image, head=average)),
        Variant("depth1-gap", twin("1 block"), network(image, depth=1, head=average)),
        Variant("depth3-gap", twin("3 blocks"), network(image, depth=3, head=average)),
        Variant("average-gap", twin("Average pooling"), network(image, pooling="average", head=average)),
        Variant("unpooled-gap", twin("No pooling"), network(image, pooling="none", head=average)),
    )


_KERNEL = Experiment(
    "kernel",
    "Kernel size",
    "kernel",
    ("base", "kernel5", "kernel7"),
    "How much of the image should one weight set see?",
)
_DEPTH = Experiment(
    "depth", "Depth", "depth", ("base", "depth1", "depth3"), "How many convolutional blocks does the task need?"
)
_POOLING = Experiment(
    "pooling",
    "Pooling",
    "pooling",
    ("base", "average", "unpooled"),
    "Does pooling help, and should it take the maximum or the mean?",
)
_DEPTH_TWIN = Experiment(
    "depth-gap",
    "Depth, with global average pooling",
    "depth",
    ("base-gap", "depth1-gap", "depth3-gap"),
    "The same question with a head whose inputs are the channels alone.",
)
_POOLING_TWIN = Experiment(
    "pooling-gap",
    "Pooling, with global average pooling",
    "pooling",
    ("base-gap", "average-gap", "unpooled-gap"),
    "The same question with a head whose size pooling does not change.",
)

study = Study(
    id="design",
    title="One choice at a time: Fashion-MNIST",
    question="Which choices in the design of a small CNN matter, each changed alone?",
    data=DataSpec("fashion-mnist", validation_images=10_000),
    training=TrainSpec(epochs=8, learning_rate=1e-3, batch_size=128, schedule="linear"),
    variants=(
        *_shared(GREY),
        Variant("filters16", "16 filters first", network(GREY, filters=16)),
        Variant("filters64", "64 filters first", network(GREY, filters=64)),
        Variant("stride2", "Stride 2 first", network(GREY, stride=2)),
        Variant("valid", "No padding", network(GREY, padding="valid")),
        Variant("tanh", "tanh", network(GREY, activation="tanh")),
        Variant("sigmoid", "sigmoid", network(GREY, activation="sigmoid")),
        Variant("gelu", "GELU", network(GREY, activation="gelu")),
        Variant("stride2-gap", "Stride 2 first, GAP head", network(GREY, stride=2, head="global average")),
    ),
    baseline="base",
    reference="base",
    experiments=(
        _KERNEL,
        Experiment(
            "filters", "Filters", "filters", ("base", "filters16", "filters64"), "How many features does the task need?"
        ),
        _DEPTH,
        _DEPTH_TWIN,
        _POOLING,
        _POOLING_TWIN,
        Experiment("stride", "Stride", "stride", ("base", "stride2"), "May the first layer skip every other position?"),
        Experiment(
            "stride-gap",
            "Stride, with global average pooling",
            "stride",
            ("base-gap", "stride2-gap"),
            "The same question with a head whose size the stride does not change.",
        ),
        Experiment("padding", "Padding", "padding", ("base", "valid"), "Does the border of the image matter?"),
        Experiment(
            "activation",
            "Activation",
            "activation",
            ("base", "tanh", "sigmoid", "gelu"),
            "Does the non-linearity of the convolutions matter, at one learning rate for all?",
        ),
        Experiment("head", "Head", "head", ("base", "base-gap"), "What is the dense head worth?"),
    ),
    claims=(
        Claim(
            "design-depth3-not-worse",
            "On Fashion-MNIST three convolutional blocks classify as well as two",
            "equivalence",
            "depth3",
            ("base",),
            refuted_by="A difference between the two depths whose whole interval is beyond the margin, either way.",
        ),
        Claim(
            "design-depth3-overfits",
            "On Fashion-MNIST more than two convolutional blocks overfit: with three the gap between training and test "
            "accuracy is larger than with two",
            "superiority",
            "depth3",
            ("base",),
            measure="generalisation gap",
            refuted_by="A gap with three blocks that exceeds that with two by less than the margin.",
            source="003",
        ),
        Claim(
            "design-two-3x3-see-5x5",
            "Two stacked 3×3 kernels see 5×5 pixels with fewer weights, 18 against 25",
            "arithmetic",
            counts=(
                Count("side of what two 3×3 kernels see", "receptive field", _stacked(3, 3), 5),
                Count("weights of two 3×3 kernels, one channel", "kernel weights", _stacked(3, 3), 18),
                Count("side of what one 5×5 kernel sees", "receptive field", _stacked(5), 5),
                Count("weights of one 5×5 kernel, one channel", "kernel weights", _stacked(5), 25),
            ),
            refuted_by="Any other count.",
            source="001, 003",
        ),
        Claim(
            "design-pooling-helps",
            "On Fashion-MNIST max pooling classifies better than no pooling, the head being global average pooling",
            "superiority",
            "base-gap",
            ("unpooled-gap",),
            refuted_by="A gain of pooling whose whole interval stays below the margin.",
        ),
        Claim(
            "design-max-beats-average",
            "On Fashion-MNIST max pooling classifies better than average pooling",
            "superiority",
            "base",
            ("average",),
            refuted_by="A gain of the maximum whose whole interval stays below the margin.",
        ),
        Claim(
            "design-dense-head",
            "On Fashion-MNIST a dense head classifies better than global average pooling",
            "superiority",
            "base",
            ("base-gap",),
            refuted_by="A gain of the dense head whose whole interval stays below the margin.",
        ),
    ),
    inside=(),
    budgets={
        "smoke": replace(smoke_budget(epochs=1), seeds=1),
        "quick": Budget(seeds=2, epochs=2, experiments=("kernel", "depth", "pooling")),
        "full": Budget(seeds=10, epochs=8),
    },
)

cifar10_study = Study(
    id="design_cifar10",
    title="One choice at a time: CIFAR-10",
    question="Do kernel size, depth and pooling matter more on photographs than on clothing?",
    data=DataSpec("cifar10", validation_images=5_000),
    training=TrainSpec(epochs=10, learning_rate=1e-3, batch_size=128, schedule="linear"),
    variants=_shared(RGB),
    baseline="base",
    reference="base",
    experiments=(_KERNEL, _DEPTH, _DEPTH_TWIN, _POOLING, _POOLING_TWIN),
    claims=(
        Claim(
            "design_cifar10-depth3-better",
            "On CIFAR-10 three convolutional blocks classify better than two",
            "superiority",
            "depth3",
            ("base",),
            refuted_by="A gain of the third block whose whole interval stays below the margin.",
        ),
        Claim(
            "design_cifar10-pooling-helps",
            "On CIFAR-10 max pooling classifies better than no pooling, the head being global average pooling",
            "superiority",
            "base-gap",
            ("unpooled-gap",),
            refuted_by="A gain of pooling whose whole interval stays below the margin.",
        ),
    ),
    inside=(),
    budgets={
        "smoke": replace(smoke_budget(channels=3, epochs=1), seeds=1),
        "full": Budget(seeds=10, epochs=10),
    },
)
