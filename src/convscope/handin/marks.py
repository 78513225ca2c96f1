"""What a lecturer gets of many submissions: a table, a CSV to enter points into, and a page of feedback for each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from convscope.files import csv_text, write_text
from convscope.grade.assignment import Assignment
from convscope.grade.sheet import SAYS
from convscope.handin.examine import Finding

_COLOURS = {"holds": "green", "look at it": "yellow", "does not hold": "bold red"}
Row = dict[str, str | int]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet would compute


def show(found: Sequence[Finding], console: Console) -> None:
    """Print a row for each submission, those that do not hold first, and then why."""
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for heading in ("Archive", "Authors", "Result", "Evidence", "Changed", "Why"):
        table.add_column(heading, overflow="fold")
    for each in in_order(found):
        reasons = each.problems or each.notes or list(filter(None, [each.retrained]))
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        evidence = f"{each.grade.present} of {each.grade.criteria}" if each.grade else "–"
        table.add_row(
            Text(each.archive), Text(each.authors), Text(each.state, _COLOURS[each.state]), evidence,
            str(len(each.changed)), Text(f"{reasons[0]}{more}" if reasons else ""),
        )  # fmt: skip
    console.print(table)
    forged = [each.archive for each in in_order(found) if each.problems]
    many, hold = "" if len(found) == 1 else "s", "does" if len(forged) == 1 else "do"
    console.print(f"\n{len(found)} submission{many}, {len(forged)} {hold} not hold{': ' if forged else ''}", end="")
    console.print(Text(", ".join(forged), "bold red"))


def in_order(found: Sequence[Finding]) -> list[Finding]:
    """Those that do not hold first, then those to look at."""
    return sorted(found, key=lambda each: (list(_COLOURS)[::-1].index(each.state), each.archive))


def write_csv(found: Sequence[Finding], assignment: Assignment, path: Path) -> None:
    """Write a row for each submission; the columns of points are empty, for they are the lecturer's."""
    write_text(path, csv_text([_row(each, assignment) for each in in_order(found)]))


def _row(found: Finding, assignment: Assignment) -> Row:
    manifest = found.manifest
    tasks = {task.id: task for task in found.grade.tasks} if found.grade else {}
    row: Row = {"archive": found.archive, "authors": found.authors}
    row |= {f"author: {name}": value for name, value in manifest.get("extra", {}).items()}
    row |= {name: manifest.get(name, "") for name in ("course", "profile", "commit", "seal")}
    row |= {"result": found.state, "problems": len(found.problems), "why": (found.problems or found.notes or [""])[0]}
    row["trained again"] = found.retrained
    row["evidence"] = found.grade.present if found.grade else ""
    for task in assignment.tasks:
        there = tasks.get(task.id)
        row[f"{task.title}: evidence"] = f"{there.present}/{len(task.criteria)}" if there else ""
        if task.points:
            row[f"{task.title}: points of {task.points}"] = ""
    row["changed files"] = " ".join(found.changed)
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    """Return a text that no spreadsheet takes for a formula: names come from strangers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def write_feedback(found: Sequence[Finding], folder: Path) -> list[Path]:
    """Write a page of Markdown for each submission, named after its archive; what is missing comes first."""
    written = []
    for each in found:
        name = re.sub(r"[^\w.-]+", "-", each.archive.removesuffix(".zip")).strip(".-") or "submission"
        path = folder / f"{name}.md"
        number = 2
        while path in written:
            path, number = folder / f"{name}-{number}.md", number + 1
        write_text(path, feedback(each))
        written.append(path)
    return written


def feedback(found: Finding) -> str:
    """Return what a student is told."""
    manifest = found.manifest
    lines = [f"# {_line(manifest.get('title', found.archive))}", ""]
    if found.authors:
        lines += [f"{_line(found.authors)}, {_line(manifest['course'])}. Seal `{manifest['seal']}`.", ""]
    lines += _section("What does not hold", found.problems)
    if found.grade:
        if found.grade.toy:
            lines += [f"**{found.grade.toy}**", ""]
        lines += _section(
            "What is missing",
            [f"{each.statement}: {' '.join(each.missing)} {each.next_step}" for each in found.grade.missing],
        )
        lines += ["## Tasks", "", "| Task | Evidence |", "|:--|--:|"]
        for task in found.grade.tasks:
            lines.append(f"| {task.title} ({task.worth}) | {task.present} of {len(task.criteria)} |")
        lines += ["", SAYS, ""]
    lines += _section("What was noted", [*found.notes, *filter(None, [found.retrained])])
    lines += _section("Source files that are not those of the course", [f"`{name}`" for name in found.changed])
    return "\n".join(lines)


def _section(heading: str, items: Sequence[str]) -> list[str]:
    return [f"## {heading}", "", *(f"- {_line(item)}" for item in items), ""] if items else []


def _line(text: Any) -> str:
    return " ".join(str(text).split())
