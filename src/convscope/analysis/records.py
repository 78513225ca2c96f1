"""metrics.json as types: claims, times, the machines, and all of it; its JSON Schema is generated from here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from convscope.analysis.estimates import (
    AtLeastTwo,
    ClaimComparison,
    Error,
    ErrorsRemoved,
    Interval,
    Measure,
    Number,
    Positive,
    RunKey,
    Text,
)
from convscope.analysis.study_records import Dataset, StudyNotRun, StudyRun
from convscope.analysis.verdicts import Nuance, Ruling
from convscope.files import Json
from convscope.records import Record, Whole


class Counted(Record):
    """One number that an arithmetic claim names."""

    text: str
    quantity: Literal["parameters", "multiply-accumulates", "kernel weights", "receptive field"]
    claimed: tuple[Number, Number]
    computed: Number


class DeclaredClaim(Record):
    """A statement, with what decides about it; what is null of an arithmetic claim belongs to the statistical ones."""

    statement: Text
    study: str
    kind: Literal["superiority", "equivalence", "best of k", "arithmetic"]
    measure: str | None
    source: str = Field(description="Projects that made the claim; empty where it is ours.")
    refuted_by: Text
    declared: Literal["before", "after"] | None = Field(
        default=None, description="Before or after the results; what was declared after them is description."
    )
    level: float | None
    margin: Positive | None
    expected: float | None = Field(description="The difference that an equivalence claims.")


class Claim(DeclaredClaim):
    """A statement with its verdict; effect and interval are those of the comparison that decides."""

    verdict: Ruling
    leaning: Ruling | None
    nuance: Nuance | None = Field(
        default=None, description="Which kind of refuted or supported it is, where there are two."
    )
    unit: Literal["fraction"] | None
    effect: float | None
    interval: Interval | None
    errors_removed: ErrorsRemoved | None = None
    n: int | None
    smallest_detectable: Error | None = None
    n_needed: AtLeastTwo | None = None
    reason: str
    comparisons: tuple[ClaimComparison, ...]
    decided_by: Whole | None = Field(description="Place of the comparison that decides.")
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
    mode: Json  # `convscope.specs.NumericMode`


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

    @property
    def ran(self) -> dict[str, StudyRun]:
        """Studies that have results, by id."""
        return {name: study for name, study in self.studies.items() if isinstance(study, StudyRun)}

    @property
    def runs(self) -> set[str]:
        """Keys of all runs that the results rest on."""
        return {run for study in self.ran.values() for variant in study.variants.values() for run in variant.runs}
