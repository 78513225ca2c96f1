"""metrics.json as types: the one place that says what stands in it, from which its JSON Schema is generated.

pydantic, because it is locked already (sagemaker-core rests on it), generates the schema, and checks the published
file a hundred times faster than jsonschema did: 0.17 s and 20 s on the same busy machine. Fields with a default came
later: results that were published before lack them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, le=1)]
Error = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
AtLeastTwo = Annotated[int, Field(ge=2)]
Interval = tuple[float, float]
RunKey = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Text = Annotated[str, Field(min_length=1)]
Verdict = Literal["supported", "refuted", "inconclusive"]
Values = Annotated[tuple[float, ...], Field(min_length=1)]


class Record(BaseModel):
    """What all records share: fields are those declared, of the type declared, and stay as they were read."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Measure(Record):
    """One value a run, with its spread; `interval` is 95 %, null for a single run."""

    unit: Literal["fraction", "nats", "seconds", "images per second"]
    mean: float
    sd: Error | None
    n: AtLeastOne
    interval: Interval | None
    values: Values
    seed_error: Error | None = None
    test_set_error: Error | None = None
    degrees_of_freedom: Positive | None = None
    images: Count | None = Field(None, description="Number of images that it is a share of.")
    worth: Positive | None = Field(
        None, description="Of a share: independent images that the runs are worth, for Wilson's limits."
    )
    pooled: AtLeastTwo | None = Field(
        None,
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
    images: Count | None = None
    pooled: AtLeastTwo | None = None
    errors_removed: ErrorsRemoved | None = Field(
        None, description="null where b makes no error, or the effect is not one of two accuracies."
    )


class Comparison(Difference):
    """Difference of a quantity between two variants, a minus b."""

    b: str
    quantity: Literal["test_accuracy", "test_loss", "generalisation_gap"]
    unit: Literal["fraction", "nats"]
    sign_flip_p: Fraction
    smallest_detectable: Error | None
    n_needed: AtLeastTwo | None = Field(
        None,
        description="Fewest seeds with 80 % power at the margin; null where no number of seeds is enough for this test "
        "set, or a single seed says nothing.",
    )


class ClaimComparison(Difference):
    """One of the comparisons that decide a claim."""

    b: str | None = Field(description="null where a alone is compared with expected.")
    minus: tuple[str, str] | None = Field(
        None, description="A contrast: two variants whose difference is subtracted from that of a and b."
    )


class Dataset(Record):
    """Facts of a data set."""

    title: str
    source: Literal["public", "generated", "folder", "table"]
    fingerprint: RunKey
    licence: str
    citation: str
    train_images: Count
    test_images: Count
    channels: Count
    height: Count
    width: Count
    class_names: tuple[str, ...]
    train_counts: tuple[Count, ...]
    test_counts: tuple[Count, ...]
    imbalance: Annotated[float, Field(ge=1)]
    majority: Fraction | None = Field(
        None, description="Share of the largest class in the test part: the accuracy of always naming it."
    )
    mean: tuple[Fraction, ...]
    sd: tuple[Fraction, ...]
    pixel_minimum: Annotated[int, Field(ge=0, le=255)]
    pixel_maximum: Annotated[int, Field(ge=0, le=255)]
    black: Fraction
    histogram: tuple[Annotated[tuple[Count, ...], Field(min_length=256, max_length=256)], ...]
    neighbour_correlation: dict[str, float]
    repeated_in_train: Count
    test_seen_in_train: Count


class Layer(Record):
    """Cost of one layer for one image."""

    output_shape: tuple[Count, ...]
    parameters: Count
    macs: Count
    activations: Count
    receptive_field: Count


class Failed(Record):
    """Runs that stayed at chance: in no average, unless none of the variant trained."""

    of: Count
    runs: tuple[RunKey, ...]


class Curves(Record):
    """By seed, then by epoch."""

    train_loss: tuple[tuple[float, ...], ...]
    train_accuracy: tuple[tuple[float, ...], ...]
    validation_loss: tuple[tuple[float, ...], ...]
    validation_accuracy: tuple[tuple[float, ...], ...]


class Variant(Record):
    """One network of a study, over its seeds."""

    title: str
    model: dict[str, Any]  # a specification in its own canonical form (`convscope.specs`)
    train_images: Count | None = Field(None, description="Where it differs from variant to variant.")
    parameters: Count
    macs: Count
    layers: tuple[Layer, ...]
    runs: Annotated[tuple[RunKey, ...], Field(min_length=1, description="That count, in the order of their seeds.")]
    seeds: tuple[Count, ...] | None = None
    failed: Failed | None = None
    test_accuracy: Measure
    test_loss: Measure
    train_accuracy: Measure
    validation_accuracy: Measure
    class_accuracy: tuple[Measure, ...]
    confusion: tuple[tuple[Count, ...], ...]
    curves: Curves


class Experiment(Record):
    """Variants that differ in one factor."""

    title: str
    question: str
    factor: str
    variants: Annotated[tuple[str, ...], Field(min_length=2)]
    comparisons: tuple[Comparison, ...]


class Gaps(Record):
    """Training accuracy of the last epoch minus test accuracy: of each variant, and compared."""

    variants: dict[str, Measure]
    comparisons: dict[str, Comparison]


class Decision(Record):
    """A row of the design justification."""

    decision: str
    choice: str
    reason: Text
    experiment: str | None


class Reproduction(Record):
    """Ours, beside a reported figure."""

    ours: float | str
    interval: Interval | None
    verdict: Literal["reproduced", "ours higher", "ours lower", "wrong", "too few runs"]


class Reported(Record):
    """A figure that a reference project reported."""

    variant: str
    quantity: Literal["parameters", "parameters over baseline", "class name", "test_accuracy", "test_loss"]
    text: str
    low: float
    high: float
    name: str
    reproduction: Reproduction | None = Field(description="null where the runs did not have their full budgets.")


class Images(Record):
    """Numbers of images."""

    train: Count
    validation: Count
    test: Count


class Shift(Record):
    """Accuracy on test images moved up, down, left and right, by variant and distance in pixels."""

    images: Count
    claimed: Count = Field(description="The distance that claims are about.")
    period: Count | None = Field(None, description="The total stride at which claims ask what is won back; 0 for none.")
    distances: Annotated[tuple[Count, ...], Field(min_length=2)]
    accuracy: dict[str, Annotated[tuple[Measure, ...], Field(min_length=2)]]


class EquivariantLayer(Record):
    """How nearly a layer's answer moves along; `errors` by shift, null where no value sees the inside alone."""

    layer: str
    stride: Count = Field(description="Total, in pixels.")
    errors: tuple[Measure | None, ...]


class Equivariance(Record):
    """Relative difference between a layer's answer to a moved image and its moved answer."""

    images: Count
    shifts: tuple[Count, ...] = Field(description="Pixels to the right.")
    variants: dict[str, tuple[EquivariantLayer, ...]]


class TunedPoint(Record):
    """One learning rate of one variant."""

    rate: Positive
    validation_accuracy: Measure
    runs: tuple[RunKey, ...]


class TunedVariant(Record):
    """A variant's curve over the grid; `at_edge` where the grid must grow."""

    chosen: Positive
    best: Positive
    at_edge: bool
    curve: tuple[TunedPoint, ...]


class Tuning(Record):
    """Learning rates tried on validation images, one grid for all variants."""

    rates: Annotated[tuple[Positive, ...], Field(min_length=4)]
    seeds: Annotated[tuple[Count, ...], Field(min_length=1)]
    variants: dict[str, TunedVariant]


class DisputedImage(Record):
    """A test image by its place, what it is, and what the network that is wrong calls it most often."""

    image: Count
    label: Count
    called: Count


class OnlyRight(Record):
    """Test images that one network has right in all runs and the other in none; the first of them are shown."""

    right: str
    count: Count
    shown: tuple[DisputedImage, ...]


class Disputed(Record):
    """What reference and baseline dispute, and how many images neither of them ever has right."""

    runs: AtLeastTwo = Field(description="Of each network.")
    only: tuple[OnlyRight, OnlyRight] = Field(description="Of the reference, of the baseline.")
    neither: Count


class DeclaredStudy(Record):
    """What stands in a study, whether it was run or not."""

    title: str
    question: str
    baseline: str
    reference: str
    margin: Positive
    seeds: AtLeastOne
    training: dict[str, Any]  # settings as `convscope.specs.TrainSpec` has them
    normalisation: Literal["unit", "standard"]
    decisions: tuple[Decision, ...]
    reported: tuple[Reported, ...]


class StudyNotRun(DeclaredStudy):
    """A study without results, and why."""

    status: Literal["not run"]
    reason: str


class StudyRun(DeclaredStudy):
    """A study with its results."""

    status: Literal["run"]
    dataset: str
    images: Images
    look_alikes: tuple[Count, ...] | None = Field(
        None, description="Labels of classes that are hard to tell apart, for the measure class gain."
    )
    variants: dict[str, Variant]
    experiments: dict[str, Experiment]
    against_baseline: tuple[Comparison, ...]
    pairs: tuple[Comparison, ...] | None = Field(None, description="Further comparisons.")
    comparisons: dict[str, Comparison] | None = Field(
        None, description="All comparisons of accuracy by the two variants, as a:b."
    )
    gaps: Gaps | None = None
    shift: Shift | None = None
    equivariance: Equivariance | None = None
    tuning: Tuning | None = None
    disputed: Disputed | None = None


class Counted(Record):
    """One number that an arithmetic claim names."""

    text: str
    quantity: Literal["parameters", "multiply-accumulates", "kernel weights", "receptive field"]
    claimed: tuple[float, float]
    computed: float


class Claim(Record):
    """A statement with its verdict; effect and interval are those of the comparison that decides.

    What is null of an arithmetic claim belongs to the statistical ones.
    """

    statement: Text
    study: str
    kind: Literal["superiority", "equivalence", "best of k", "arithmetic"]
    measure: str | None
    source: str = Field(description="Projects that made the claim; empty where it is ours.")
    refuted_by: Text
    declared: Literal["before", "after"] | None = Field(
        None, description="Before or after the results; what was declared after them is description."
    )
    verdict: Verdict
    leaning: Verdict | None
    nuance: Literal["too small to matter", "the other way round", "different, by less than matters"] | None = Field(
        None, description="Which kind of refuted or supported it is, where there are two."
    )
    unit: Literal["fraction"] | None
    effect: float | None
    interval: Interval | None
    errors_removed: ErrorsRemoved | None = None
    level: float | None
    n: int | None
    smallest_detectable: Error | None = None
    n_needed: AtLeastTwo | None = None
    margin: Positive | None
    expected: float | None = Field(description="The difference that an equivalence claims.")
    reason: str
    comparisons: tuple[ClaimComparison, ...]
    decided_by: Count | None = Field(description="Place of the comparison that decides.")
    counts: tuple[Counted, ...]
    runs: tuple[RunKey, ...]


class Clock(Record):
    """What a clock measured of a variant's runs."""

    train_seconds: Measure
    images_per_second: Measure


class Order(Record):
    """An order of training time that was reported, and ours by the fastest run; variants by id."""

    reported: Annotated[tuple[str, ...], Field(min_length=2)]
    ours: Annotated[tuple[str, ...], Field(min_length=2)]
    verdict: Literal["reproduced", "another order"] | None = Field(description="null without full budgets.")


class Timings(Record):
    """What a clock measured; differs from run to run."""

    studies: dict[str, dict[str, Clock]]
    orders: dict[str, Order]


class Machine(Record):
    """A machine that trained, with its arithmetic."""

    model_config = ConfigDict(extra="allow")

    processor: str
    cores: int
    system: str
    python: str
    torch: str
    numpy: str
    mode: dict[str, Any]  # `convscope.specs.NumericMode`


class Environment(Record):
    """The machines that trained, and when."""

    machines: tuple[Machine, ...]
    commits: tuple[str, ...]
    trained: str = Field(description="Time of the newest run, UTC; empty where nothing was run.")


class Metrics(Record):
    """Everything that a report may say. One file per profile."""

    version: Literal[1] = Field(alias="schema")
    profile: Literal["smoke", "quick", "full"]
    datasets: dict[str, Dataset]
    studies: dict[str, Annotated[StudyRun | StudyNotRun, Field(discriminator="status")]]
    claims: dict[str, Claim]
    timings: Timings
    environment: Environment
