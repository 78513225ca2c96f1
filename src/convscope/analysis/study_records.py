"""What metrics.json says of data sets and studies, typed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from convscope.analysis.estimates import (
    AtLeastOne,
    AtLeastTwo,
    Comparison,
    Interval,
    Measure,
    Number,
    Positive,
    RunKey,
    Text,
)
from convscope.files import Json
from convscope.records import Fraction, Record, Whole
from convscope.studies.factors import Factor


class Dataset(Record):
    """Facts of a data set."""

    title: str
    source: Literal["public", "generated", "folder", "table"]
    fingerprint: RunKey
    licence: str
    citation: str
    train_images: Whole
    test_images: Whole
    channels: Whole
    height: Whole
    width: Whole
    class_names: tuple[str, ...]
    train_counts: tuple[Whole, ...]
    test_counts: tuple[Whole, ...]
    imbalance: Annotated[float, Field(ge=1)]
    majority: Fraction | None = Field(
        default=None, description="Share of the largest class in the test part: the accuracy of always naming it."
    )
    mean: tuple[Fraction, ...]
    sd: tuple[Fraction, ...]
    pixel_minimum: Annotated[int, Field(ge=0, le=255)]
    pixel_maximum: Annotated[int, Field(ge=0, le=255)]
    black: Fraction
    histogram: tuple[Annotated[tuple[Whole, ...], Field(min_length=256, max_length=256)], ...]
    neighbour_correlation: dict[str, float]
    repeated_in_train: Whole
    test_seen_in_train: Whole


class Layer(Record):
    """Cost of one layer for one image."""

    output_shape: tuple[Whole, ...]
    parameters: Whole
    macs: Whole
    activations: Whole
    receptive_field: Whole


class Failed(Record):
    """Runs that stayed at chance: in no average, unless none of the variant trained."""

    of: Whole
    runs: tuple[RunKey, ...]


class Curves(Record):
    """By seed, then by epoch."""

    train_loss: tuple[tuple[float, ...], ...]
    train_accuracy: tuple[tuple[float, ...], ...]
    validation_loss: tuple[tuple[float, ...], ...]
    validation_accuracy: tuple[tuple[float, ...], ...]


class DeclaredVariant(Record):
    """What follows from a network's specification."""

    title: str
    model: Json  # a specification in its own canonical form (`convscope.specs`)
    train_images: Whole | None = Field(default=None, description="Where it differs from variant to variant.")
    training: Json | None = Field(default=None, description="Settings of its own, in place of the study's.")
    parameters: Whole
    macs: Whole
    layers: tuple[Layer, ...]


class Variant(DeclaredVariant):
    """One network of a study, over its seeds."""

    runs: Annotated[tuple[RunKey, ...], Field(min_length=1, description="That count, in the order of their seeds.")]
    seeds: tuple[Whole, ...] | None = None
    failed: Failed | None = None
    test_accuracy: Measure
    test_loss: Measure
    train_accuracy: Measure
    validation_accuracy: Measure
    class_accuracy: tuple[Measure, ...]
    confusion: tuple[tuple[Whole, ...], ...]
    curves: Curves


class DeclaredExperiment(Record):
    """Variants that differ in one factor."""

    title: str
    question: str
    factor: Factor
    variants: Annotated[tuple[str, ...], Field(min_length=2)]


class Experiment(DeclaredExperiment):
    """Variants that differ in one factor, compared."""

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
    about: str = Field("", description="Which choice of the assignment it answers.")


class Reproduction(Record):
    """Ours, beside a reported figure."""

    ours: Number | str
    interval: Interval | None
    verdict: Literal["reproduced", "ours higher", "ours lower", "wrong", "too few runs"]


class Reported(Record):
    """A figure that a reference project reported."""

    variant: str
    quantity: Literal["parameters", "parameters over baseline", "class name", "test_accuracy", "test_loss"]
    text: str
    low: Number
    high: Number
    name: str
    reproduction: Reproduction | None = Field(description="null where the runs did not have their full budgets.")


class ImageCounts(Record):
    """Numbers of images."""

    train: Whole
    validation: Whole
    test: Whole


class Shift(Record):
    """Accuracy on test images moved up, down, left and right, by variant and distance in pixels."""

    images: Whole
    claimed: Whole = Field(description="The distance that claims are about.")
    period: Whole | None = Field(
        default=None, description="The total stride at which claims ask what is won back; 0 for none."
    )
    distances: Annotated[tuple[Whole, ...], Field(min_length=2)]
    accuracy: dict[str, Annotated[tuple[Measure, ...], Field(min_length=2)]]


class EquivariantLayer(Record):
    """How nearly a layer's answer moves along; `errors` by shift, null where no value sees the inside alone."""

    layer: str
    stride: Whole = Field(description="Total, in pixels.")
    errors: tuple[Measure | None, ...]


class Equivariance(Record):
    """Relative difference between a layer's answer to a moved image and its moved answer."""

    images: Whole
    shifts: tuple[Whole, ...] = Field(description="Pixels to the right.")
    variants: dict[str, tuple[EquivariantLayer, ...]]


class TunedPoint(Record):
    """One learning rate of one variant."""

    rate: Positive
    validation_accuracy: Measure
    runs: tuple[RunKey, ...]


class TunedVariant(Record):
    """A variant's curve over the grid; `at_edge` where the grid must grow."""

    chosen: Positive
    best: Positive | None = Field(description="null where the runs that chose it are not at hand.")
    at_edge: bool
    curve: tuple[TunedPoint, ...]


class Tuning(Record):
    """Learning rates tried on validation images, one grid for all variants."""

    rates: Annotated[tuple[Positive, ...], Field(min_length=4)]
    seeds: Annotated[tuple[Whole, ...], Field(min_length=1)]
    variants: dict[str, TunedVariant]


class DisputedImage(Record):
    """A test image by its place, what it is, and what the network that is wrong calls it most often."""

    image: Whole
    label: Whole
    called: Whole


class OnlyRight(Record):
    """Test images that one network has right in all runs and the other in none; the first of them are shown."""

    right: str
    count: Whole
    shown: tuple[DisputedImage, ...]


class Disputed(Record):
    """What reference and baseline dispute, and how many images neither of them ever has right."""

    runs: AtLeastTwo = Field(description="Of each network.")
    only: tuple[OnlyRight, OnlyRight] = Field(description="Of the reference, of the baseline.")
    neither: Whole


class DeclaredStudy(Record):
    """What stands in a study, whether it was run or not."""

    title: str
    question: str
    baseline: str
    reference: str
    margin: Positive
    training: Json  # settings as `convscope.specs.TrainSpec` has them
    normalisation: Literal["unit", "standard"]
    decisions: tuple[Decision, ...]


class Study(DeclaredStudy):
    """A study, run or not."""

    seeds: AtLeastOne
    reported: tuple[Reported, ...]


class StudyNotRun(Study):
    """A study without results, and why."""

    status: Literal["not run"]
    reason: str


class Efficiency(Record):
    """Training images that the other network needs for the accuracy of one; null where none of those tried is near."""

    a: str
    images: Whole = Field(description="Training images of a.")
    needed: Positive | None
    lower: Positive | None = Field(description="95 % limits, for new seeds and new test images.")
    upper: Positive | None


class StudyRun(Study):
    """A study with its results."""

    status: Literal["run"]
    dataset: str
    images: ImageCounts
    look_alikes: tuple[Whole, ...] | None = Field(
        default=None, description="Labels of classes that are hard to tell apart, for the measure class gain."
    )
    variants: dict[str, Variant]
    experiments: dict[str, Experiment]
    against_baseline: tuple[Comparison, ...]
    pairs: tuple[Comparison, ...] | None = Field(default=None, description="Further comparisons.")
    comparisons: dict[str, Comparison] = Field(description="All comparisons of accuracy by the two variants, as a:b.")
    gaps: Gaps
    shift: Shift | None = None
    equivariance: Equivariance | None = None
    tuning: Tuning | None = None
    disputed: Disputed | None = None
    efficiency: tuple[Efficiency, ...] | None = None
