"""One choice of a CNN at a time, on Fashion-MNIST.

The base is the network that `convscope.studies.inductive_bias` takes apart, with its data and settings, and so are its
runs. The size of the kernel has a study of its own, `convscope.studies.windows`.
"""

from dataclasses import replace

from convscope.specs import Conv2d, Dense, Flatten, ModelSpec
from convscope.studies import inductive_bias
from convscope.studies.one_choice import (
    DEPTH,
    DEPTH_TWIN,
    POOLING,
    POOLING_TWIN,
    REACH,
    REACH_PAIR,
    network,
    pooling_for_reach,
    shared,
)  # fmt: skip
from convscope.studies.study import Budget, Claim, Count, Experiment, Study, Tuning, Variant, smoke_budget

GREY = (1, 28, 28)


def _stacked(*kernels: int) -> ModelSpec:
    """Return convolutions of one channel on top of each other, to count what they see and weigh."""
    return ModelSpec(GREY, (*(Conv2d(1, kernel) for kernel in kernels), Flatten(), Dense(10, "none")))


study = Study(
    id="design",
    title="One choice at a time: Fashion-MNIST",
    question="Which choices in the design of a small CNN matter, each changed alone?",
    data=inductive_bias.study.data,
    training=inductive_bias.study.training,
    # The grid was grown at both ends. Three networks with global average pooling are best at its upper edge, where
    # most others break down.
    tuning=Tuning(
        rates=(1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2),
        chosen={
            "base": 4e-3,
            "depth1": 4e-3,
            "depth3": 8e-3,
            "average": 8e-3,
            "unpooled": 2e-3,
            "base-gap": 1.6e-2,
            "depth1-gap": 3.2e-2,
            "depth3-gap": 8e-3,
            "average-gap": 3.2e-2,
            "unpooled-gap": 1.6e-2,
            "dilated-gap": 3.2e-2,
            "filters32": 4e-3,
            "filters64": 2e-3,
            "stride2": 8e-3,
            "valid": 8e-3,
            "tanh": 4e-3,
            "sigmoid": 1.6e-2,
            "gelu": 4e-3,
            "filters32-gap": 8e-3,
            "stride2-gap": 1.6e-2,
            "valid-gap": 1.6e-2,
        },
    ),
    variants=(
        *shared(GREY),
        Variant("filters32", "32 filters first", network(GREY, filters=32)),
        Variant("filters64", "64 filters first", network(GREY, filters=64)),
        Variant("stride2", "Stride 2 first", network(GREY, stride=2)),
        Variant("valid", "No padding", network(GREY, padding="valid")),
        Variant("tanh", "tanh", network(GREY, activation="tanh")),
        Variant("sigmoid", "sigmoid", network(GREY, activation="sigmoid")),
        Variant("gelu", "GELU", network(GREY, activation="gelu")),
        Variant("filters32-gap", "32 filters first, GAP head", network(GREY, filters=32, head="global average")),
        Variant("stride2-gap", "Stride 2 first, GAP head", network(GREY, stride=2, head="global average")),
        Variant("valid-gap", "No padding, GAP head", network(GREY, padding="valid", head="global average")),
    ),
    baseline="base",
    reference="base",
    experiments=(
        Experiment(
            "filters", "Filters", "filters", ("base", "filters32", "filters64"), "How many features does the task need?"
        ),
        DEPTH,
        DEPTH_TWIN,
        Experiment(
            "filters-gap",
            "Filters, with global average pooling",
            "filters",
            ("base-gap", "filters32-gap"),
            "The same question with a head that is tied to the filters alone.",
        ),
        POOLING,
        POOLING_TWIN,
        REACH,
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
            "padding-gap",
            "Padding, with global average pooling",
            "padding",
            ("base-gap", "valid-gap"),
            "The same question with a head whose size the padding does not change.",
        ),
        Experiment(
            "activation",
            "Activation",
            "activation",
            ("base", "tanh", "sigmoid", "gelu"),
            "Does the non-linearity of the convolutions matter?",
        ),
        Experiment("head", "Head", "head", ("base", "base-gap"), "What is it worth to know where on the image?"),
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
            "On Fashion-MNIST a head that sees every position classifies better than one behind global average pooling",
            "superiority",
            "base",
            ("base-gap",),
            refuted_by="A gain of the dense head whose whole interval stays below the margin.",
        ),
        pooling_for_reach("design", "Fashion-MNIST"),
    ),
    inside=(),
    pairs=(REACH_PAIR,),
    budgets={
        "smoke": replace(smoke_budget(epochs=1), seeds=1),
        "quick": Budget(
            seeds=2, epochs=4, train_images=5_000, validation_images=1_000, experiments=("depth", "pooling")
        ),
        "full": Budget(seeds=10, epochs=10),
    },
)
