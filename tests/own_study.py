"""The text of a study of one's own: it needs no data set, and trains in a second."""

TINY = '''
"""Two tiny networks on generated digits."""

from convscope.specs import DataSpec, Glyphs, TrainSpec
from convscope.studies.architectures import cnn, mlp
from convscope.studies.study import Budget, Study, Variant

BUDGET = Budget(seeds=2, epochs=1, train_images=200, validation_images=100)
study = Study(
    id="tiny",
    title="Tiny: generated digits",
    question="Does anything run here?",
    data=DataSpec(Glyphs(), train_images=200, validation_images=100),
    training=TrainSpec(epochs=1, learning_rate=1e-3, batch_size=50),
    variants=(
        Variant("mlp", "MLP", mlp((1, 28, 28), hidden=[16])),
        Variant("cnn3", "CNN 3×3", cnn((1, 28, 28), filters=[4, 4], kernel=3, dense=16)),
    ),
    baseline="mlp",
    reference="cnn3",
    budgets={"smoke": BUDGET, "quick": BUDGET, "full": BUDGET},
)
'''
