"""Whether a build has what a criterion needs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from convscope.grade import checks
from convscope.grade.assignment import Need, Scope, Wanted
from convscope.grade.build import Build, Chapter, takes_all
from convscope.grade.records import Absent, EvidenceLink
from convscope.language import catalogue, language_of
from convscope.report.page import Part

TO_DO = "TODO"  # as the template of a new study has it: what is still to be written
FEWEST_WORDS_OF_A_REASON = 4


@dataclass(frozen=True)
class Inspection:
    """What was found: the evidence, and what is missing; a criterion is present when nothing is."""

    evidence: tuple[EvidenceLink, ...]
    missing: tuple[str, ...]


def look(build: Build, needs: Iterable[Need], scope: Scope) -> Inspection:
    """Look for all needs of a criterion: once, in each study of the scope, or in one study together."""
    needs = tuple(needs)
    if scope == "report":
        return _found(needs, build, None)
    chapters = build.chapters if scope == "some" else getattr(build, scope)
    looked = [_found(needs, build, chapter) for chapter in chapters]
    if not looked:
        return Inspection((), ("no study sets a convolutional network beside one without convolution.",))
    if scope == "some":
        looked = [found for found in looked if not found.missing] or [Inspection((), f.missing) for f in looked]
    return Inspection(
        tuple(dict.fromkeys(each for found in looked for each in found.evidence)),
        tuple(dict.fromkeys(reason for found in looked for reason in found.missing)),
    )


def _found(needs: tuple[Need, ...], build: Build, chapter: Chapter | None) -> Inspection:
    say = catalogue(language_of(build.root / "report")).sentence
    prefix = f"{chapter.study.title}: " if chapter else ""
    try:
        return Inspection(tuple(dict.fromkeys(each for need in needs for each in _evidence(need, build, chapter))), ())
    except Absent as absent:
        return Inspection((), (f"{prefix}{say(str(absent).rstrip('.'))}.",))


def _evidence(need: Need, build: Build, chapter: Chapter | None) -> list[EvidenceLink]:
    if need.check:
        return checks.CHECKS[need.check](build, chapter)
    if need.place:
        return _in_report(need, build, chapter)
    if need.file:
        return _in_file(need, build)
    if need.evidence:
        return _deployed(need, build)
    for pattern, fewest in need.least.items():
        _must_have_enough(build, _filled(pattern, chapter), fewest, need.otherwise)
    return _in_study(need, build, chapter) if chapter else []


def _filled(text: str, chapter: Chapter | None) -> str:
    return re.sub(r"\{(\w+)\}", lambda hole: chapter.names.get(hole[1], hole[0]) if chapter else hole[0], text)


# ---------------------------------------------------------------- places of metrics.json and evidence.json


def _at(value: object, pattern: str) -> list[tuple[str, object]]:
    """Return the places that a pattern stands for, with what is there; report/assignment.yml says how one is read."""
    found = [("", value)]
    for step in pattern.split("/")[1:]:
        found = [(f"{at}/{key}", inner) for at, each in found for key, inner in _inside(each, step)]
    return found


def _inside(value: object, step: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, (list, tuple)):
        value = {str(number): inner for number, inner in enumerate(value)}
        step = next(reversed(value), step) if step == "-1" else step
    name, _, wanted = step.partition("=")
    for key, inner in value.items() if isinstance(value, dict) else ():
        held = inner if key == name else inner.get(name) if isinstance(inner, dict) else None
        if step in ("*", key) or (wanted and held is not None and re.fullmatch(wanted, str(held))):
            yield key, inner


def _places(build: Build, pattern: str) -> list[str]:
    """Return the places of metrics.json that a pattern stands for; a star leaves out those that have no value.

    Raises Absent: metrics.json has none of them.
    """
    found = _at(build.values, pattern)
    if not found:
        raise Absent(f"metrics.json has no {pattern}")
    return [at for at, value in found if value is not None or "*" not in pattern]


def _must_have_enough(build: Build, pattern: str, fewest: int, otherwise: str) -> None:
    """Look for a number of at least so much at each place, or for so many different entries or characters."""
    for place in _places(build, pattern):
        ((_, value),) = _at(build.values, place)
        size = value if isinstance(value, int) else len(set(value) if isinstance(value, list) else str(value))
        if size < fewest:
            raise Absent(otherwise or f"metrics.json has {size} of {fewest} at {place}")


def _deployed(need: Need, build: Build) -> list[EvidenceLink]:
    """Look at the evidence as it is: it may be damaged in other places."""
    evidence, folder = build.deployment
    if not all(_at(evidence, pattern) for pattern in need.evidence):
        raise Absent(need.otherwise or f"evidence.json does not show {' and '.join(need.evidence)}")
    return [build.file(folder / "evidence.json")]


def _in_file(need: Need, build: Build) -> list[EvidenceLink]:
    found = build.file(build.root / need.file, need.file)
    text = (build.root / need.file).read_text(encoding="utf-8") if need.has else ""
    if lacking := [pattern for pattern in need.has if not re.search(pattern, text, re.MULTILINE)]:
        raise Absent(need.otherwise or f"{need.file} lacks {lacking[0]}")
    return [found]


# ---------------------------------------------------------------- a part of the report


def _in_report(need: Need, build: Build, chapter: Chapter | None) -> list[EvidenceLink]:
    anchor = _filled(need.place, chapter)
    if "*" not in anchor:
        return _in_part(need, anchor, build, chapter)
    for each in build.documents.like(anchor):
        with suppress(Absent):
            return _in_part(need, each, build, chapter)
    raise Absent(need.otherwise or f"the report has no part {anchor}")


def _in_part(need: Need, anchor: str, build: Build, chapter: Chapter | None) -> list[EvidenceLink]:
    fill = partial(_filled, chapter=chapter)
    part = build.documents.part(anchor)
    if anchor.startswith("fig-") and not part.has_picture:
        raise Absent(f"{part.label} has no picture")
    for pattern in need.shows:
        _must_show(part, build, fill(pattern))
    if need.either and not any(part.shows(place) for pattern in need.either for place in _places(build, fill(pattern))):
        raise Absent(f"{part.label} shows none of {', '.join(map(fill, need.either))}")
    for topic, fewest in need.topics.items():
        said = " ".join(part.topics.get(topic, []))
        if TO_DO in said or len(said.split()) < fewest:
            raise Absent(f"{part.label} says {'too little' if said else 'nothing'} of {topic}")
    prose = " ".join(part.prose)
    if need.words and (len(prose.split()) < need.words or TO_DO in prose):
        todo = f", and says {TO_DO}" if TO_DO in prose else ""
        raise Absent(f"{part.label} has {len(prose.split())} words of {need.words}{todo}")
    if lacking := [symbol for symbol in need.symbols if symbol not in part.title]:
        raise Absent(f"{part.label} lacks {', '.join(lacking)}")
    if need.rows:
        _must_have(part, anchor, {column: _wanted(wanted, chapter) for column, wanted in need.rows.items()}, build)
    return [build.documents.evidence(anchor)]


def _must_show(part: Part, build: Build, pattern: str) -> None:
    place, _, rule = pattern.partition(" as ")
    for each in _places(build, place):
        if not part.shows(each, rule):
            raise Absent(f"{part.label} does not show {each}")


def _wanted(wanted: Wanted, chapter: Chapter | None) -> list[str] | int:
    if chapter is None or not isinstance(wanted, str):
        return wanted if isinstance(wanted, int) else list(wanted)
    if wanted == "classes":
        return len(chapter.dataset.class_names)
    if wanted == "variants":
        return list(chapter.study.variants)
    return ["×".join(map(str, shape)) for shape in chapter.models[chapter.names[wanted]].shapes]


def _must_have(part: Part, anchor: str, columns: dict[str, list[str] | int], build: Build) -> None:
    """Read the data behind a figure or a table."""
    path = build.folder / "report" / "data" / f"{anchor}.csv"
    build.file(path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for column, wanted in columns.items():
        values = [row[column] for row in rows if row.get(column)]
        if isinstance(wanted, int):
            if (drawn := len(set(values))) < wanted:
                raise Absent(f"the data of {part.label} have {drawn} of {wanted} different values of {column!r}")
        elif lacking := [each for each in dict.fromkeys(wanted) if values.count(each) < wanted.count(each)]:
            raise Absent(f"the data of {part.label} lack {', '.join(lacking)} in {column!r}")


# ---------------------------------------------------------------- experiments and decisions


def _in_study(need: Need, build: Build, chapter: Chapter) -> list[EvidenceLink]:
    if need.decides:
        return _decided(build, chapter, need.decides)
    return [each for factor, values in need.varies.items() for each in _varied(build, chapter, factor, values)]


def _varied(build: Build, chapter: Chapter, factor: str, values: tuple[str | int, ...]) -> list[EvidenceLink]:
    """Look for an experiment whose networks take all these values, and for its comparisons."""
    for name, experiment in chapter.study.experiments.items():
        models = (chapter.models[variant] for variant in experiment.variants)
        if experiment.factor == factor and takes_all(factor, values, models):
            anchor = f"{chapter.id}-{name}"
            compared = f"/studies/{chapter.id}/experiments/{name}/comparisons/*/effect"
            _must_show(build.documents.part(f"tbl-{anchor}"), build, compared)
            return [build.documents.evidence(f"{kind}-{anchor}") for kind in ("sec", "tbl")]
    raise Absent(f"no experiment takes {factor} through {', '.join(map(str, values))}")


def _decided(build: Build, chapter: Chapter, choice: str) -> list[EvidenceLink]:
    """Look for a row with choice and reason for a decision, or for all that the study declares."""
    declared = chapter.study.decisions
    if not declared:
        raise Absent("the study declares no design decisions")
    wanted = [number for number, each in enumerate(declared) if choice in ("all", each.about)]
    if not wanted:
        raise Absent(f"no design decision is about {choice!r}")
    anchor = f"tbl-{chapter.id}-decisions"
    table = build.documents.part(anchor)
    for number in wanted:
        reason = declared[number].reason
        if TO_DO in reason or len(reason.split()) < FEWEST_WORDS_OF_A_REASON:
            raise Absent(f"{table.label} gives no reason for {declared[number].decision!r}")
        for what in ("decision", "choice", "reason"):
            _must_show(table, build, f"/studies/{chapter.id}/decisions/{number}/{what}")
    return [build.documents.evidence(anchor)]
