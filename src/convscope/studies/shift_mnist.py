"""MNIST on a larger canvas, trained centred and tested moved: `convscope.studies.shift` on real digits."""

from dataclasses import replace

from convscope.specs import DataSpec
from convscope.studies import shift
from convscope.studies.study import Budget, Study, Tuning, smoke_budget

study = Study(
    id="shift_mnist",
    title="Moved: MNIST",
    question="Does MNIST, moved within a margin, lose as much as generated digits do, and are convolution, pooling and "
    "head worth the same?",
    # 8 pixels of margin at each side; as many training images as the generated digits have.
    data=DataSpec("mnist", validation_images=5_000, train_images=5_000, canvas=shift.IMAGE[1]),
    training=shift.study.training,
    tuning=Tuning(
        # grown at both ends; at 1.6e-2 three of the four stay at chance or near it
        rates=(5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2),
        chosen={"mlp": 4e-3, "cnn": 4e-3, "unpooled": 1e-3, "gap": 8e-3},
    ),
    variants=shift.study.variants,
    baseline=shift.study.baseline,
    reference=shift.study.reference,
    experiments=shift.study.experiments,
    # The same claims; those that generated digits led to, after their results, are declared here before the results.
    claims=tuple(
        replace(
            claim,
            id=claim.id.replace("shift-", "moved-"),
            statement=f"On MNIST: {claim.statement[0].lower()}{claim.statement[1:]}",
            declared="before",
        )
        for claim in shift.study.claims
    ),
    margin=shift.study.margin,
    inside=(),
    shift=shift.study.shift,
    budgets={
        "smoke": replace(
            smoke_budget(epochs=1), seeds=1, dataset=shift.study.budget("smoke").dataset, train_images=800,
            validation_images=200,
        ),
        "quick": Budget(seeds=2, epochs=5, train_images=2_500, validation_images=500),
        "full": Budget(seeds=10, epochs=12),
    },
)  # fmt: skip
