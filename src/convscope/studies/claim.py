"""What a claim declares before the results: statement, comparison, margin, and what would refute it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from convscope.errors import SpecError
from convscope.specs import ModelSpec

ClaimKind = Literal["superiority", "equivalence", "best of k", "arithmetic"]
Declared = Literal["before", "after"]
Countable = Literal["parameters", "multiply-accumulates", "kernel weights", "receptive field"]


@dataclass(frozen=True)
class Count:
    """One number that an arithmetic claim names; ours follows from a specification alone.

    Parameters
    ----------
    text
        What is counted, as a reader sees it: ``"weights of one 5×5 kernel"``.
    quantity
        ``"parameters"``: weights and biases; ``"multiply-accumulates"``: for one image; ``"kernel weights"``: weights
        of all convolutions, without biases; ``"receptive field"``: side, in input pixels, of what one value of the
        last convolution or pooling sees.
    model
        What it is counted in.
    claimed
        The number, or the lowest and the highest that the claim's wording allows.
    over
        Divide by the same quantity of this network; None takes the count itself.
    """

    text: str
    quantity: Countable
    model: ModelSpec
    claimed: float | tuple[float, float]
    over: ModelSpec | None = None

    @property
    def claimed_range(self) -> tuple[float, float]:
        """Lowest and highest number that the claim allows."""
        return self.claimed if isinstance(self.claimed, tuple) else (self.claimed, self.claimed)


@dataclass(frozen=True)
class Claim:
    """A statement that the results can refute, declared before them.

    Parameters
    ----------
    id
        Stable and unique over all studies: ``"fashion-cnn3-beats-mlp"``.
    statement
        One sentence, without its full stop.
    kind
        The rule that decides (`convscope.analysis.verdicts`). Superiority: `variant` has more of the measure than
        each of `others`, by what matters. Equivalence: the same, but for less than what matters. Best of k: more
        than every rival. Arithmetic: the counts are as claimed.
    variant
        Id of the variant that the claim is about, or several of which it says the same. None for arithmetic.
    others
        Ids of those that it is compared with; for the best of k all its rivals. None, for an equivalence, compares
        the measure itself with `expected`.
    refuted_by
        One sentence: the result that would have refuted it.
    measure
        What is compared, always a fraction and always "more of it", whether that is good or bad:
        ``"accuracy"`` on the test images; ``"generalisation gap"``, training accuracy of the last epoch minus test
        accuracy, so that more is more overfitting; ``"class gain"``, accuracy on the study's look-alike classes minus
        that on its other classes, so that the difference between two variants is what one gains on the former beyond
        the latter; or one that the study's analysis supplies.
    source
        Which projects made the claim: ``"003, 004"``; empty where it is ours.
    margin
        Smallest difference that matters for this claim; None takes the study's.
    expected
        For an equivalence, the difference that the claim names: 0.025 for "by 2 to 3 points", with a margin of 0.005.
    counts
        Of an arithmetic claim, what it says; all of it must be so.
    contrast
        A second pair, whose difference is subtracted from that of `variant` and its one other: the claim is about a
        difference of differences. ``variant="conv", others=("local",), contrast=("conv-permuted", "local-permuted")``
        is an interaction, what sharing is worth on ordered pixels beyond shuffled ones; ``variant="cnn-50000",
        others=("mlp-50000",), contrast=("cnn-1000", "mlp-1000")`` a trend over data size.
    declared
        ``"before"`` the results were seen, or ``"after"`` them. What was declared after them is description: it is
        marked so, and does not count among the claims whose intervals hold together.
    """

    id: str
    statement: str
    kind: ClaimKind
    variant: str | tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    refuted_by: str = field(kw_only=True)
    measure: str = field(kw_only=True, default="accuracy")
    source: str = field(kw_only=True, default="")
    margin: float | None = field(kw_only=True, default=None)
    expected: float = field(kw_only=True, default=0.0)
    counts: tuple[Count, ...] = field(kw_only=True, default=())
    contrast: tuple[str, str] | None = field(kw_only=True, default=None)
    declared: Declared = field(kw_only=True, default="before")

    def __post_init__(self) -> None:
        if self.kind not in get_args(ClaimKind):
            kinds = ", ".join(map(repr, get_args(ClaimKind)))
            raise SpecError(f"Claim {self.id!r} is of kind {self.kind!r}; it must be one of {kinds}.")
        if self.declared not in get_args(Declared):
            raise SpecError(f"Claim {self.id!r} was declared {self.declared!r}; it is 'before' or 'after' the results.")
        if not self.refuted_by.strip():
            raise SpecError(
                f"Claim {self.id!r} does not say what would refute it.",
                "`refuted_by` is one sentence; what no result can refute is no claim.",
            )
        if self.is_statistical:
            self._check_comparison()
        elif self.named or not self.counts:
            raise SpecError(
                f"Claim {self.id!r} is arithmetic, with {len(self.counts)} counts and the variants {[*self.named]}.",
                "It takes `counts`, each with its network, and no variants: nothing is trained for it.",
            )

    def _check_comparison(self) -> None:
        without_others = self.kind == "equivalence" and len(self.variants) == 1
        several = self.kind == "best of k" and len(self.variants) != 1
        if (
            not self.variants
            or (not self.others and not without_others)
            or several
            or set(self.variants) & set(self.others)
        ):
            raise SpecError(
                f"Claim {self.id!r} compares {self.variant!r} with {list(self.others)}.",
                "Name another variant, or for the best of k one variant and all its rivals.",
            )
        if self.contrast is not None:
            one_pair = len(self.variants) == len(self.others) == 1 and self.kind != "best of k"
            if not one_pair or len(self.contrast) != 2 or set(self.contrast) in ({*self.variants, *self.others}, set()):
                raise SpecError(
                    f"Claim {self.id!r}, a {self.kind}, contrasts {list(self.pairs)} with {self.contrast!r}.",
                    "A contrast is a superiority or an equivalence of one variant and one other, minus another two.",
                )
        if self.counts or (self.expected and self.kind != "equivalence"):
            raise SpecError(
                f"Claim {self.id!r} is a {self.kind} with counts or an expected difference.",
                "Counts belong to arithmetic claims, an expected difference to equivalences.",
            )
        if self.margin is not None and not self.margin > 0:
            raise SpecError(f"Claim {self.id!r} has a margin of {self.margin}; it is a fraction above 0.")

    @property
    def is_statistical(self) -> bool:
        """Whether runs decide it, rather than a specification."""
        return self.kind != "arithmetic"

    @property
    def variants(self) -> tuple[str, ...]:
        """Ids of the variants that the claim is about."""
        return (self.variant,) if isinstance(self.variant, str) else self.variant

    @property
    def named(self) -> tuple[str, ...]:
        """Ids of all variants that the claim needs, each once."""
        return tuple(dict.fromkeys((*self.variants, *self.others, *(self.contrast or ()))))

    @property
    def is_primary(self) -> bool:
        """Whether runs decide it and it was declared before them: one of those whose intervals hold together."""
        return self.is_statistical and self.declared == "before"

    @property
    def pairs(self) -> tuple[tuple[str, str | None], ...]:
        """Every variant with every other that it is compared with; with None where it is compared with a number."""
        return tuple((variant, other) for variant in self.variants for other in self.others or (None,))
