"""MNIST with a network written from scratch in NumPy (reference project 001)."""

from convscope.specs import DataSpec, TrainSpec
from convscope.studies.architectures import cnn, mlp
from convscope.studies.decisions import block_decisions
from convscope.studies.study import Budget, Claim, Count, Experiment, Reported, Study, Variant, smoke_budget

IMAGE = (1, 28, 28)
MLP = mlp(IMAGE, hidden=[128, 64])
CNN = {kernel: cnn(IMAGE, filters=[16, 32], kernel=kernel, dense=128) for kernel in (3, 5, 7)}
SQUARE = 49 / 9  # of 7 over that of 3

study = Study(
    id="mnist_numpy",
    title="From scratch: MNIST in NumPy",
    question="Does a convolutional network whose every gradient is written by hand, in NumPy alone, show the same "
    "gain over a fully connected one, for kernels of three sizes?",
    data=DataSpec("mnist", validation_images=6_000, normalisation="unit"),
    training=TrainSpec(epochs=5, learning_rate=3e-3, batch_size=128, schedule="linear", engine="numpy"),
    variants=(
        Variant("mlp", "MLP", MLP),
        *(Variant(f"cnn{kernel}", f"CNN {kernel}×{kernel}", model) for kernel, model in CNN.items()),
    ),
    baseline="mlp",
    reference="cnn3",
    experiments=(
        Experiment(
            "kernel",
            "Kernel size",
            factor="kernel",
            variants=("cnn3", "cnn5", "cnn7"),
            question="Does a larger kernel read digits better, and what does it cost in a plain implementation?",
        ),
    ),
    decisions=block_decisions(filters="16, then 32", kernel="3×3 (5×5 and 7×7 compared)", dense=128),
    reported=(
        Reported("mlp", "parameters", "about 109 K", 108_500, 109_500),
        Reported("cnn3", "parameters", "about 210 K", 205_000, 215_000),
        Reported("cnn5", "parameters", "about 690 K", 685_000, 695_000),
        Reported("cnn7", "parameters", "about 1.5 M", 1_450_000, 1_550_000),
        # "similar parameter counts": within a fifth of each other
        Reported("cnn3", "parameters over baseline", "similar", 0.8, 1.25),
        Reported("mlp", "test_accuracy", "92–94 %", 0.915, 0.945),
        Reported("cnn3", "test_accuracy", "96–98 %", 0.955, 0.985),
        Reported("cnn5", "test_accuracy", "96–98 %", 0.955, 0.985),
        Reported("cnn7", "test_accuracy", "96–98 %", 0.955, 0.985),
    ),
    claims=(
        Claim(
            "mnist_numpy-cnn3-beats-mlp",
            "On MNIST the CNN written in NumPy classifies better than the MLP written in NumPy",
            "superiority",
            variant="cnn3",
            others=("mlp",),
            refuted_by="A gain of the CNN whose whole interval stays below the margin.",
            source="001",
        ),
        Claim(
            "mnist_numpy-3x3-best",
            "On MNIST 3×3 is the best of the kernels 3×3, 5×5 and 7×7",
            "best of k",
            variant="cnn3",
            others=("cnn5", "cnn7"),
            refuted_by="A larger kernel that classifies better than 3×3 by at least the margin.",
            source="001",
        ),
        Claim(
            "mnist_numpy-larger-overfit",
            "On MNIST 5×5 and 7×7 kernels overfit more than 3×3",
            "superiority",
            variant=("cnn5", "cnn7"),
            others=("cnn3",),
            measure="generalisation gap",
            refuted_by="A larger kernel whose gap between training and test accuracy exceeds that of 3×3 by less "
            "than the margin.",
            source="001",
        ),
        Claim(
            "mnist_numpy-3x3-overfits-little",
            "On MNIST the CNN with 3×3 kernels overfits little: training and test accuracy differ by less than a point",
            "equivalence",
            variant="cnn3",
            measure="generalisation gap",
            margin=0.01,
            refuted_by="A gap between training and test accuracy of more than a point.",
            source="001",
        ),
        Claim(
            "mnist_numpy-similar-parameters",
            "The baseline and the CNN have similar parameter counts: within a fifth of each other",
            "arithmetic",
            counts=(Count("parameters, CNN 3×3 over MLP", "parameters", CNN[3], (0.8, 1.25), over=MLP),),
            refuted_by="A ratio outside of 0.8 to 1.25.",
            source="001",
        ),
        Claim(
            "mnist_numpy-quadratic-network",
            "The parameter count of the CNN grows as the square of the kernel size, within a tenth",
            "arithmetic",
            counts=(
                Count(
                    "parameters, CNN 7×7 over CNN 3×3", "parameters", CNN[7], (0.9 * SQUARE, 1.1 * SQUARE), over=CNN[3]
                ),
            ),
            refuted_by="A ratio further than a tenth from 49/9: most parameters may lie elsewhere than in the kernels.",
            source="001",
        ),
        Claim(
            "mnist_numpy-quadratic-kernels",
            "The number of kernel weights grows as the square of the kernel size",
            "arithmetic",
            counts=(Count("kernel weights, CNN 7×7 over CNN 3×3", "kernel weights", CNN[7], SQUARE, over=CNN[3]),),
            refuted_by="Any other ratio than 49/9.",
            source="001",
        ),
    ),
    margin=0.002,
    budgets={"smoke": smoke_budget(), "quick": Budget(seeds=3, epochs=1), "full": Budget(seeds=10, epochs=5)},
)
