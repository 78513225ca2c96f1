"""MNIST: an MLP against CNNs with kernels of 3, 5 and 7 pixels (reference project 000 has 3 and 5)."""

from convscope.specs import DataSpec, TrainSpec
from convscope.studies.architectures import cnn, mlp
from convscope.studies.decisions import block_decisions
from convscope.studies.kernel_claims import (
    beats_mlp,
    kernels_equal,
    larger_hurt,
    no_gain_for_cost,
    smallest_is_best,
)
from convscope.studies.study import Budget, Claim, Count, Experiment, Study, Tuning, Variant, smoke_budget
from convscope.studies.wording import squares

IMAGE = (1, 28, 28)
CNN = {k: f"cnn{k}" for k in (3, 5, 7)}  # ids
CNN3, CNN5, CNN7 = (cnn(IMAGE, filters=[16, 32], kernel=k, dense=128) for k in CNN)

study = Study(
    id="mnist",
    title="Digits: MNIST",
    question="Does convolution help where a fully connected network already reads nearly every digit, and does a "
    "larger kernel read more than a 3×3 kernel?",
    data=DataSpec("mnist", validation_images=10_000),
    training=TrainSpec(epochs=10, learning_rate=2e-3, batch_size=128, schedule="linear"),
    # At 0.016 one of two tuning runs of each CNN stays at chance.
    tuning=Tuning(
        rates=(1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2),
        chosen={"mlp": 4e-3, "cnn3": 8e-3, "cnn5": 2e-3, "cnn7": 4e-3},
    ),
    variants=(
        Variant("mlp", "MLP", mlp(IMAGE, hidden=[128])),
        Variant("cnn3", "CNN 3×3", CNN3),
        Variant("cnn5", "CNN 5×5", CNN5),
        Variant("cnn7", "CNN 7×7", CNN7),
    ),
    baseline="mlp",
    reference="cnn3",
    experiments=(
        Experiment(
            "kernel",
            "Kernel size",
            factor="kernel",
            variants=tuple(CNN.values()),
            question="Does a larger kernel, which covers a whole stroke, classify better than a 3×3 kernel?",
        ),
    ),
    decisions=block_decisions(CNN3, compared=[5, 7]),
    claims=(
        beats_mlp(
            "mnist",
            "cnn3",
            "On MNIST the CNN with 3×3 kernels classifies better than the MLP",
            "000",
        ),
        kernels_equal(
            "mnist",
            "On MNIST 3×3 and 5×5 kernels classify equally well",
        ),
        Claim(
            "mnist-cost-rises",
            "Parameters and cost rise with the kernel, though no faster than its square",
            "arithmetic",
            counts=(
                Count("parameters, CNN 5×5 over CNN 3×3", "parameters", CNN5, (1.001, 25 / 9), over=CNN3),
                Count(
                    "multiply-accumulates, CNN 5×5 over CNN 3×3",
                    "multiply-accumulates",
                    CNN5,
                    (1.001, 25 / 9),
                    over=CNN3,
                ),
            ),
            refuted_by="Counts that stay equal, or that rise by more than 25/9.",
            source="000",
        ),
        # The rest was declared when the results of 5×5 were known and 7×7 was not trained yet.
        smallest_is_best(
            "mnist",
            CNN,
            f"On MNIST 3×3 is the best of the kernels {squares(CNN)}, each at its own learning rate",
            declared="after",
        ),
        larger_hurt(
            "mnist",
            CNN,
            f"On MNIST larger kernels hurt: {squares((5, 7))} both classify worse than 3×3",
            declared="after",
        ),
        no_gain_for_cost(
            "mnist",
            CNN,
            "On MNIST larger kernels cost more and bring nothing: "
            f"{squares((5, 7))} classify as well as 3×3, no better and no worse",
            declared="after",
        ),
    ),
    margin=0.002,
    budgets={"smoke": smoke_budget(), "quick": Budget(seeds=3, epochs=2), "full": Budget(seeds=10, epochs=10)},
)
