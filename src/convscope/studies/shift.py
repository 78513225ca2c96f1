"""Generated digits, trained centred and tested moved: what convolution, pooling and head make of a shift."""

from dataclasses import replace

from convscope.specs import Conv2d, DataSpec, Dense, Flatten, GlobalAveragePool, Glyphs, Layer, ModelSpec, Pool2d
from convscope.specs import TrainSpec as Training
from convscope.studies.architectures import mlp
from convscope.studies.probes import ShiftProbe
from convscope.studies.study import Budget, Claim, Experiment, Study, Tuning, Variant

IMAGE = (1, 44, 44)
GLYPHS = Glyphs(size=44, content=28, shift=0, train=6_000, test=1_000)  # 8 pixels of margin at each side
AFTER_SHIFT, LOST_BY_SHIFT = "accuracy after a shift", "accuracy lost by a shift"
WON_BACK = "accuracy won back at the total stride"


def network(*, pooled: bool = True, averaged: bool = False) -> ModelSpec:
    """Return two convolutions of 5x5 windows.

    Parameters
    ----------
    pooled
        Max pooling over 2x2 pixels after each.
    averaged
        A head that takes the mean of each map, in place of one that sees every position.
    """
    body: list[Layer] = []
    for filters in (16, 32):
        body += [Conv2d(filters, 5), Pool2d()] if pooled else [Conv2d(filters, 5)]
    head: tuple[Layer, ...] = (GlobalAveragePool(),) if averaged else (Flatten(), Dense(64))
    return ModelSpec(IMAGE, (*body, *head, Dense(10, "none")))


def _after_shift(name: str, statement: str, variant: str, other: str) -> Claim:
    return Claim(
        name,
        statement,
        "superiority",
        variant=variant,
        others=(other,),
        measure=AFTER_SHIFT,
        refuted_by="A difference after the shift whose whole interval stays below the margin.",
    )


study = Study(
    id="shift",
    title="Moved: generated digits",
    question="Networks that have only seen centred digits are shown moved ones. Who still reads them, and is it "
    "the convolution, the pooling or the head that makes the difference?",
    data=DataSpec(GLYPHS, validation_images=1_000, train_images=5_000),
    # Windows of 5x5: with 3x3 the network with global average pooling learned too little in 12 epochs.
    training=Training(epochs=12, learning_rate=2e-3, batch_size=128, schedule="linear"),
    tuning=Tuning(
        rates=(2.5e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3),  # grown at both ends
        # Three of the four read all validation images at several rates, of which the first tried is taken.
        chosen={"mlp": 4e-3, "cnn": 5e-4, "unpooled": 5e-4, "gap": 4e-3},
    ),
    variants=(
        Variant("mlp", "MLP", mlp(IMAGE, hidden=[128])),
        Variant("cnn", "CNN", network()),
        Variant("unpooled", "CNN, no pooling", network(pooled=False)),
        Variant("gap", "CNN, GAP head", network(averaged=True)),
    ),
    baseline="mlp",
    reference="cnn",
    experiments=(
        Experiment("pooling", "Pooling", "pooling", ("cnn", "unpooled"), "Does pooling matter for centred digits?"),
        Experiment("head", "Head", "head", ("cnn", "gap"), "What does a head cost that cannot see positions?"),
    ),
    claims=(
        _after_shift(
            "shift-cnn-beats-mlp", "After a shift the CNN reads more digits than the MLP", variant="cnn", other="mlp"
        ),
        _after_shift(
            "shift-pooling",
            "After a shift the CNN with max pooling reads more digits than the one without",
            variant="cnn",
            other="unpooled",
        ),
        _after_shift(
            "shift-gap",
            "After a shift the CNN with global average pooling reads more digits than the one with a dense head",
            variant="gap",
            other="cnn",
        ),
        Claim(
            "shift-invariance",
            "Max pooling makes the CNN invariant to a small shift: it reads moved digits as well as centred ones",
            "equivalence",
            variant="cnn",
            measure=LOST_BY_SHIFT,
            refuted_by="A loss of accuracy by the shift whose whole interval lies beyond the margin.",
            source="000, 001, 003, 004",
        ),
        Claim(
            "shift-pooling-loses-less",
            "By a small shift the CNN without pooling loses more accuracy than the one with max pooling",
            "superiority",
            variant="unpooled",
            others=("cnn",),
            measure=LOST_BY_SHIFT,
            refuted_by="A loss without pooling that exceeds that with pooling by less than the margin.",
            declared="after",
        ),
        Claim(
            "shift-gap-period",
            "At 4 pixels, its total stride, the CNN with global average pooling wins back more of what it lost at 2 "
            "than the one with a dense head",
            "superiority",
            variant="gap",
            others=("cnn",),
            measure=WON_BACK,
            refuted_by="An accuracy won back that exceeds that of the dense head by less than the margin.",
            declared="after",
        ),
    ),
    margin=0.02,
    inside=(),
    # Every pixel of the margin, and all test images: the accuracy at a distance has a standard error below 1.6 points.
    shift=ShiftProbe(distances=(1, 2, 3, 4, 5, 6, 7, 8), claimed=2, period=4, images=1_000),
    equivariance=("cnn", "unpooled"),
    budgets={
        "smoke": Budget(
            seeds=1, epochs=1, dataset=replace(GLYPHS, train=1_000, test=200), train_images=800, validation_images=200
        ),
        "quick": Budget(seeds=2, epochs=5, train_images=2_500, validation_images=500),
        "full": Budget(seeds=10, epochs=12),
    },
)
