"""CIFAR-10: what locality and weight sharing contribute on photographs, with and without the order of pixels."""

from dataclasses import replace

from convscope.specs import DataSpec, TrainSpec
from convscope.studies.bias import EXPERIMENTS, claims, variants
from convscope.studies.study import Budget, Study, Tuning, smoke_budget

study = Study(
    id="inductive_bias_cifar10",
    title="Taken apart: CIFAR-10",
    question="Do locality and weight sharing buy the same on photographs, where the object lies anywhere and before "
    "any ground?",
    data=DataSpec("cifar10", validation_images=5_000, train_images=10_000),
    training=TrainSpec(epochs=10, learning_rate=2e-3, batch_size=128, schedule="linear"),
    # The grid was grown at both ends: the wide MLP was best at 5e-4, the MLP and the convolution at 4e-3.
    tuning=Tuning(
        rates=(2.5e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3),
        chosen={
            "mlp": 4e-3,
            "mlp-wide": 5e-4,
            "conv": 4e-3,
            "local": 2e-3,
            "conv-permuted": 2e-3,
            "local-permuted": 2e-3,
        },
    ),
    variants=variants((3, 32, 32), wide=(544, 192)),
    baseline="mlp-wide",
    reference="conv",
    experiments=EXPERIMENTS,
    claims=claims("photographs", "CIFAR-10"),
    inside=(),
    equivariance=("conv", "local"),
    budgets={
        "smoke": replace(smoke_budget(channels=3, epochs=1), seeds=1),
        "quick": Budget(seeds=2, epochs=4, train_images=5_000, validation_images=1_000),
        "full": Budget(seeds=10, epochs=10),
    },
)
