"""Fashion-MNIST: an MLP against CNNs with kernels of 3, 5 and 7 pixels (reference project 004)."""

from convscope.specs import DataSpec, Glyphs, TrainSpec
from convscope.studies.architectures import cnn, mlp
from convscope.studies.study import Budget, Claim, Decision, Experiment, Reported, Study, Variant

IMAGE = (1, 28, 28)

study = Study(
    id="fashion",
    title="Clothing: Fashion-MNIST",
    question="What do two convolutional layers add to a fully connected network on small grey images of clothing, "
    "and does the size of their kernels matter?",
    data=DataSpec("fashion-mnist", validation_images=10_000),
    training=TrainSpec(epochs=12, learning_rate=1e-3, batch_size=128, schedule="linear"),
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
    decisions=(
        Decision(
            "Layers",
            "two convolutional blocks",
            "Two blocks with pooling leave a 7×7 map, and one value of it depends on 10×10 input pixels with 3×3 "
            "kernels: enough for collars, sleeves and soles, which tell these classes apart. A third block would leave "
            "3×3.",
        ),
        Decision(
            "Kernel size",
            "3×3 (5×5 and 7×7 compared)",
            "The smallest kernel with a centre. Two of them cover 5×5 with 18 weights a channel pair instead of 25.",
            experiment="kernel",
        ),
        Decision(
            "Filters",
            "32, then 64",
            "Pooling quarters the positions, doubling the filters gives part of that room back to features: early "
            "layers need few edge detectors, later ones combine them.",
        ),
        Decision(
            "Stride",
            "1",
            "Every position is looked at; the size is reduced by pooling alone, so that one layer has one task.",
        ),
        Decision(
            "Padding",
            "same",
            "The articles fill the image, so that borders carry signal. Zero padding lets the kernel centre on every "
            "pixel and keeps 28 and 14 divisible by two.",
        ),
        Decision(
            "Activation",
            "ReLU",
            "Its gradient does not vanish for positive inputs, and it is the cheapest non-linearity. It is monotone, "
            "so max pooling may be computed before it with the same result.",
        ),
        Decision(
            "Pooling",
            "max, 2×2",
            "Keeps the strongest response of a neighbourhood: a feature may move by a pixel without changing the "
            "output much, and later layers cost a quarter.",
        ),
        Decision(
            "Head",
            "flatten, dense 128, dense 10",
            "Classes differ by where features lie (a sleeve left and right of a torso), so that the head sees "
            "positions. Most of the weights are here.",
        ),
    ),
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
    claims=(
        Claim(
            "fashion-cnn3-beats-mlp",
            "On Fashion-MNIST the CNN with 3×3 kernels classifies better than the MLP",
            "superiority",
            variant="cnn3",
            others=("mlp",),
        ),
        Claim(
            "fashion-3x3-best",
            "On Fashion-MNIST 3×3 is the best of the kernels 3×3, 5×5 and 7×7",
            "best of k",
            variant="cnn3",
            others=("cnn5", "cnn7"),
        ),
    ),
    budgets={
        "smoke": Budget(
            seeds=2, epochs=4, dataset=Glyphs(size=28, channels=1), train_images=1600, validation_images=400
        ),
        "quick": Budget(seeds=3, epochs=2),
        "full": Budget(seeds=10, epochs=12),
    },
)
