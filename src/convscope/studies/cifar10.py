"""CIFAR-10: an MLP against CNNs whose first layer has kernels of 3 and 5 pixels (reference project 002)."""

from convscope.specs import Conv2d, DataSpec, Dense, Flatten, ModelSpec, Pool2d, TrainSpec
from convscope.studies.architectures import mlp
from convscope.studies.decisions import block_decisions
from convscope.studies.kernel_claims import beats_mlp, kernels_equal
from convscope.studies.study import Budget, Experiment, Study, Tuning, Variant, smoke_budget

IMAGE = (3, 32, 32)


def first_layer(kernel: int) -> ModelSpec:
    """Return the CNN with this kernel in its first layer and 3x3 in its second."""
    blocks = (Conv2d(32, kernel), Pool2d(), Conv2d(64, 3), Pool2d())
    return ModelSpec(IMAGE, (*blocks, Flatten(), Dense(128), Dense(10, "none")))


study = Study(
    id="cifar10",
    title="Photographs: CIFAR-10",
    question="What does convolution buy on colour photographs, where objects move, turn and hide, and does the first "
    "layer need more than 3×3 pixels?",
    data=DataSpec("cifar10", validation_images=5_000),
    training=TrainSpec(epochs=10, learning_rate=1e-3, batch_size=128, schedule="linear"),
    # At 0.008 the CNN with 5x5 kernels stays at chance.
    tuning=Tuning(rates=(5e-4, 1e-3, 2e-3, 4e-3, 8e-3), chosen={"mlp": 1e-3, "cnn3": 1e-3, "cnn5": 1e-3}),
    variants=(
        Variant("mlp", "MLP", mlp(IMAGE, hidden=[512])),
        Variant("cnn3", "CNN 3×3", first_layer(3)),
        Variant("cnn5", "CNN 5×5 first", first_layer(5)),
    ),
    baseline="mlp",
    reference="cnn3",
    experiments=(
        Experiment(
            "kernel",
            "Kernel size of the first layer",
            factor="kernel",
            variants=("cnn3", "cnn5"),
            question="Does a first layer that sees 5×5 pixels of a photograph classify better than one that sees 3×3?",
        ),
    ),
    decisions=block_decisions(first_layer(3), compared=[5], where=" in the first layer"),
    claims=(
        beats_mlp(
            "cifar10",
            "cnn3",
            "On CIFAR-10 the CNN with 3×3 kernels classifies better than the MLP",
            "002",
        ),
        kernels_equal(
            "cifar10",
            "On CIFAR-10 a first layer of 3×3 and one of 5×5 classify equally well",
        ),
    ),
    budgets={
        "smoke": smoke_budget(channels=3),
        "quick": Budget(seeds=3, epochs=2),
        "full": Budget(seeds=10, epochs=10),
    },
)
