"""Whether a build has what a criterion needs."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from convscope.grade import checks
from convscope.grade.assignment import Need, Scope, Wanted
from convscope.grade.build import Build, Chapter
from convscope.grade.documents import Absent, EvidenceLink, Part
from convscope.language import catalogue, language_of
from convscope.specs import ModelSpec, Pool2d

TO_DO = "TODO"  # as the template of a new study has it: what is still to be written
FEWEST_WORDS_OF_A_REASON = 4


@dataclass(frozen=True)
class Inspection:
    """What was found: the evidence, and what is missing; a criterion is present when nothing is."""

    evidence: tuple[EvidenceLink, ...]
    missing: tuple[str, ...]


def look(build: Build, needs: Iterable[Need], scope: Scope) -> Inspection:
    """Look for all needs of a criterion.

    Parameters
    ----------
    needs
        All of them must be there: once, in each study of the scope, or in one study together.
    """
    needs = tuple(needs)
    if scope == "report":
        return _found(needs, build, None)
    chapters = build.chapters if scope == "some" else getattr(build, scope)
    looked = [_found(needs, build, chapter) for chapter in chapters]
    evidence = tuple(dict.fromkeys(each for found in looked for each in found.evidence))
    reasons = dict.fromkeys(reason for found in looked for reason in found.missing)
    if not looked:
        return Inspection((), ("no study sets a convolutional network beside one without convolution.",))
    if scope == "some" and any(not found.missing for found in looked):
        return Inspection(tuple(dict.fromkeys(e for found in looked if not found.missing for e in found.evidence)), ())
    return Inspection(() if scope == "some" else evidence, tuple(reasons))


def _found(needs: tuple[Need, ...], build: Build, chapter: Chapter | None) -> Inspection:
    say = catalogue(language_of(build.root / "report")).sentence
    prefix = f"{chapter.study.title}: " if chapter else ""
    try:
        evidence = tuple(dict.fromkeys(each for need in needs for each in _evidence_of(need, build, chapter)))
        return Inspection(evidence, ())
    except Absent as absent:
        return Inspection((), (f"{prefix}{say(str(absent).rstrip('.'))}.",))


def _evidence_of(need: Need, build: Build, chapter: Chapter | None) -> list[EvidenceLink]:
    if need.check:
        return checks.CHECKS[need.check](build, chapter)
    if need.file:
        return [build.file(build.root / need.file, need.file)]
    if chapter and need.varies:
        return [
            evidence for factor, values in need.varies.items() for evidence in _varied(build, chapter, factor, values)
        ]
    if chapter and need.decides:
        return _decided(build, chapter, need.decides)
    return _in_part(need, build, chapter)


# ---------------------------------------------------------------- a part of the report


def _in_part(need: Need, build: Build, chapter: Chapter | None) -> list[EvidenceLink]:
    fill = partial(_filled, chapter=chapter)
    anchor = fill(need.place)
    part = build.documents.part(anchor)
    if anchor.startswith("fig-") and not part.has_picture:
        raise Absent(f"{part.label} has no picture")
    for pattern in need.shows:
        _must_show(part, build, fill(pattern))
    if need.either and not any(part.shows(place) for pattern in need.either for place in _places(build, fill(pattern))):
        raise Absent(f"{part.label} shows none of {', '.join(map(fill, need.either))}")
    for topic, fewest in need.topics.items():
        said = part.on(topic)
        if TO_DO in said or len(said.split()) < fewest:
            raise Absent(f"{part.label} says {'too little' if said else 'nothing'} of {topic}")
    if need.words and (part.words < need.words or TO_DO in part.prose):
        todo = f", and says {TO_DO}" if TO_DO in part.prose else ""
        raise Absent(f"{part.label} has {part.words} words of {need.words}{todo}")
    text = "".join(element.get_text() for element in part.elements)
    if lacking := [symbol for symbol in need.symbols if symbol not in text]:
        raise Absent(f"{part.label} lacks {', '.join(lacking)}")
    if need.rows:
        columns = _columns(build, anchor)
        for column, wanted in need.rows.items():
            _must_have(part, columns, column, _wanted(wanted, chapter))
    return [part.evidence]


def _filled(text: str, chapter: Chapter | None) -> str:
    return re.sub(r"\{(\w+)\}", lambda hole: chapter.names[hole[1]] if chapter else hole[0], text)


def _must_show(part: Part, build: Build, pattern: str) -> None:
    place, _, rule = pattern.partition(" as ")
    for each in _places(build, place):
        if not part.shows(each, rule):
            raise Absent(f"{part.label} does not show {each}")


def _places(build: Build, pattern: str) -> list[str]:
    """Return the places of metrics.json that a pattern stands for; a star leaves out those that have no value.

    Raises Absent: metrics.json has none of them.
    """
    found: list[tuple[str, object]] = [("", build.values)]
    for name in pattern.split("/")[1:]:
        found = [
            (f"{at}/{key}", inner) for at, value in found for key, inner in _inside(value) if name in ("*", key)
        ]  # fmt: skip
    if not found:
        raise Absent(f"metrics.json has no {pattern}")
    return [at for at, value in found if value is not None or "*" not in pattern]


def _inside(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, (list, tuple)):
        yield from ((str(number), inner) for number, inner in enumerate(value))


def _columns(build: Build, anchor: str) -> dict[str, list[str]]:
    """Read the data behind a figure or a table."""
    path = build.folder / "report" / "data" / f"{anchor}.csv"
    build.file(path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return {name: [row[place] for row in rows[1:] if row[place]] for place, name in enumerate(rows[0])}


def _wanted(wanted: Wanted, chapter: Chapter | None) -> list[str] | int:
    if chapter is None or not isinstance(wanted, str):
        return wanted if isinstance(wanted, int) else list(wanted)
    if wanted == "classes":
        return len(chapter.dataset.class_names)
    if wanted == "variants":
        return list(chapter.study.variants)
    return ["×".join(map(str, shape)) for shape in chapter.models[chapter.names[wanted]].shapes]


def _must_have(part: Part, columns: dict[str, list[str]], column: str, wanted: list[str] | int) -> None:
    values = columns.get(column, [])
    if isinstance(wanted, int):
        if len(set(values)) < wanted:
            raise Absent(f"the data of {part.label} have {len(set(values))} of {wanted} different values of {column!r}")
    elif lacking := [each for each in dict.fromkeys(wanted) if values.count(each) < wanted.count(each)]:
        raise Absent(f"the data of {part.label} lack {', '.join(lacking)} in {column!r}")


# ---------------------------------------------------------------- experiments and decisions


def _pooling(model: ModelSpec) -> str:
    return ", ".join(sorted({layer.kind for layer in model.layers if isinstance(layer, Pool2d)})) or "none"


# What a network has of each factor. Of several convolutions the first counts: some studies vary that one alone.
VALUES: dict[str, Callable[[ModelSpec], object]] = {
    "kernel": lambda model: model.convolutions[0].kernel,
    "filters": lambda model: model.convolutions[0].filters,
    "depth": lambda model: len(model.convolutions),
    "pooling": _pooling,
    "stride": lambda model: model.convolutions[0].stride,
}


def takes_all(factor: str, values: Iterable[object], models: Iterable[ModelSpec]) -> bool:
    """Tell whether these networks take all values of a factor."""
    return set(values) <= {VALUES[factor](model) for model in models}


def _varied(build: Build, chapter: Chapter, factor: str, values: tuple[str | int, ...]) -> list[EvidenceLink]:
    """Look for an experiment whose networks take all these values, and for its comparisons."""
    for name, experiment in chapter.study.experiments.items():
        models = (chapter.models[variant] for variant in experiment.variants)
        if experiment.factor == factor and takes_all(factor, values, models):
            table = build.documents.part(f"tbl-{chapter.id}-{name}")
            _must_show(table, build, f"/studies/{chapter.id}/experiments/{name}/comparisons/*/effect")
            return [build.documents.part(f"sec-{chapter.id}-{name}").evidence, table.evidence]
    raise Absent(f"no experiment takes {factor} through {', '.join(map(str, values))}")


def _decided(build: Build, chapter: Chapter, choice: str) -> list[EvidenceLink]:
    """Look for a row with choice and reason for a decision, or for all that the study declares."""
    declared = chapter.study.decisions
    if not declared:
        raise Absent("the study declares no design decisions")
    table = build.documents.part(f"tbl-{chapter.id}-decisions")
    wanted = [number for number, each in enumerate(declared) if choice in ("all", each.about)]
    if not wanted:
        raise Absent(f"no design decision is about {choice!r}")
    for number in wanted:
        reason, at = declared[number].reason, f"/studies/{chapter.id}/decisions/{number}"
        if TO_DO in reason or len(reason.split()) < FEWEST_WORDS_OF_A_REASON:
            named = declared[number].decision if choice == "all" else choice
            raise Absent(f"{table.label} gives no reason for {named!r}")
        for what in ("decision", "choice", "reason"):
            _must_show(table, build, f"{at}/{what}")
    return [table.evidence]
