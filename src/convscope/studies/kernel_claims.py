"""Claims that studies of an MLP against CNNs of several kernels share; each words its own statement."""

from collections.abc import Mapping

from convscope.studies.claim import Claim, Declared
from convscope.studies.wording import square


def beats_mlp(study: str, cnn: str, statement: str, source: str) -> Claim:
    """Return the claim that one CNN is better than the MLP."""
    return Claim(
        f"{study}-{cnn}-beats-mlp",
        statement,
        "superiority",
        variant=cnn,
        others=("mlp",),
        refuted_by="A gain of the CNN whose whole interval stays below the margin.",
        source=source,
    )


def all_beat_mlp(study: str, cnns: Mapping[int, str], statement: str, source: str = "") -> Claim:
    """Return the claim that every CNN is better than the MLP."""
    return Claim(
        f"{study}-all-cnns-beat-mlp",
        statement,
        "superiority",
        variant=tuple(cnns.values()),
        others=("mlp",),
        refuted_by="One CNN whose gain over the MLP stays below the margin.",
        source=source,
    )


def smallest_is_best(
    study: str, cnns: Mapping[int, str], statement: str, source: str = "", declared: Declared = "before"
) -> Claim:
    """Return the claim that the CNN with the smallest kernels, the first, is better than all others."""
    size, (best, *others) = next(iter(cnns)), cnns.values()
    return Claim(
        f"{study}-{size}x{size}-best",
        statement,
        "best of k",
        variant=best,
        others=tuple(others),
        refuted_by=f"A larger kernel that classifies better than {square(size)} by at least the margin.",
        source=source,
        declared=declared,
    )


def larger_hurt(
    study: str, cnns: Mapping[int, str], statement: str, source: str = "", declared: Declared = "before"
) -> Claim:
    """Return the claim that every CNN is worse than the one with the smallest kernels, the first."""
    best, *others = cnns.values()
    return Claim(
        f"{study}-larger-kernels-hurt",
        statement,
        "superiority",
        variant=best,
        others=tuple(others),
        refuted_by="A larger kernel that loses less than the margin.",
        source=source,
        declared=declared,
    )


def no_gain_for_cost(
    study: str, cnns: Mapping[int, str], statement: str, source: str = "", declared: Declared = "before"
) -> Claim:
    """Return the claim that every CNN is as good as the one with the smallest kernels, the first."""
    best, *others = cnns.values()
    return Claim(
        f"{study}-no-gain-for-cost",
        statement,
        "equivalence",
        variant=tuple(others),
        others=(best,),
        refuted_by="A larger kernel whose whole interval is beyond the margin, either way.",
        source=source,
        declared=declared,
    )


def kernels_equal(study: str, statement: str) -> Claim:
    """Return the claim that 5×5 and 3×3 kernels classify equally well."""
    return Claim(
        f"{study}-kernels-equal",
        statement,
        "equivalence",
        variant="cnn5",
        others=("cnn3",),
        refuted_by="A difference between the two kernels whose whole interval is beyond the margin, either way.",
    )


def all_overfit_less(study: str, cnns: Mapping[int, str], statement: str) -> Claim:
    """Return the claim, made after results, that the MLP's gap between training and test exceeds that of every CNN."""
    return Claim(
        f"{study}-all-cnns-overfit-less",
        statement,
        "superiority",
        variant="mlp",
        others=tuple(cnns.values()),
        measure="generalisation gap",
        refuted_by="One CNN whose gap between training and test accuracy is smaller than the MLP's by less than the "
        "margin.",
        declared="after",
    )
