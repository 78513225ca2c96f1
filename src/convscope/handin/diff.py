"""What changed between two submissions: specifications, results, verdicts, criteria, source, figures, files."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from convscope.analysis.metrics_file import SCHEMA
from convscope.errors import ConvscopeError
from convscope.files import Json
from convscope.handin import verify
from convscope.report.formats import decimal, percent, points
from convscope.specs import from_json

ABSENT = "–"


class SubmissionError(ConvscopeError):
    """A file that is no submission, or one that this version cannot read."""


@dataclass(frozen=True)
class Submission:
    """What is compared of a submission."""

    name: str
    # the loaded MANIFEST.json, metrics.json and grade.json
    manifest: Json
    metrics: Json
    grade: Json


@dataclass(frozen=True)
class Change:
    """One thing that differs."""

    what: str  # its name, as far as a reader needs it
    # as they are shown; a dash where it is absent
    old: str
    new: str
    change: str = ""  # new minus old, where both are numbers; else empty


@dataclass(frozen=True)
class Changes:
    """All that differs between two submissions, by kind; false where nothing does."""

    made_from: tuple[Change, ...]  # commit, profile, author
    studies: tuple[Change, ...]  # added, removed, run or not run
    specifications: tuple[Change, ...]  # networks, layer by layer, with their parameters, and settings of training
    criteria: tuple[Change, ...]  # of the assignment, with evidence or without
    verdicts: tuple[Change, ...]  # on claims
    results: tuple[Change, ...]  # means over seeds
    effects: tuple[Change, ...]  # differences between variants
    # by their SHA-256
    source: tuple[Change, ...]
    figures: tuple[Change, ...]
    other_files: tuple[Change, ...]

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))


def read_submission(path: Path) -> Submission:
    """Read manifest and metrics of a submission.

    Raises SubmissionError: no such file, no archive, no submission, one that was changed, or one of another format.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            places = [name for name in archive.namelist() if name.rpartition("/")[2] == verify.MANIFEST]
            folder = min(places, key=len).removesuffix(verify.MANIFEST)  # its own; source/ may have another
            written = archive.read(f"{folder}{verify.MANIFEST}")
            read = {name: archive.read(f"{folder}{name}") for name in (verify.METRICS, verify.GRADE_SHEET)}
        manifest = json.loads(written)
        intact = manifest["seal"] == verify.seal_of(written, manifest["seal"]) and all(
            manifest["files"][name]["sha256"] == sha256(content).hexdigest() for name, content in read.items()
        )
    except OSError as error:
        raise SubmissionError(f"{path} cannot be read: {error.strerror}.") from None
    except zipfile.BadZipFile as error:
        raise SubmissionError(f"{path} is no zip archive: {error}.", "`make submit` writes one.") from None
    except (KeyError, ValueError, TypeError, AttributeError):
        raise SubmissionError(f"{path} is no submission of convscope.", "`make submit` writes one.") from None
    if not intact:
        raise SubmissionError(f"{path} was changed since it was sealed.", "Unpack it and run verify.py in it.")
    if (manifest["format"], manifest["metrics_schema"]) != (verify.FORMAT, SCHEMA):
        raise SubmissionError(
            f"{path} is of format {manifest['format']} with metrics of schema {manifest['metrics_schema']}; "
            f"this version reads format {verify.FORMAT} with schema {SCHEMA}.",
            f"The version at commit {manifest['commit'][:12]} reads it.",
        )
    return Submission(path.name, manifest, *map(json.loads, read.values()))


def compare(old: Submission, new: Submission) -> Changes:
    """Return what differs; times on a clock are left out."""
    files = list(_files(old, new))
    return Changes(
        made_from=tuple(_texts(_origin(old), _origin(new))),
        studies=tuple(_texts(*({name: s["status"] for name, s in e.metrics["studies"].items()} for e in (old, new)))),
        specifications=tuple(_texts(_specifications(old.metrics), _specifications(new.metrics))),
        criteria=tuple(_texts(_criteria(old.grade), _criteria(new.grade))),
        verdicts=tuple(_texts(*({name: _verdict(c) for name, c in e.metrics["claims"].items()} for e in (old, new)))),
        results=tuple(_results(old.metrics, new.metrics)),
        effects=tuple(_effects(old.metrics, new.metrics)),
        figures=tuple(row for row in files if row.what.startswith("figures/")),
        source=tuple(row for row in files if row.what.startswith("source/")),
        other_files=tuple(row for row in files if not row.what.startswith(("figures/", "source/"))),
    )


def show(changes: Changes, console: Console, most_files: int = 30) -> None:
    """Write what differs as tables; of the many other files the first so many."""
    if not changes:
        console.print("Nothing differs.")
    for field in fields(changes):
        rows = getattr(changes, field.name)
        if not rows:
            continue
        shown = rows[:most_files] if field.name in ("source", "other_files") else rows
        table = Table(title=field.name.replace("_", " ").capitalize(), title_justify="left", title_style="bold")
        table.add_column("What", overflow="fold")
        for heading in ("Old", "New", "Change")[: 3 if any(row.change for row in rows) else 2]:
            table.add_column(heading, justify="right" if field.name in ("results", "effects") else "left")
        for row in shown:
            table.add_row(row.what, row.old, row.new, *([row.change] if len(table.columns) == 4 else []))
        console.print(table)
        if len(shown) < len(rows):
            console.print(f"and {len(rows) - len(shown)} more files")


def _origin(submission: Submission) -> dict[str, str]:
    manifest = submission.manifest
    return {
        "title": manifest["title"],
        "course": manifest["course"],
        "authors": ", ".join(manifest["authors"]),
        "profile": manifest["profile"],
        "commit": manifest["commit"][:12] + (" (modified)" if manifest["dirty"] else ""),
    }


def _specifications(metrics: Json) -> dict[str, str]:
    """Return every part of what was asked for, as it is shown."""
    found = {}
    for study, described in metrics["studies"].items():
        for name, value in described.get("training", {}).items():
            found[f"{study}, training: {name}"] = str(value)
        for name, variant in described.get("variants", {}).items():
            at = f"{study}/{name}"
            layers = from_json(variant["model"]).layers
            found |= {f"{at}, layer {number}": ", ".join(layer.words) for number, layer in enumerate(layers, 1)}
            found[f"{at}, parameters"] = f"{variant['parameters']:,}"
    return found


def _criteria(graded: Json) -> dict[str, str]:
    return {each["statement"]: each["status"] for task in graded["tasks"] for each in task["criteria"]}


def _verdict(claim: Json) -> str:
    verdict, leaning = claim["verdict"], claim["leaning"]
    return f"{verdict}, leaning to {leaning}" if leaning not in (None, verdict) else str(verdict)


def _texts(old: dict[str, str], new: dict[str, str]) -> Iterator[Change]:
    for what, before, after in _pairs(old, new):
        yield Change(what, ABSENT if before is None else before, ABSENT if after is None else after)


def _results(old: Json, new: Json) -> Iterator[Change]:
    for measure, wording in (("test_accuracy", percent), ("test_loss", decimal)):
        before, after = ({place: v[measure] for place, v in _variants(metrics).items()} for metrics in (old, new))
        for place, a, b in _pairs(before, after):
            texts = [f"{wording(m['mean'], 3)} (n={m['n']})" if m else ABSENT for m in (a, b)]
            moved = b["mean"] - a["mean"] if a and b else 0.0
            change = "" if not (a and b) else points(moved, 3) if wording is percent else decimal(moved, 3)
            yield Change(f"{place} {measure.replace('_', ' ')}", texts[0], texts[1], change)


def _effects(old: Json, new: Json) -> Iterator[Change]:
    for place, a, b in _pairs(_comparisons(old), _comparisons(new)):
        texts = [points(c["effect"], 3) if c else ABSENT for c in (a, b)]
        yield Change(place, texts[0], texts[1], points(b["effect"] - a["effect"], 3) if a and b else "")


def _variants(metrics: Json) -> Json:
    return {
        f"{study}/{name}": variant
        for study, described in metrics["studies"].items()
        for name, variant in described.get("variants", {}).items()
    }


def _comparisons(metrics: Json) -> Json:
    found: Json = {}
    for study, described in metrics["studies"].items():
        groups = {name: experiment["comparisons"] for name, experiment in described.get("experiments", {}).items()}
        for group, rows in (groups | {"against baseline": described.get("against_baseline", [])}).items():
            found |= {f"{study}, {group}: {row['a']} − {row['b']}": row for row in rows}
    return found


def _pairs(old: Json, new: Json) -> Iterator[tuple[str, Any, Any]]:
    for place in [*old, *(name for name in new if name not in old)]:
        a, b = old.get(place), new.get(place)
        if a != b:
            yield place, a, b


def _files(old: Submission, new: Submission) -> Iterator[Change]:
    before, after = old.manifest["files"], new.manifest["files"]
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            sizes = [f"{each[name]['bytes']:,} bytes" if name in each else ABSENT for each in (before, after)]
            yield Change(name, sizes[0], sizes[1])
