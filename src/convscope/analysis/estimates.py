"""Numbers with their uncertainty, as metrics.json has them: a value over seeds, a difference between two variants.

All of metrics.json is typed: here, in `convscope.analysis.study_records` and in `convscope.analysis.records`. Fields
with a default are absent where they do not apply.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from convscope.records import Fraction, Record, Whole

Error = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
AtLeastTwo = Annotated[int, Field(ge=2)]
Interval = tuple[float, float]
Number = int | float  # a count stays one
RunKey = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Text = Annotated[str, Field(min_length=1)]
Unit = Literal["fraction", "nats", "seconds", "images per second"]
Quantity = Literal["test_accuracy", "test_loss", "generalisation_gap"]
Values = Annotated[tuple[float, ...], Field(min_length=1)]


class Measure(Record):
    """One value a run, with its spread; `interval` is 95 %, null for a single run."""

    unit: Unit
    mean: float
    sd: Error | None
    n: AtLeastOne
    interval: Interval | None
    values: Values
    seed_error: Error | None = None
    test_set_error: Error | None = None
    degrees_of_freedom: Positive | None = None
    images: Whole | None = Field(default=None, description="Number of images that it is a share of.")
    worth: Positive | None = Field(
        default=None, description="Of a share: independent images that the runs are worth, for Wilson's limits."
    )
    pooled: AtLeastTwo | None = Field(
        default=None,
        description="Number of variants that the seeds' variance is pooled over, below eight seeds; null where it is "
        "that of these seeds alone.",
    )


class ErrorsRemoved(Record):
    """Share of b's errors that a does not make; `log_error` is that of the logarithm of the error rates' ratio."""

    share: Annotated[float, Field(le=1)]
    interval: Interval | None
    log_error: Error | None
    degrees_of_freedom: Positive | None


class Difference(Record):
    """An effect with its errors, paired by seed and test image."""

    a: str
    effect: float
    interval: Interval | None
    n: AtLeastOne
    seed_error: Error | None
    test_set_error: Error
    degrees_of_freedom: Positive | None
    differences: Values
    images: Whole | None = None
    pooled: AtLeastTwo | None = None
    errors_removed: ErrorsRemoved | None = Field(
        default=None, description="null where b makes no error, or the effect is not one of two accuracies."
    )


class Comparison(Difference):
    """Difference of a quantity between two variants, a minus b."""

    b: str
    quantity: Quantity
    unit: Literal["fraction", "nats"]
    sign_flip_p: Fraction
    smallest_detectable: Error | None
    n_needed: AtLeastTwo | None = Field(
        default=None,
        description="Fewest seeds with 80 % power at the margin; null where no number of seeds is enough for this test "
        "set, or a single seed says nothing.",
    )


class ClaimComparison(Difference):
    """One of the comparisons that decide a claim."""

    b: str | None = Field(description="null where a alone is compared with expected.")
    minus: tuple[str, str] | None = Field(
        default=None, description="A contrast: two variants whose difference is subtracted from that of a and b."
    )
