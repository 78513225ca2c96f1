"""One choice of a CNN at a time, on CIFAR-10: kernel, depth and pooling.

The base is the network that `convscope.studies.inductive_bias_cifar10` takes apart, with its data and settings, and so
are its runs.
"""

from dataclasses import replace

from convscope.studies import inductive_bias_cifar10
from convscope.studies.kernel_claims import larger_hurt, no_gain_for_cost, smallest_is_best
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
from convscope.studies.study import Budget, Claim, Experiment, Study, Tuning, Variant, smoke_budget
from convscope.studies.wording import squares

RGB = (3, 32, 32)
KERNELS = {3: "base", 5: "kernel5", 7: "kernel7"}  # ids

study = Study(
    id="design_cifar10",
    title="One choice at a time: CIFAR-10",
    question="Do kernel size, depth and pooling matter more on photographs than on clothing?",
    data=inductive_bias_cifar10.study.data,
    training=inductive_bias_cifar10.study.training,
    tuning=Tuning(
        rates=(5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2),  # grown at both ends
        chosen={
            "base": 4e-3,
            "kernel5": 2e-3,
            "kernel7": 2e-3,
            "depth1": 4e-3,
            "depth3": 4e-3,
            "average": 4e-3,
            "unpooled": 1e-3,
            "base-gap": 1.6e-2,
            "depth1-gap": 1.6e-2,
            "depth3-gap": 8e-3,
            "average-gap": 1.6e-2,
            "unpooled-gap": 1.6e-2,
            "dilated-gap": 1.6e-2,
        },
    ),
    variants=(
        *shared(RGB),
        Variant("kernel5", "Kernel 5×5", network(RGB, kernel=5)),
        Variant("kernel7", "Kernel 7×7", network(RGB, kernel=7)),
    ),
    baseline="base",
    reference="base",
    experiments=(
        Experiment(
            "kernel",
            "Kernel size",
            "kernel",
            tuple(KERNELS.values()),
            "How much of the image should one weight set see?",
        ),
        DEPTH,
        DEPTH_TWIN,
        POOLING,
        POOLING_TWIN,
        REACH,
    ),
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
        pooling_for_reach("design_cifar10", "CIFAR-10"),
        smallest_is_best(
            "design_cifar10",
            KERNELS,
            f"On CIFAR-10 3×3 is the best of the kernels {squares(KERNELS)}, each at its own learning rate",
            declared="after",
        ),
        larger_hurt(
            "design_cifar10",
            KERNELS,
            f"On CIFAR-10 larger kernels hurt: {squares((5, 7))} both classify worse than 3×3",
            declared="after",
        ),
        no_gain_for_cost(
            "design_cifar10",
            KERNELS,
            "On CIFAR-10 larger kernels cost more and bring nothing: "
            f"{squares((5, 7))} classify as well as 3×3, no better and no worse",
            declared="after",
        ),
    ),
    inside=(),
    pairs=(REACH_PAIR,),
    budgets={
        "smoke": replace(smoke_budget(channels=3, epochs=1), seeds=1),
        "full": Budget(seeds=10, epochs=10),
    },
)
