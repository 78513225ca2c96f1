"""The grade sheet: each criterion of the assignment, and the evidence that this build has for it.

It counts evidence. It awards no points and judges no prose: that is the grader's part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from rich.console import Console
from rich.table import Table
from rich.text import Text

from convscope.files import write_json, write_text
from convscope.report.document import DOCUMENTS
from convscope.submission.chapters import Build
from convscope.submission.checklists import CHECKLISTS
from convscope.submission.rubric import TASKS, Criterion, Task

SCHEMA = 1
SAYS = (
    "Evidence present or missing, nothing more: no points are awarded, and whether the writing is good is left to the "
    "grader."
)
PAGES = {"index.md": "grade.md.jinja", "checklists.md": "checklists.md.jinja"}  # template of each page of the site
Grade = dict[str, Any]


def grade(build: Build) -> Grade:
    """Look at a build with every criterion and every question of the checklists.

    Returns
    -------
    dict
        What grade.json holds: ``tasks``, each with its ``criteria``, and ``checklists``.
    """
    tasks = [_task(task, build) for task in TASKS]
    criteria = [criterion for task in tasks for criterion in task["criteria"]]
    return {
        "schema": SCHEMA,
        "says": SAYS,
        "profile": build.profile,
        "studies": [chapter.id for chapter in build.chapters],
        "present": sum(criterion["status"] == "evidence present" for criterion in criteria),
        "criteria": len(criteria),
        "tasks": tasks,
        "checklists": [checklist.answered(build) for checklist in CHECKLISTS],
    }


def _task(task: Task, build: Build) -> dict[str, Any]:
    criteria = [_criterion(criterion, task, build) for criterion in task.criteria]
    return {"id": task.id, "title": task.title, "points": task.points, "worth": task.worth, "criteria": criteria}


def _criterion(criterion: Criterion, task: Task, build: Build) -> dict[str, Any]:
    outcome = criterion.check(build)
    step = "" if not outcome.missing else criterion.next_step
    return {
        "id": criterion.id,
        "task": task.id,
        "statement": criterion.statement,
        "points": task.points,
        "part_of": task.worth,
        "status": "missing" if outcome.missing else "evidence present",
        "evidence": [asdict(evidence) for evidence in outcome.evidence],
        "missing": list(outcome.missing),
        "next_step": step(build) if callable(step) else step,
    }


def write_grade(root: Path, folder: Path, evidence_folders: Sequence[Path] = ()) -> Grade:
    """Grade a build; write grade.json into its folder, and the pages for the site into ``grade/``.

    Parameters
    ----------
    root
        Of the checkout.
    folder
        ``build/PROFILE``.
    evidence_folders
        Where evidence of deployments may lie.

    Raises
    ------
    ReportError
        There is no metrics.json.
    """
    graded = grade(Build(root, folder, evidence_folders))
    write_json(folder / "grade.json", graded)
    write_pages(graded, folder / "grade")
    return graded


def write_pages(graded: Grade, folder: Path) -> None:
    """Write the pages of the site from grade.json."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.filters |= {"cell": _cell, "link": _link}
    for name, template in PAGES.items():
        text = files("convscope.submission").joinpath(template).read_text(encoding="utf-8")
        write_text(folder / name, environment.from_string(text).render(**graded))


def _cell(text: str) -> str:
    """Return a text that does not break a table of Markdown."""
    return text.replace("|", "\\|").replace("\n", " ")


def _link(evidence: dict[str, Any]) -> str:
    """Return evidence as a link from the page of the site; a file of the checkout is named alone."""
    label, href = _cell(evidence["label"]), evidence["href"]
    places = {f"report/{name}.html#": f"../report/{page}#" for name, page in DOCUMENTS.items()}
    places |= {"metrics.json#": "../report/metrics.json"}
    places |= {"report/": "../report/", "metrics.json": "../report/metrics.json"}
    for beginning, place in places.items():
        if href.startswith(beginning):
            target = place if place.endswith(".json") else place + href.removeprefix(beginning)
            pdf = "../" + href.partition("#")[0].removesuffix(".html").removesuffix(".pdf") + ".pdf"
            page = f" ([p. {evidence['page']}]({pdf}#page={evidence['page']}))" if evidence["page"] else ""
            return f"[{label}]({target}){page}"
    return f"[{label}](../deployment/index.md)" if "deployment/" in href else f"`{label}`"


def show(graded: Grade, console: Console) -> None:
    """Print the grade sheet as a table."""
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("Criterion", ratio=5)
    table.add_column("Evidence", no_wrap=True)
    table.add_column("Where, or what is missing", ratio=6)
    for task in graded["tasks"]:
        table.add_section()
        present = sum(criterion["status"] == "evidence present" for criterion in task["criteria"])
        name = f"{task['id']} {task['title']}" if task["id"].isdigit() else task["title"]
        table.add_row(
            Text(name, "bold"), Text(f"{present} of {len(task['criteria'])}", "bold"), Text(task["worth"], "bold")
        )
        for criterion in task["criteria"]:
            missing = criterion["status"] == "missing"
            state = Text("missing", "yellow") if missing else Text("present", "green")
            table.add_row(Text(criterion["statement"]), state, Text(_where(criterion)))
    console.print(table)
    console.print(f"\nEvidence for {graded['present']} of {graded['criteria']} criteria, profile {graded['profile']}.")
    console.print(Text(graded["says"]))


def _where(criterion: dict[str, Any]) -> str:
    if criterion["status"] == "missing":
        first, *more = criterion["missing"]
        return f"{first}{f' And {len(more)} more.' if more else ''} {criterion['next_step']}".replace("`", "")
    shown = [
        evidence["label"] + (f" (p. {evidence['page']})" if evidence["page"] else "")
        for evidence in criterion["evidence"]
    ]
    return ", ".join(shown[:3]) + (f", and {len(shown) - 3} more" if len(shown) > 3 else "")
