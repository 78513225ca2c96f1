"""Fashion-MNIST with 100 to 50,000 training images and equally many updates."""

from dataclasses import replace

from convscope.specs import DataSpec, TrainSpec
from convscope.studies.architectures import cnn, mlp
from convscope.studies.study import Budget, Claim, Experiment, Study, Tuning, Variant, smoke_budget

IMAGE = (1, 28, 28)
SIZES = (100, 300, 1_000, 3_000, 10_000, 50_000)

study = Study(
    id="sample_size",
    title="Few and many images: Fashion-MNIST",
    question="Is what convolution knows about images before training worth more where there are few examples to learn "
    "it from?",
    data=DataSpec("fashion-mnist", validation_images=10_000),
    # Equal numbers of updates, so that the number of images is all that differs: 1,500 are 1,500 passes over 100 images
    # and 3 over 50,000.
    training=TrainSpec(epochs=3, learning_rate=4e-3, batch_size=100, schedule="linear", updates=1_500),
    tuning=Tuning(
        rates=(5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2),  # grown at both ends
        chosen={
            "mlp-100": 1e-3,
            "mlp-300": 8e-3,
            "mlp-1000": 4e-3,
            "mlp-3000": 8e-3,
            "mlp-10000": 4e-3,
            "mlp-50000": 4e-3,
            "cnn-100": 4e-3,
            "cnn-300": 4e-3,
            "cnn-1000": 8e-3,
            "cnn-3000": 1e-3,
            "cnn-10000": 8e-3,
            "cnn-50000": 4e-3,
        },
    ),
    variants=(
        *(Variant(f"mlp-{n}", f"MLP, {n:,} images", mlp(IMAGE, hidden=[128]), train_images=n) for n in SIZES),
        *(
            Variant(f"cnn-{n}", f"CNN, {n:,} images", cnn(IMAGE, filters=[16, 32], kernel=3, dense=64), train_images=n)
            for n in SIZES
        ),
    ),
    baseline="mlp-10000",
    reference="cnn-10000",
    experiments=tuple(
        Experiment(
            f"images-{family}",
            f"Training images of the {family.upper()}",
            "training images",
            tuple(f"{family}-{n}" for n in reversed(SIZES)),
            f"How much does the {family.upper()} lose with fewer images and as many updates?",
        )
        for family in ("mlp", "cnn")
    ),
    claims=(
        *(
            Claim(
                f"size-{name}",
                f"With {n:,} training images of Fashion-MNIST the CNN classifies better than the MLP",
                "superiority",
                variant=f"cnn-{n}",
                others=(f"mlp-{n}",),
                refuted_by="A difference whose whole interval stays below the margin.",
            )
            for name, n in (("small", 1_000), ("large", 50_000))
        ),
        Claim(
            "size-trend",
            "On Fashion-MNIST the CNN gains more over the MLP with 50,000 training images than with 1,000",
            "superiority",
            variant="cnn-50000",
            others=("mlp-50000",),
            contrast=("cnn-1000", "mlp-1000"),
            refuted_by="A difference between the two gains whose whole interval stays below the margin.",
            declared="after",
        ),
    ),
    inside=(),
    pairs=tuple((f"cnn-{n}", f"mlp-{n}") for n in SIZES),
    budgets={
        "smoke": replace(smoke_budget(epochs=1), seeds=1, updates=30),
        "quick": Budget(seeds=2, epochs=2, validation_images=2_000, updates=300),
        "full": Budget(seeds=10, epochs=3),
    },
)
