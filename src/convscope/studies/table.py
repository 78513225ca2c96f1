"""A table laid out as an image: convolution where columns have no places, by repeated cross-validation."""

from convscope.specs import Conv2d, DataSpec, Dense, Flatten, ModelSpec, PermutePixels, Table, TrainSpec
from convscope.studies.architectures import mlp
from convscope.studies.study import Budget, Claim, Study, Variant

IMAGE = (1, 5, 6)

study = Study(
    id="table",
    title="Where it should not help: a table",
    question="Thirty measurements of a tumour are laid out as an image, in another order in every run. Does "
    "convolution gain anything where neighbours are neighbours by chance?",
    # One run is one repetition of 10-fold cross-validation, so that every row is predicted once.
    data=DataSpec(Table("breast-cancer"), validation_images=50),
    # Tried on validation rows, seeds 100 and 101: rates of 1e-3, 3e-3 and 1e-2, 20 and 40 epochs; all within a point.
    training=TrainSpec(epochs=40, learning_rate=3e-3, batch_size=32, schedule="linear"),
    variants=(
        Variant("mlp", "MLP", mlp(IMAGE, hidden=[64, 32], classes=2)),
        Variant(
            "cnn",
            "CNN, columns in random order",
            ModelSpec(IMAGE, (PermutePixels(), Conv2d(8, 3), Conv2d(16, 3), Flatten(), Dense(16), Dense(2, "none"))),
        ),
    ),
    baseline="mlp",
    reference="cnn",
    claims=(
        Claim(
            "table-no-gain",
            "On a table laid out as an image the CNN and the MLP classify equally well",
            "equivalence",
            variant="cnn",
            others=("mlp",),
            refuted_by="A difference, in either direction, whose whole interval lies beyond the margin.",
        ),
    ),
    margin=0.02,
    inside=(),
    budgets={
        "smoke": Budget(seeds=1, epochs=3, dataset=Table("breast-cancer", folds=3)),
        "quick": Budget(seeds=3, epochs=20),
        "full": Budget(seeds=10, epochs=40),
    },
)
