"""Checks of one study: its experiments, its gain, its curves."""

from __future__ import annotations

from convscope.errors import SpecError
from convscope.grade.build import Build, Chapter
from convscope.grade.checks.registry import of_chapter
from convscope.grade.documents import Absent, EvidenceLink
from convscope.specs import TrainSpec
from convscope.studies.factors import check_one_factor

LEVEL = 1.05  # of the loss before: what counts as a plateau
FEWEST_ON_ONE_PLOT = 4


@of_chapter
def one_factor(build: Build, chapter: Chapter) -> list[EvidenceLink]:
    """Compare the specifications of each experiment once more: they differ in its factor alone."""
    training = TrainSpec(**chapter.study.training)
    found = []
    for name, experiment in chapter.study.experiments.items():
        variants = [
            (variant, chapter.models[variant], training, chapter.study.variants[variant].train_images)
            for variant in experiment.variants
        ]
        try:
            check_one_factor(name, experiment.factor, variants)
        except SpecError as error:
            raise Absent(error.message) from None
        found.append(build.documents.part(f"sec-{chapter.id}-{name}").evidence)
    if not found:
        raise Absent("the study has no experiment")
    return found


@of_chapter
def four_on_one_plot(build: Build, chapter: Chapter) -> list[EvidenceLink]:
    """Look for a plot of learning curves with four variants or more, by the data behind it."""
    for name in ("curves", *(f"{experiment}-curves" for experiment in chapter.study.experiments)):
        anchor = f"fig-{chapter.id}-{name}"
        data = build.folder / "report" / "data" / f"{anchor}.csv"
        if build.documents.has(anchor) and data.is_file():
            drawn = {line.partition(",")[0] for line in data.read_text(encoding="utf-8").splitlines()[1:]}
            if len(drawn & chapter.study.variants.keys()) >= FEWEST_ON_ONE_PLOT:
                return [build.documents.part(anchor).evidence]
    raise Absent(f"no plot of learning curves shows {FEWEST_ON_ONE_PLOT} variants")


@of_chapter
def repeated(_: Build, chapter: Chapter) -> list[EvidenceLink]:
    """Count the runs of every variant."""
    for variant in chapter.study.variants.values():
        if len(set(variant.runs)) < 2:
            raise Absent(f"{variant.title} was trained with one seed alone")
    return []


@of_chapter
def gain(build: Build, chapter: Chapter) -> list[EvidenceLink]:
    """Look for the reference's difference to the baseline, with its interval."""
    table = build.documents.part(f"tbl-{chapter.id}-against-baseline")
    for number, row in enumerate(chapter.study.against_baseline):
        if row.a == chapter.study.reference:
            for what in ("effect", "interval"):
                if not table.shows(f"/studies/{chapter.id}/against_baseline/{number}/{what}"):
                    raise Absent(f"{table.label} does not show the {what} of {row.a} against {row.b}")
            return [table.evidence]
    raise Absent(f"{table.label} does not compare the reference with the baseline")


@of_chapter
def loss_falls(_: Build, chapter: Chapter) -> list[EvidenceLink]:
    """Look for a training loss, mean over seeds, that ends at most 5 % above its beginning."""
    for variant in chapter.study.variants.values():
        seeds = variant.curves.train_loss
        if len(seeds[0]) < 2:
            raise Absent(f"{variant.title} was trained for one epoch, which makes no curve")
        first, last = (sum(losses[place] for losses in seeds) / len(seeds) for place in (0, -1))
        if not last <= LEVEL * first:
            raise Absent(f"the training loss of {variant.title} goes from {first:.3f} to {last:.3f}")
    return [_metric(f"/studies/{chapter.id}/variants")]


@of_chapter
def above_chance(_: Build, chapter: Chapter) -> list[EvidenceLink]:
    """Look for a baseline that is better than always naming the largest class of the test part."""
    measure = chapter.study.variants[chapter.study.baseline].test_accuracy
    counts = chapter.dataset.test_counts
    reached = measure.interval[0] if measure.interval else measure.mean
    if not reached > max(counts) / sum(counts):
        raise Absent(f"the baseline reaches {reached:.3f}, chance is {max(counts) / sum(counts):.3f}")
    return [_metric(f"/studies/{chapter.id}/variants/{chapter.study.baseline}/test_accuracy")]


@of_chapter
def wins_or_explained(build: Build, chapter: Chapter) -> list[EvidenceLink]:
    """Look for a gain whose whole interval is above zero, or a verdict in words in the chapter."""
    section = build.documents.part(f"sec-{chapter.id}-interpretation")
    for row in chapter.study.against_baseline:
        if row.a == chapter.study.reference and row.interval and row.interval[0] > 0:
            return [*gain(build, chapter), section.evidence]
    if not any(place.startswith("/claims/") and place.endswith("/verdict") for place, _, _ in section.shown):
        raise Absent(f"it does not win, and {section.label} gives no verdict on it")
    return [section.evidence]


def _metric(pointer: str) -> EvidenceLink:
    return EvidenceLink("metric", pointer, f"metrics.json#{pointer}")
