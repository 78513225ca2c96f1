"""Fashion-MNIST: what an MLP gains from more passes, depth, dropout and augmentation; none of it goes to the CNN.

MLP and CNN are runs of `convscope.studies.fashion`.
"""

from dataclasses import replace

from convscope.specs import Dense, Dropout, Flatten, ModelSpec
from convscope.studies import fashion
from convscope.studies.architectures import mlp
from convscope.studies.fashion import CNN, IMAGE, SMALLEST
from convscope.studies.study import Budget, Claim, Study, Tuning, Variant, smoke_budget
from convscope.studies.wording import square

LONGER = 4  # times as many passes, so that the opponents have ended learning
DROPPED = 0.3  # of the hidden units
OPPONENTS = ("mlp", "mlp-longer", "mlp-deep", "mlp-dropout", "mlp-augmented")
PLAIN = fashion.study.variant("mlp").model
WIDE = ModelSpec(
    IMAGE, (Flatten(), Dense(512), Dropout(DROPPED), Dense(256), Dropout(DROPPED), Dense(10, "none"))
)  # more parameters than the CNN has
# By `make tune`; those of the MLP and the CNN are those of `fashion`.
CHOSEN = {"mlp-longer": 2e-3, "mlp-deep": 1e-3, "mlp-dropout": 1e-3, "mlp-augmented": 1e-3}
SHARED = {name: fashion.CHOSEN[name] for name in ("mlp", CNN[SMALLEST]) if name in fashion.CHOSEN}

study = Study(
    id="stronger_mlp",
    title="A stronger opponent: Fashion-MNIST",
    question="Does an MLP that is given more passes, depth, dropout or augmented images catch up with a CNN that is "
    "given nothing?",
    data=fashion.study.data,
    training=fashion.study.training,
    tuning=Tuning(rates=(5e-4, 1e-3, 2e-3, 4e-3), chosen=SHARED | CHOSEN),
    variants=(
        fashion.study.variant("mlp"),
        Variant("mlp-longer", "MLP, longer", PLAIN, longer=LONGER),
        Variant("mlp-deep", "MLP, deep", mlp(IMAGE, hidden=[256, 256, 256, 128]), longer=LONGER),
        Variant("mlp-dropout", "MLP, wide, dropout", WIDE, longer=LONGER),
        Variant(
            "mlp-augmented",
            "MLP, wide, augmented",
            mlp(IMAGE, hidden=[512, 256]),
            replace(fashion.study.training, shift=2, flip=True),
            longer=LONGER,
        ),
        fashion.study.variant(CNN[SMALLEST]),
    ),
    baseline="mlp",
    reference=CNN[SMALLEST],
    pairs=tuple((CNN[SMALLEST], name) for name in OPPONENTS[1:]),
    claims=(
        Claim(
            "stronger_mlp-cnn-beats-all",
            f"On Fashion-MNIST the CNN with {square(SMALLEST)} kernels classifies better than every MLP: longer "
            "trained, deep, with dropout, on augmented images",
            "superiority",
            variant=CNN[SMALLEST],
            others=OPPONENTS,
            refuted_by="One MLP that the CNN leads by less than the margin.",
        ),
        Claim(
            "stronger_mlp-dropout-helps",
            "On Fashion-MNIST a wider MLP with dropout, trained longer, classifies better than the plain one",
            "superiority",
            variant="mlp-dropout",
            others=("mlp",),
            refuted_by="A gain of the MLP with dropout whose whole interval stays below the margin.",
        ),
    ),
    inside=(),
    budgets={
        "smoke": replace(smoke_budget(epochs=1), seeds=1),
        "quick": Budget(seeds=2, epochs=2, train_images=10_000),
        "full": Budget(seeds=10, epochs=8),
    },
)
