"""Fashion-MNIST: what locality and weight sharing contribute, each by itself, with and without the order of pixels."""

from dataclasses import replace

from convscope.specs import DataSpec, TrainSpec
from convscope.studies.bias import EXPERIMENTS, claims, variants
from convscope.studies.study import Budget, Study, Tuning, smoke_budget

study = Study(
    id="inductive_bias",
    title="Taken apart: Fashion-MNIST",
    question="Does a convolution win because it looks at neighbours, because it uses the same weights everywhere, or "
    "because of its size? And what is left of its gain when the pixels of all images are shuffled alike?",
    # 10,000 images for all, since networks without weight sharing train at a quarter of the speed.
    data=DataSpec("fashion-mnist", validation_images=5_000, train_images=10_000),
    training=TrainSpec(epochs=10, learning_rate=4e-3, batch_size=128, schedule="linear"),
    # At 8e-3 the convolution is at 0.8941 of the validation images, at 4e-3 at 0.8945; the grid was grown once, since
    # three networks were best at 8e-3, its edge then.
    tuning=Tuning(
        rates=(1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2),
        chosen={
            "mlp": 8e-3,
            "mlp-wide": 2e-3,
            "conv": 4e-3,
            "local": 8e-3,
            "conv-permuted": 4e-3,
            "local-permuted": 8e-3,
        },
    ),
    variants=variants((1, 28, 28), wide=(1152, 192)),
    baseline="mlp-wide",
    reference="conv",
    experiments=EXPERIMENTS,
    claims=claims("bias", "Fashion-MNIST", clean_pair=False),
    inside=(),
    equivariance=("conv", "local"),
    budgets={
        "smoke": replace(smoke_budget(epochs=1), seeds=1),
        "quick": Budget(seeds=2, epochs=4, train_images=5_000, validation_images=1_000),
        "full": Budget(seeds=10, epochs=10),
    },
)
