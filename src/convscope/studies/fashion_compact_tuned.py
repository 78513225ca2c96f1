"""The compact networks of `convscope.studies.fashion_compact` once more, each at a learning rate of its own."""

from dataclasses import replace

from convscope.studies import fashion_compact
from convscope.studies.fashion_compact import CNN, LARGER, SMALLEST
from convscope.studies.kernel_claims import all_beat_mlp, larger_hurt, no_gain_for_cost, smallest_is_best
from convscope.studies.study import Tuning, smoke_budget
from convscope.studies.wording import by_number, square, squares

EACH = "Each at its own learning rate,"
# By `make tune`. A kernel that is not here trains at the rate of fashion_compact, until it is tuned too.
CHOSEN: dict[str, float] = {"mlp": 5e-3, "cnn3": 5e-3, "cnn5": 2.5e-3, "cnn7": 2.5e-3}

study = replace(
    fashion_compact.study,
    id="fashion_compact_tuned",
    title="Compact networks at rates of their own: Fashion-MNIST",
    question="Is what the compact networks say about kernels a matter of the one learning rate that they shared?",
    tuning=Tuning(
        rates=(1.25e-3, 2.5e-3, 5e-3, 1e-2),
        chosen={name: rate for name, rate in CHOSEN.items() if name in {"mlp", *CNN.values()}},
    ),
    decisions=(),
    reported=(),  # the figures were reported at one rate for all
    inside=(),
    budgets={
        "smoke": replace(smoke_budget(epochs=1), seeds=1),
        "full": fashion_compact.study.budgets["full"],
    },
    claims=(
        all_beat_mlp(
            "fashion_compact_tuned",
            CNN,
            f"{EACH} every compact CNN, of {squares(CNN)} kernels, classifies better than the MLP",
        ),
        smallest_is_best(
            "fashion_compact_tuned",
            CNN,
            f"{EACH} {square(SMALLEST)} is the best of the kernels {squares(CNN)} in compact CNNs",
        ),
        larger_hurt(
            "fashion_compact_tuned",
            CNN,
            f"{EACH} compact CNNs of {squares(LARGER)} kernels "
            f"{by_number(LARGER, 'classify', 'both classify', 'all classify')} worse than those of {square(SMALLEST)}",
        ),
        no_gain_for_cost(
            "fashion_compact_tuned",
            CNN,
            f"{EACH} compact CNNs of {squares(LARGER)} kernels classify as well as those of {square(SMALLEST)}, "
            "no better and no worse",
        ),
    ),
)
