"""What a study declares: data, variants, experiments, and what others reported."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from convscope.errors import SpecError
from convscope.specs import DataSpec, RunSpec, TrainSpec
from convscope.studies.budget import PROFILES, Budget, Profile, profile_named, smoke_budget
from convscope.studies.claim import Claim, Count
from convscope.studies.factors import Factor, check_one_factor
from convscope.studies.probes import ShiftProbe
from convscope.studies.tuning import Tuning
from convscope.studies.variant import Variant as Variant  # noqa: PLC0414 (modules of studies take it from here)

__all__ = [  # all that the module of a study needs, beside Variant
    "PROFILES", "Budget", "Claim", "Count", "Decision", "Experiment", "Profile", "Reported", "Study", "Tuning",
    "profile_named", "smoke_budget",
]  # fmt: skip

Quantity = Literal["parameters", "parameters over baseline", "class name", "test_accuracy", "test_loss"]
MOST_CLAIMS = 6


@dataclass(frozen=True)
class Experiment:
    """Variants that differ in one factor alone, everything else fixed.

    Parameters
    ----------
    id, title
        ``"kernel"``, ``"Kernel size"``.
    factor
        What differs; checked against the specifications when the study is defined.
    variants
        Ids, the reference first: the others are compared with it.
    question
        What the experiment asks, one sentence.
    """

    id: str
    title: str
    factor: Factor
    variants: tuple[str, ...]
    question: str


@dataclass(frozen=True)
class Reported:
    """A figure that the reference project reported.

    Parameters
    ----------
    variant, quantity
        What it is about.
    text
        As it was reported: ``"about 91 %"``.
    low, high
        The range that the text stands for, rounding included; accuracies are fractions. Of a class name both are its
        number.
    name
        The class name that was reported.
    """

    variant: str
    quantity: Quantity
    text: str
    low: float
    high: float
    name: str = ""


@dataclass(frozen=True)
class Decision:
    """One row of the design justification table: what was chosen, and why.

    Parameters
    ----------
    decision, choice, reason
        ``"Kernel size"``, ``"3×3"``, and one or two sentences.
    experiment
        Id of the experiment that measured it, where there is one: ``"kernel"`` of the same study, ``"design:filters"``
        of another.
    about
        Which choice of the assignment it answers, whatever words or language it is written in: ``"layers"``,
        ``"kernel"``, ``"filters"``, ``"stride"``, ``"padding"``, ``"activation"``, ``"pooling"``, ``"head"``.
    """

    decision: str
    choice: str
    reason: str
    experiment: str | None = None
    about: str = ""


@dataclass(frozen=True)
class Study:
    """A question, the networks that answer it, and what each profile runs of it.

    Raises
    ------
    SpecError
        An experiment or a reported figure names an unknown variant, a variant is declared twice, or the variants of
        an experiment differ in more than its factor.
    """

    id: str
    title: str
    question: str
    data: DataSpec
    training: TrainSpec
    variants: tuple[Variant, ...]
    baseline: str
    reference: str
    budgets: Mapping[Profile, Budget]
    experiments: tuple[Experiment, ...] = ()
    decisions: tuple[Decision, ...] = ()
    reported: tuple[Reported, ...] = ()
    reported_order: tuple[str, ...] = ()  # variants by training time as it was reported, the fastest first
    claims: tuple[Claim, ...] = ()
    margin: float = 0.005  # smallest difference of accuracy that matters in practice, a fraction
    look_alikes: tuple[int, ...] = ()  # labels of classes that are hard to tell apart, for the measure "class gain"
    inside: tuple[str, ...] | None = None  # variants whose filters and feature maps are shown; None shows all
    pairs: tuple[tuple[str, str], ...] = ()  # further variants that are compared, the first minus the second
    shift: ShiftProbe | None = None  # accuracy on moved test images
    tuning: Tuning | None = None  # how each variant got a learning rate of its own; None takes the study's for all
    equivariance: tuple[str, ...] = ()  # variants whose layers are compared on images and on moved images
    _by_id: dict[str, Variant] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {variant.id: variant for variant in self.variants})
        if len(self._by_id) != len(self.variants):
            ids = [variant.id for variant in self.variants]
            raise SpecError(f"Study {self.id!r} declares a variant twice: {sorted(ids)}.")
        if not 0 < self.margin < 1:
            raise SpecError(f"Study {self.id!r} has a margin of {self.margin}; it is a fraction above 0 and below 1.")
        for budget in self.budgets.values():
            unknown = set(budget.experiments or ()) - {experiment.id for experiment in self.experiments}
            if unknown:
                raise SpecError(
                    f"A budget of study {self.id!r} names the experiments {sorted(unknown)}, which it lacks."
                )
        for field_name, names in self._named():
            for name in names:
                self.variant(name, named_by=field_name)
        if len(self.primary_claims) > MOST_CLAIMS:
            raise SpecError(
                f"Study {self.id!r} declares {len(self.primary_claims)} claims that runs decide; "
                f"at most {MOST_CLAIMS}.",
                "Every further claim widens the intervals of all; keep the primary ones, or say that one is declared "
                "after the results.",
            )
        for experiment in self.experiments:
            variants = [self.variant(name, named_by=f"experiment {experiment.id!r}") for name in experiment.variants]
            check_one_factor(
                f"Experiment {experiment.id!r} of study {self.id!r}",
                experiment.factor,
                # Each at its best rate is the fair comparison: a tuned rate is no second factor.
                [(v.id, v.model, v.passes(v.training or self.training), v.train_images) for v in variants],
            )
        experiments = {experiment.id for experiment in self.experiments}
        for decision in self.decisions:
            elsewhere = ":" in (decision.experiment or "")
            if decision.experiment is not None and not elsewhere and decision.experiment not in experiments:
                raise SpecError(
                    f"Decision {decision.decision!r} of study {self.id!r} names experiment {decision.experiment!r}; "
                    f"known are {', '.join(sorted(experiments)) or 'none'}."
                )

    def _named(self) -> Iterator[tuple[str, Collection[str]]]:
        """Yield the fields that name variants, with the ids that they name."""
        yield from (("baseline", [self.baseline]), ("reference", [self.reference]))
        yield from ((f"reported, {entry.quantity} {entry.text!r}", [entry.variant]) for entry in self.reported)
        yield from ((f"claim {claim.id!r}", claim.named) for claim in self.claims)
        yield "reported_order", self.reported_order
        yield "inside", self.inside or ()
        yield "pairs", [name for pair in self.pairs for name in pair]
        yield "equivariance", self.equivariance
        yield "tuning", tuple(self.tuning.chosen) if self.tuning else ()

    def variant(self, name: str, *, named_by: str = "") -> Variant:
        """Return a variant by its id; an error says what named it."""
        if name not in self._by_id:
            raise SpecError(
                f"Study {self.id!r} has no variant {name!r}{f', which {named_by} names' if named_by else ''}; "
                f"it has {', '.join(self._by_id)}.",
                "Change the id there, or give a variant this id." if named_by else "",
            )
        return self._by_id[name]

    def settings(self, variant: Variant) -> TrainSpec:
        """Training settings of a variant: its own or the study's, at the rate that tuning chose for it."""
        settings = variant.training or self.training
        if self.tuning is None:
            return settings
        return replace(settings, learning_rate=self.tuning.chosen.get(variant.id, settings.learning_rate))

    def budget(self, profile: Profile) -> Budget:
        """Return the budget of a profile.

        Raises
        ------
        SpecError
            The study is no part of the profile.
        """
        if profile not in self.budgets:
            raise SpecError(f"Study {self.id!r} is no part of profile {profile!r}; it is in {', '.join(self.budgets)}.")
        return self.budgets[profile]

    def experiments_in(self, profile: Profile) -> tuple[Experiment, ...]:
        """Return the experiments that a profile runs."""
        names = self.budget(profile).experiments
        return tuple(e for e in self.experiments if names is None or e.id in names)

    def variants_in(self, profile: Profile) -> tuple[Variant, ...]:
        """Return the variants that a profile runs: all, or those of its experiments, baseline and reference."""
        if self.budget(profile).experiments is None:
            return self.variants
        names = {name for experiment in self.experiments_in(profile) for name in experiment.variants}
        return tuple(v for v in self.variants if v.id in names | {self.baseline, self.reference})

    @property
    def primary_claims(self) -> tuple[Claim, ...]:
        """The claims that runs decide, declared before them; the intervals of all of them hold together."""
        return tuple(claim for claim in self.claims if claim.is_primary)

    def claims_in(self, profile: Profile) -> tuple[Claim, ...]:
        """Return the claims that a profile can answer: those whose variants it runs, and all arithmetic ones."""
        names = {variant.id for variant in self.variants_in(profile)}
        return tuple(claim for claim in self.claims if set(claim.named) <= names)

    def pairs_in(self, profile: Profile) -> tuple[tuple[str, str], ...]:
        """Return the further comparisons whose variants a profile runs."""
        names = {variant.id for variant in self.variants_in(profile)}
        return tuple(pair for pair in self.pairs if set(pair) <= names)

    def equivariance_in(self, profile: Profile) -> tuple[str, ...]:
        """Return the variants of the equivariance probe that a profile runs."""
        names = {variant.id for variant in self.variants_in(profile)}
        return tuple(name for name in self.equivariance if name in names)

    def runs(self, profile: Profile) -> dict[str, tuple[RunSpec, ...]]:
        """Return the runs of one profile, for each variant one a seed."""
        budget = self.budget(profile)

        def data(variant: Variant) -> DataSpec:
            data = budget.data(self.data)
            wanted = [images for images in (variant.train_images, budget.train_images) if images is not None]
            return data if variant.train_images is None else replace(data, train_images=min(wanted))

        def training(variant: Variant) -> TrainSpec:
            settings = self.settings(variant)
            updates = settings.updates if budget.updates is None else budget.updates
            return variant.passes(replace(settings, epochs=budget.epochs, updates=updates))

        return {
            variant.id: tuple(replace(first, seed=seed) for seed in range(budget.seeds))
            for variant in self.variants_in(profile)
            for first in [RunSpec(data(variant), variant.model, training(variant), 0)]
        }

    def tuning_runs(self) -> dict[str, dict[float, tuple[RunSpec, ...]]]:
        """Return the runs that learning rates are chosen from, by variant and rate: those of the full profile."""
        tuning = self.tuning
        if tuning is None or "full" not in self.budgets:
            return {}

        def at(spec: RunSpec, rate: float) -> tuple[RunSpec, ...]:
            training = replace(spec.training, learning_rate=rate)
            return tuple(replace(spec, training=training, seed=seed) for seed in tuning.seed_numbers)

        return {name: {rate: at(specs[0], rate) for rate in tuning.rates} for name, specs in self.runs("full").items()}
