"""Fashion-MNIST: an MLP against CNNs with kernels of 3, 5 and 7 pixels (reference project 004)."""

from convscope.specs import DataSpec, TrainSpec
from convscope.studies.architectures import cnn, mlp
from convscope.studies.decisions import block_decisions
from convscope.studies.study import Budget, Claim, Experiment, Reported, Study, Variant, smoke_budget

IMAGE = (1, 28, 28)

study = Study(
    id="fashion",
    title="Clothing: Fashion-MNIST",
    question="What do two convolutional layers add to a fully connected network on small grey images of clothing, "
    "and does the size of their kernels matter?",
    data=DataSpec("fashion-mnist", validation_images=10_000),
    training=TrainSpec(epochs=8, learning_rate=1e-3, batch_size=128, schedule="linear"),
    variants=(
        Variant("mlp", "MLP", mlp(IMAGE, hidden=[256, 128])),
        *(Variant(f"cnn{k}", f"CNN {k}×{k}", cnn(IMAGE, filters=[32, 64], kernel=k, dense=128)) for k in (3, 5, 7)),
    ),
    baseline="mlp",
    reference="cnn3",
    experiments=(
        Experiment(
            "kernel",
            "Kernel size",
            factor="kernel",
            variants=("cnn3", "cnn5", "cnn7"),
            question="Does a larger kernel, which sees more of the image at once, classify better?",
        ),
    ),
    decisions=block_decisions(filters="32, then 64", kernel="3×3 (5×5 and 7×7 compared)", dense=128),
    reported=(
        Reported("mlp", "parameters", "about 235 K", 234_500, 235_500),
        Reported("cnn3", "parameters", "about 420 K", 415_000, 425_000),
        Reported("cnn5", "parameters", "about 620 K", 615_000, 625_000),
        Reported("cnn7", "parameters", "about 930 K", 925_000, 935_000),
        Reported("mlp", "test_accuracy", "88–89 %", 0.875, 0.895),
        Reported("cnn3", "test_accuracy", "about 91 %", 0.905, 0.915),
        Reported("cnn5", "test_accuracy", "about 90.5 %", 0.9025, 0.9075),
        Reported("cnn7", "test_accuracy", "about 90 %", 0.895, 0.905),
    ),
    reported_order=("mlp", "cnn3", "cnn5", "cnn7"),
    claims=(
        Claim(
            "fashion-cnn3-beats-mlp",
            "On Fashion-MNIST the CNN with 3×3 kernels classifies better than the MLP",
            "superiority",
            variant="cnn3",
            others=("mlp",),
            refuted_by="A gain of the CNN whose whole interval stays below the margin.",
            source="004",
        ),
        Claim(
            "fashion-all-cnns-beat-mlp",
            "On Fashion-MNIST every CNN, of 3×3, 5×5 and 7×7 kernels, classifies better than the MLP",
            "superiority",
            variant=("cnn3", "cnn5", "cnn7"),
            others=("mlp",),
            refuted_by="One CNN whose gain over the MLP stays below the margin.",
            source="004",
        ),
        Claim(
            "fashion-3x3-best",
            "On Fashion-MNIST 3×3 is the best of the kernels 3×3, 5×5 and 7×7",
            "best of k",
            variant="cnn3",
            others=("cnn5", "cnn7"),
            refuted_by="A larger kernel that classifies better than 3×3 by at least the margin.",
            source="004",
        ),
        Claim(
            "fashion-larger-kernels-hurt",
            "On images of 28×28 pixels larger kernels hurt: 5×5 and 7×7 both classify worse than 3×3",
            "superiority",
            variant="cnn3",
            others=("cnn5", "cnn7"),
            refuted_by="A larger kernel that loses less than the margin.",
            source="004",
        ),
        Claim(
            "fashion-look-alikes-gain",
            "On Fashion-MNIST the CNN gains more on the look-alike classes Pullover, Coat and Shirt than on the others",
            "superiority",
            variant="cnn3",
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
            others=("cnn3",),
            measure="generalisation gap",
            refuted_by="A gap between training and test accuracy of the MLP that exceeds that of the CNN by less than "
            "the margin.",
            source="004",
        ),
    ),
    look_alikes=(2, 4, 6),  # Pullover, Coat, Shirt
    budgets={"smoke": smoke_budget(), "quick": Budget(seeds=3, epochs=2), "full": Budget(seeds=10, epochs=8)},
)
