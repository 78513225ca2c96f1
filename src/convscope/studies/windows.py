"""Fashion-MNIST: which size of window a convolution needs, each size at its own best learning rate.

The networks are those of `convscope.studies.inductive_bias`, with its data, settings and grid of rates: windows of 3x3
are the runs of that study.
"""

from dataclasses import replace

from convscope.specs import Conv2d, ModelSpec
from convscope.studies import inductive_bias
from convscope.studies.study import Budget, Claim, Experiment, Study, Variant, smoke_budget
from convscope.studies.wording import square, squares

KERNELS = (1, 5, 7)  # pixels a side, beside 3
TUNED = inductive_bias.study.tuning
assert TUNED is not None


def network(kernel: int) -> ModelSpec:
    """Return the convolutional network of inductive_bias with other windows in both layers."""
    natural = inductive_bias.study.variant("conv").model
    layers = (replace(layer, kernel=kernel) if isinstance(layer, Conv2d) else layer for layer in natural.layers)
    return replace(natural, layers=tuple(layers))


def _shared(name: str, title: str) -> Variant:
    return replace(inductive_bias.study.variant(name), title=title)


study = Study(
    id="windows",
    title="Size of the window: Fashion-MNIST",
    question="From which size of its window on is a convolution worth something, and is there one that is best?",
    data=inductive_bias.study.data,
    training=inductive_bias.study.training,
    tuning=replace(
        TUNED,
        chosen={
            "mlp-wide": TUNED.chosen["mlp-wide"],
            "conv": TUNED.chosen["conv"],
            "cnn1": 8e-3,
            "cnn5": 4e-3,
            "cnn7": 4e-3,
        },
    ),
    variants=(
        _shared("mlp-wide", "Wide MLP"),
        Variant("cnn1", "CNN 1×1", network(1)),
        _shared("conv", "CNN 3×3"),
        *(Variant(f"cnn{k}", f"CNN {square(k)}", network(k)) for k in (5, 7)),
    ),
    baseline="mlp-wide",
    reference="conv",
    experiments=(
        Experiment(
            "kernel",
            "Size of the window",
            "kernel",
            ("conv", "cnn1", "cnn5", "cnn7"),
            "A window of one pixel sees no neighbours. How many must it see, each size at its own best rate?",
        ),
    ),
    claims=(
        Claim(
            "windows-one-pixel",
            "On Fashion-MNIST windows of 3×3 classify better than windows of one pixel",
            "superiority",
            variant="conv",
            others=("cnn1",),
            refuted_by="A difference whose whole interval stays below the margin.",
        ),
        Claim(
            "windows-3x3-best",
            f"On Fashion-MNIST 3×3 is the best of the windows {squares((1, 3, 5, 7))}, each at its own learning rate",
            "best of k",
            variant="conv",
            others=("cnn1", "cnn5", "cnn7"),
            refuted_by="Another window that classifies better than 3×3 by at least the margin.",
        ),
        Claim(
            "windows-no-difference",
            f"On Fashion-MNIST windows of {squares((5, 7))} classify as well as 3×3, each at its own learning rate",
            "equivalence",
            variant=("cnn5", "cnn7"),
            others=("conv",),
            refuted_by="A window whose whole interval is beyond the margin, either way.",
        ),
    ),
    inside=(),
    budgets={
        "smoke": replace(smoke_budget(epochs=1), seeds=1),
        "quick": Budget(seeds=2, epochs=4, train_images=5_000, validation_images=1_000),
        "full": Budget(seeds=10, epochs=10),
    },
)
