"""Fashion-MNIST: an MLP against CNNs with kernels of three sizes (reference project 004)."""

from convscope.specs import DataSpec, TrainSpec
from convscope.studies.architectures import cnn, mlp
from convscope.studies.decisions import block_decisions
from convscope.studies.kernel_claims import (
    all_beat_mlp,
    all_overfit_less,
    beats_mlp,
    larger_hurt,
    no_gain_for_cost,
    smallest_is_best,
)
from convscope.studies.study import Budget, Claim, Experiment, Reported, Study, Variant, smoke_budget
from convscope.studies.tuning import Tuning
from convscope.studies.wording import by_number, square, squares

IMAGE = (1, 28, 28)
KERNELS = (3, 5, 7)  # pixels a side; the smallest is the reference
CNN = {k: f"cnn{k}" for k in sorted(KERNELS)}  # ids
SMALLEST, *LARGER = CNN
NETWORK = {k: cnn(IMAGE, filters=[32, 64], kernel=k, dense=128) for k in CNN}
REPORTED = (
    Reported("mlp", "parameters", "about 235 K", 234_500, 235_500),
    Reported("cnn3", "parameters", "about 420 K", 415_000, 425_000),
    Reported("cnn5", "parameters", "about 620 K", 615_000, 625_000),
    Reported("cnn7", "parameters", "about 930 K", 925_000, 935_000),
    Reported("mlp", "test_accuracy", "88–89 %", 0.875, 0.895),
    Reported("cnn3", "test_accuracy", "about 91 %", 0.905, 0.915),
    Reported("cnn5", "test_accuracy", "about 90.5 %", 0.9025, 0.9075),
    Reported("cnn7", "test_accuracy", "about 90 %", 0.895, 0.905),
)
# By `make tune`. A kernel that is not here trains at the study's rate, until it is tuned too.
CHOSEN = {"mlp": 2e-3, "cnn3": 2e-3, "cnn5": 2e-3, "cnn7": 1e-3}

study = Study(
    id="fashion",
    title="Clothing: Fashion-MNIST",
    question="What do two convolutional layers add to a fully connected network on small grey images of clothing, "
    "and does the size of their kernels matter?",
    data=DataSpec("fashion-mnist", validation_images=10_000),
    training=TrainSpec(epochs=8, learning_rate=1e-3, batch_size=128, schedule="linear"),
    tuning=Tuning(
        rates=(5e-4, 1e-3, 2e-3, 4e-3),
        chosen={name: rate for name, rate in CHOSEN.items() if name in {"mlp", *CNN.values()}},
    ),
    variants=(
        Variant("mlp", "MLP", mlp(IMAGE, hidden=[256, 128])),
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
            question="Does a larger kernel, which sees more of the image at once, classify better?",
        ),
    ),
    decisions=block_decisions(NETWORK[SMALLEST], compared=LARGER),
    reported=tuple(reported for reported in REPORTED if reported.variant in {"mlp", *CNN.values()}),
    reported_order=("mlp", *(CNN[k] for k in (3, 5, 7) if k in CNN)),
    claims=(
        beats_mlp(
            "fashion",
            CNN[SMALLEST],
            f"On Fashion-MNIST the CNN with {square(SMALLEST)} kernels classifies better than the MLP",
            "004",
        ),
        all_beat_mlp(
            "fashion",
            CNN,
            f"On Fashion-MNIST every CNN, of {squares(CNN)} kernels, classifies better than the MLP",
            "004",
        ),
        smallest_is_best(
            "fashion",
            CNN,
            f"On Fashion-MNIST {square(SMALLEST)} is the best of the kernels {squares(CNN)}",
            "004",
        ),
        larger_hurt(
            "fashion",
            CNN,
            "On images of 28×28 pixels larger kernels hurt: "
            f"{squares(LARGER)} {by_number(LARGER, 'classifies', 'both classify', 'all classify')} worse "
            f"than {square(SMALLEST)}",
            "004",
        ),
        no_gain_for_cost(
            "fashion",
            CNN,
            "On Fashion-MNIST larger kernels cost more and bring nothing: "
            f"{squares(LARGER)} {by_number(LARGER, 'classifies', 'classify', 'classify')} as well as "
            f"{square(SMALLEST)}, no better and no worse",
            declared="after",
        ),
        Claim(
            "fashion-look-alikes-gain",
            "On Fashion-MNIST the CNN gains more on the look-alike classes Pullover, Coat and Shirt than on the others",
            "superiority",
            variant=CNN[SMALLEST],
            others=("mlp",),
            measure="class gain",
            refuted_by="A gain on the three classes that exceeds that on the other seven by less than the margin.",
            source="004",
        ),
        Claim(
            "fashion-cnn-overfits-less",
            "On Fashion-MNIST the CNN overfits less than the MLP",
            "superiority",
            variant="mlp",
            others=(CNN[SMALLEST],),
            measure="generalisation gap",
            refuted_by="A gap between training and test accuracy of the MLP that exceeds that of the CNN by less than "
            "the margin.",
            source="004",
        ),
        Claim(
            "fashion-look-alikes-share",
            "On Fashion-MNIST the CNN removes a larger share of the MLP's errors on the look-alike classes Pullover, "
            "Coat and Shirt than on the others",
            "superiority",
            variant=CNN[SMALLEST],
            others=("mlp",),
            measure="class gain in errors removed",
            margin=0.05,
            refuted_by="A share of errors removed on the three classes that exceeds that on the other seven by less "
            "than the margin.",
            declared="after",
        ),
        all_overfit_less(
            "fashion",
            CNN,
            f"On Fashion-MNIST every CNN, of {squares(CNN)} kernels, overfits less than the MLP",
        ),
    ),
    look_alikes=(2, 4, 6),  # Pullover, Coat, Shirt
    budgets={"smoke": smoke_budget(), "quick": Budget(seeds=3, epochs=2), "full": Budget(seeds=10, epochs=8)},
)
