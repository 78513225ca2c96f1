"""MNIST with a network written from scratch in NumPy (reference project 001)."""

from convscope.specs import DataSpec, TrainSpec
from convscope.studies.architectures import cnn, mlp
from convscope.studies.decisions import block_decisions
from convscope.studies.kernel_claims import beats_mlp, smallest_is_best
from convscope.studies.study import Budget, Claim, Count, Experiment, Reported, Study, Variant, smoke_budget
from convscope.studies.wording import square, squares

IMAGE = (1, 28, 28)
KERNELS = (3, 5, 7)  # pixels a side; the smallest is the reference
MLP = mlp(IMAGE, hidden=[128, 64])
CNN = {k: f"cnn{k}" for k in sorted(KERNELS)}  # ids
SMALLEST, *LARGER = CNN
NETWORK = {k: cnn(IMAGE, filters=[16, 32], kernel=k, dense=128) for k in CNN}
LARGEST = max(KERNELS)
GROWTH = LARGEST**2 / SMALLEST**2  # of a kernel's weights, from the smallest to the largest
BETWEEN = f"CNN {square(LARGEST)} over CNN {square(SMALLEST)}"
REPORTED = (
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
)

study = Study(
    id="mnist_numpy",
    title="From scratch: MNIST in NumPy",
    question="Does a convolutional network whose every gradient is written by hand, in NumPy alone, show the same "
    "gain over a fully connected one, for kernels of three sizes?",
    data=DataSpec("mnist", validation_images=6_000, normalisation="unit"),
    training=TrainSpec(epochs=5, learning_rate=3e-3, batch_size=128, schedule="linear", engine="numpy"),
    variants=(
        Variant("mlp", "MLP", MLP),
        *(Variant(name, f"CNN {square(k)}", NETWORK[k]) for k, name in CNN.items()),
    ),
    baseline="mlp",
    reference=CNN[SMALLEST],
    experiments=(
        Experiment(
            "kernel",
            "Kernel size",
            factor="kernel",
            variants=tuple(CNN.values()),
            question="Does a larger kernel read digits better, and what does it cost in a plain implementation?",
        ),
    ),
    decisions=block_decisions(NETWORK[SMALLEST], compared=LARGER),
    reported=tuple(reported for reported in REPORTED if reported.variant in {"mlp", *CNN.values()}),
    claims=(
        beats_mlp(
            "mnist_numpy",
            CNN[SMALLEST],
            "On MNIST the CNN written in NumPy classifies better than the MLP written in NumPy",
            "001",
        ),
        smallest_is_best(
            "mnist_numpy",
            CNN,
            f"On MNIST {square(SMALLEST)} is the best of the kernels {squares(CNN)}",
            "001",
        ),
        Claim(
            "mnist_numpy-larger-overfit",
            f"On MNIST {squares(LARGER)} kernels overfit more than {square(SMALLEST)}",
            "superiority",
            variant=tuple(CNN[k] for k in LARGER),
            others=(CNN[SMALLEST],),
            measure="generalisation gap",
            refuted_by=f"A larger kernel whose gap between training and test accuracy exceeds that of "
            f"{square(SMALLEST)} by less than the margin.",
            source="001",
        ),
        Claim(
            f"mnist_numpy-{SMALLEST}x{SMALLEST}-overfits-little",
            f"On MNIST the CNN with {square(SMALLEST)} kernels overfits little: training and test accuracy "
            "differ by less than a point",
            "equivalence",
            variant=CNN[SMALLEST],
            measure="generalisation gap",
            margin=0.01,
            refuted_by="A gap between training and test accuracy of more than a point.",
            source="001",
        ),
        Claim(
            "mnist_numpy-similar-parameters",
            "The baseline and the CNN have similar parameter counts: within a fifth of each other",
            "arithmetic",
            counts=(
                Count(
                    f"parameters, CNN {square(SMALLEST)} over MLP",
                    "parameters",
                    NETWORK[SMALLEST],
                    (0.8, 1.25),
                    over=MLP,
                ),
            ),
            refuted_by="A ratio outside of 0.8 to 1.25.",
            source="001",
        ),
        Claim(
            "mnist_numpy-quadratic-network",
            "The parameter count of the CNN grows as the square of the kernel size, within a tenth",
            "arithmetic",
            counts=(
                Count(
                    f"parameters, {BETWEEN}",
                    "parameters",
                    NETWORK[LARGEST],
                    (0.9 * GROWTH, 1.1 * GROWTH),
                    over=NETWORK[SMALLEST],
                ),
            ),
            refuted_by=f"A ratio further than a tenth from {LARGEST**2}/{SMALLEST**2}: most parameters may lie "
            "elsewhere than in the kernels.",
            source="001",
        ),
        Claim(
            "mnist_numpy-quadratic-kernels",
            "The number of kernel weights grows as the square of the kernel size",
            "arithmetic",
            counts=(
                Count(f"kernel weights, {BETWEEN}", "kernel weights", NETWORK[LARGEST], GROWTH, over=NETWORK[SMALLEST]),
            ),
            refuted_by=f"Any other ratio than {LARGEST**2}/{SMALLEST**2}.",
            source="001",
        ),
    ),
    margin=0.002,
    budgets={"smoke": smoke_budget(), "quick": Budget(seeds=3, epochs=1), "full": Budget(seeds=10, epochs=5)},
)
