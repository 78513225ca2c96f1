"""Checks of tasks 4 and 5: controlled experiments, how they are reported, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from convscope.errors import SpecError
from convscope.specs import Conv2d, ModelSpec, Pool2d, TrainSpec
from convscope.studies.factors import check_one_factor
from convscope.submission.artefacts import Absent, Part, Report
from convscope.submission.chapters import Chapter
from convscope.submission.checks_chapters import TO_DO

FEWEST_WORDS = 60  # of a paragraph that observes something
FEWEST_ON_ONE_PLOT = 4
# Where the assignment says that convolution is not appropriate, in the words of any text about it.
INAPPROPRIATE = {
    "tables": r"\btable",
    "graphs": r"\bgraph",
    "sets": r"\bset\b",
    "long-range sequences": r"far apart|long.range|distant",
    "irregular series": r"irregular|uneven",
}


# ---------------------------------------------------------------- task 4: one factor at a time


def _convolutions(model: ModelSpec) -> list[Conv2d]:
    return [layer for layer in model.layers if isinstance(layer, Conv2d)]


def _pooling(model: ModelSpec) -> str:
    kinds = {layer.kind for layer in model.layers if isinstance(layer, Pool2d)}
    return ", ".join(sorted(kinds)) or "none"


# What a network has of each factor that the assignment names, and the values that it asks for. Of several
# convolutions the first counts: some studies vary that one alone.
FACTORS: dict[str, tuple[Callable[[ModelSpec], object], tuple[object, ...]]] = {
    "kernel": (lambda model: _convolutions(model)[0].kernel, (3, 5, 7)),
    "filters": (lambda model: _convolutions(model)[0].filters, (16, 32, 64)),
    "depth": (lambda model: len(_convolutions(model)), (1, 2, 3)),
    "pooling": (_pooling, ("none", "max", "average")),
    "stride": (lambda model: _convolutions(model)[0].stride, (1, 2)),
}


def takes_all(factor: str, models: Iterable[ModelSpec]) -> bool:
    """Tell whether these networks take all values of a factor that the assignment asks for."""
    value_of, wanted = FACTORS[factor]
    return set(wanted) <= {value_of(model) for model in models}


def varied(factor: str) -> Callable[[Chapter], list[Part]]:
    """Return the check of one factor: an experiment whose networks take all values asked for, and its table."""

    def check(chapter: Chapter) -> list[Part]:
        for name, experiment in chapter.study["experiments"].items():
            models = (chapter.models[variant] for variant in experiment["variants"])
            if experiment["factor"] == factor and takes_all(factor, models):
                table = chapter.table(name)
                for number, _ in enumerate(experiment["comparisons"]):
                    table.must_show(f"{chapter.at}/experiments/{name}/comparisons/{number}/effect")
                return [chapter.section(name), table]
        raise Absent(f"no experiment takes {factor} through {', '.join(map(str, FACTORS[factor][1]))}")

    return check


def one_factor(chapter: Chapter) -> list[Part]:
    """Compare the specifications of each experiment once more: they differ in its factor alone."""
    training = TrainSpec(**chapter.study["training"])
    found = []
    for name, experiment in chapter.study["experiments"].items():
        variants = [
            (variant, chapter.models[variant], training, chapter.study["variants"][variant].get("train_images"))
            for variant in experiment["variants"]
        ]
        try:
            check_one_factor(name, experiment["factor"], variants)
        except SpecError as error:
            raise Absent(error.message) from None
        found.append(chapter.section(name))
    if not found:
        raise Absent("the study has no experiment")
    return found


def measures(chapter: Chapter) -> list[Part]:
    """Look for accuracy, loss, time, parameters and cost of every variant."""
    table = chapter.table("results")
    for variant in chapter.study["variants"]:
        at = f"{chapter.at}/variants/{variant}"
        table.must_show(f"{at}/test_accuracy/mean", f"{at}/test_loss/mean", f"{at}/parameters", f"{at}/macs")
        table.must_show(f"/timings/studies/{chapter.id}/{variant}/train_seconds")
    return [table]


def curves(chapter: Chapter) -> list[Part]:
    """Look for learning curves of all variants on one plot."""
    figure = chapter.figure("curves")
    figure.must_draw("epoch", *chapter.variant_titles)
    if figure.drawing.lines < 2 * len(chapter.variant_titles):
        raise Absent(f"{figure.label} has fewer curves than two for each of {len(chapter.variant_titles)} variants")
    return [figure]


def four_on_one_plot(chapter: Chapter) -> list[Part]:
    """Look for at least four variants on one plot, told by what is drawn."""
    for name in ("curves", *(f"{experiment}-curves" for experiment in chapter.study["experiments"])):
        if chapter.report.has(f"fig-{chapter.id}-{name}"):
            figure = chapter.figure(name)
            drawn = [title for title in chapter.variant_titles if title in figure.drawing.texts]
            if len(drawn) >= FEWEST_ON_ONE_PLOT and figure.drawing.lines >= len(drawn):
                return [figure]
    raise Absent(f"no plot of learning curves shows {FEWEST_ON_ONE_PLOT} variants")


def chart(chapter: Chapter) -> list[Part]:
    """Look for accuracy of all variants in one chart."""
    figure = chapter.figure("accuracy")
    figure.must_draw(*chapter.variant_titles)
    return [figure]


def comparison(chapter: Chapter) -> list[Part]:
    """Look for each variant's difference to the baseline, with its interval."""
    table = chapter.table("against-baseline")
    for number, row in enumerate(chapter.study["against_baseline"]):
        at = f"{chapter.at}/against_baseline/{number}"
        table.must_show(f"{at}/effect", *([f"{at}/interval"] if row["interval"] else []))
    return [table]


def repeats(chapter: Chapter) -> list[Part]:
    """Look for several seeds of every variant, their mean and standard deviation."""
    table = chapter.table("results")
    for name, variant in chapter.study["variants"].items():
        runs = len(set(variant["runs"]))
        if runs < 2:
            raise Absent(f"{variant['title']} was trained with one seed alone")
        at = f"{chapter.at}/variants/{name}/test_accuracy"
        table.must_show(f"{at}/mean", f"{at}/sd")
    return [table]


def observations(chapter: Chapter) -> list[Part]:
    """Look for what is seen in the results, in words."""
    section = chapter.section("interpretation")
    words = len(section.prose.split())
    if words < FEWEST_WORDS:
        raise Absent(f"{section.label} has {words} words")
    if TO_DO in section.prose:
        raise Absent(f"{section.label} is still to be written: it says {TO_DO}")
    return [section]


def trade_offs(chapter: Chapter) -> list[Part]:
    """Look for accuracy against cost, drawn for all variants and spoken of."""
    figure, section = chapter.figure("cost"), chapter.section("interpretation")
    figure.must_draw(*chapter.variant_titles)
    section.must_say({"cost": "cost", "multiply-accumulates": "multiply-accumulates"})
    return [figure, section]


# ---------------------------------------------------------------- task 5: interpretation


def gain(chapter: Chapter) -> list[Part]:
    """Look for the difference to the baseline, with its interval, and for what follows from it."""
    table, section = chapter.table("against-baseline"), chapter.section("interpretation")
    for number, row in enumerate(chapter.study["against_baseline"]):
        if row["a"] == chapter.study["reference"]:
            at = f"{chapter.at}/against_baseline/{number}"
            table.must_show(f"{at}/effect", f"{at}/interval")
    section.must_say({"convolution": "convolution"})
    return [table, section]


def argument(report: Report) -> list[Part]:
    """Look for why convolution wins, or not, in words that follow from a verdict."""
    section = report.part("sec-essay-gain")
    if not any(source.startswith("/claims/") and source.endswith("/verdict") for source, _ in section.values):
        raise Absent(f"{section.label} rests on no verdict: its study was not run")
    return [section]


def bias(name: str, pattern: str) -> Callable[[Report], list[Part]]:
    """Return the check of one inductive bias: the essay introduces it by name."""

    def check(report: Report) -> list[Part]:
        section = report.part("sec-essay-assumption")
        section.must_say({name: pattern})
        return [section]

    return check


def inappropriate(report: Report) -> list[Part]:
    """Look for each case that the assignment names where convolution does not fit."""
    section = report.part("sec-essay-not")
    section.must_say(INAPPROPRIATE)
    return [section]


def formula(part_id: str, *symbols: str) -> Callable[[Report], list[Part]]:
    """Return the check of a displayed equation that has these symbols."""

    def check(report: Report) -> list[Part]:
        equation = report.part(part_id)
        text = "".join(element.get_text() for element in equation.elements)
        if not all(symbol in text for symbol in symbols):
            raise Absent(f"{equation.label} lacks one of {', '.join(symbols)}")
        return [equation]

    return check
