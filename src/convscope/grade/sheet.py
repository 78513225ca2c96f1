"""The grade sheet: each criterion of the assignment, and the evidence that this build has for it.

It counts evidence. It awards no points and judges no prose: that is the grader's part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

import jinja2
from rich.console import Console
from rich.markdown import Markdown

from convscope.files import write_json, write_text
from convscope.grade.assignment import Assignment, Checklist, Criterion, Question, Task, read_assignment
from convscope.grade.build import Build, takes_all
from convscope.grade.facts import facts_of
from convscope.grade.needs import look
from convscope.grade.records import (
    AnsweredChecklist,
    AnsweredQuestion,
    CheckedCriterion,
    CheckedTask,
    EvidenceLink,
    Grade,
)
from convscope.language import catalogue, language_of
from convscope.report.document import DOCUMENTS
from convscope.studies import PROFILES, STUDIES, Profile, Study

SCHEMA = 1
MISSING = "missing"  # the status of a criterion whose evidence is not all there
SAYS = (
    "Evidence present or missing, nothing more: no points are awarded, and whether the writing is good is left to the "
    "grader."
)
VARY = 'Run a study that varies it, by `make all STUDIES="…" PROFILE=…`:'
TOY = "Smoke profile: toy sizes, to show that everything runs. Its numbers answer nothing: do not hand it in."
LINKS = 4
"""Pieces of evidence that the page shows of a criterion."""

PAGES = {"index.md": "grade.md.jinja", "checklists.md": "checklists.md.jinja"}  # template of each page of the site
Say = Callable[[str], str]  # in the language of the document


def grade(build: Build, assignment: Assignment | None = None) -> Grade:
    """Look at a build with every criterion and every question of the checklists.

    Parameters
    ----------
    assignment
        What is asked; None takes that of the build's checkout.
    """
    assignment = assignment or read_assignment(build.root)
    facts = facts_of(build)
    language = language_of(build.root / "report")
    say = catalogue(language).text
    tasks = tuple(
        CheckedTask(
            id=task.id,
            title=say(task.title),
            points=task.points,
            worth=say(task.worth),
            criteria=tuple(_criterion(criterion, task, build, say) for criterion in task.criteria),
        )
        for task in assignment.tasks
    )
    return Grade(
        schema=SCHEMA,
        language=language,
        says=say(SAYS),
        toy=say(TOY) if build.metrics.profile == "smoke" else "",
        profile=build.metrics.profile,
        studies=tuple(chapter.id for chapter in build.chapters),
        present=sum(task.present for task in tasks),
        criteria=sum(len(task.criteria) for task in tasks),
        tasks=tasks,
        checklists=tuple(_answered(checklist, build, facts, say) for checklist in assignment.checklists),
    )


def _criterion(criterion: Criterion, task: Task, build: Build, say: Say) -> CheckedCriterion:
    outcome = look(build, criterion.needs, criterion.of or task.of)
    varied = {factor: values for need in criterion.needs for factor, values in need.varies.items()}
    step = say(criterion.step) or " ".join(_study_that_varies(*each, say) for each in varied.items()) or say(task.step)
    return CheckedCriterion(
        id=criterion.id,
        task=task.id,
        statement=say(criterion.asks),
        points=task.points,
        part_of=say(task.worth),
        status=MISSING if outcome.missing else "evidence present",
        evidence=outcome.evidence,
        missing=outcome.missing,
        next_step=step if outcome.missing else "",
    )


def _study_that_varies(factor: str, values: Sequence[object], say: Say) -> str:
    """Say which studies of the package take a factor through its values, and in which profiles."""

    def provides(study: Study, profile: Profile) -> bool:
        return profile in study.budgets and any(
            experiment.factor == factor
            and takes_all(factor, values, (study.variant(variant).model for variant in experiment.variants))
            for experiment in study.experiments_in(profile)
        )

    every = {name: [p for p in PROFILES if provides(study, p)] for name, study in STUDIES.items()}
    listed = "; ".join(f"`{name}` (profiles {', '.join(profiles)})" for name, profiles in every.items() if profiles)
    return f"{say(VARY)} {listed}."


def _answered(checklist: Checklist, build: Build, facts: dict[str, str], say: Say) -> AnsweredChecklist:
    return AnsweredChecklist(
        title=say(checklist.title),
        about=say(checklist.about),
        source=checklist.source,
        link=checklist.link,
        questions=tuple(_answer(question, build, facts, say) for question in checklist.questions),
    )


def _answer(question: Question, build: Build, facts: dict[str, str], say: Say) -> AnsweredQuestion:
    outcome = look(build, question.needs, question.of)
    missing = " ".join(f"{reason[:1].upper()}{reason[1:]}" for reason in outcome.missing)
    return AnsweredQuestion(
        question=say(question.asks),
        answer=say("no" if missing else question.answer),
        because=missing or say(question.because).format_map(facts),
        evidence=() if missing else outcome.evidence,
    )


def write_grade(root: Path, folder: Path, evidence_folders: Sequence[Path] = ()) -> Grade:
    """Grade a build; write grade.json into its folder, and the pages for the site into ``grade/``.

    Raises ReportError: there is no metrics.json, or the assignment cannot be read.

    Parameters
    ----------
    folder
        ``build/PROFILE``.
    """
    graded = grade(Build(root, folder, evidence_folders))
    write_json(folder / "grade.json", graded.as_json())
    write_sheet(graded, folder / "grade")
    return graded


def write_sheet(graded: Grade, folder: Path) -> None:
    """Write the pages of the site from grade.json."""
    for name, template in PAGES.items():
        write_text(folder / name, _page(graded, template))


def _page(graded: Grade, template: str) -> str:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.filters |= {"cell": _cell, "link": _link, "links": _links}
    text = files("convscope.grade").joinpath(template).read_text(encoding="utf-8")
    text = catalogue(graded.language).template(text)
    return environment.from_string(text).render(missing=graded.missing, **dict(graded))


def _cell(text: str) -> str:
    """Return a text that does not break a table of Markdown."""
    return text.replace("|", "\\|").replace("\n", " ")


def _link(evidence: EvidenceLink) -> str:
    """Return evidence as a link from the page of the site; a file of the checkout is named alone."""
    label, (file, _, anchor) = _cell(evidence.label), evidence.href.partition("#")
    if "deployment/" in file:
        return f"[{label}](../deployment/index.md)"
    if file != "metrics.json" and not file.startswith("report/"):
        return f"`{label}`"
    pages = {f"report/{name}.html": f"report/{page}#{anchor}" for name, page in DOCUMENTS.items() if anchor}
    target = pages.get(file, f"report/{file.removeprefix('report/')}")
    pdf = f"../{file.removesuffix('.html').removesuffix('.pdf')}.pdf"
    page = f" ([p. {evidence.page}]({pdf}#page={evidence.page}))" if evidence.page else ""
    return f"[{label}](../{target}){page}"


def _links(evidence: Sequence[EvidenceLink]) -> str:
    """Return the first pieces of evidence as links, and where the others stand: a criterion can have thirty."""
    more = f", [+{len(evidence) - LINKS}](grade.json)" if len(evidence) > LINKS else ""
    return ", ".join(map(_link, evidence[:LINKS])) + more


def show(graded: Grade, console: Console) -> None:
    """Print the page of the site, without the boxes and anchors of its Markdown."""
    page = re.sub(r"<span[^>]*></span>|^!!! .*\n|^    ", "", _page(graded, PAGES["index.md"]), flags=re.MULTILINE)
    console.print(Markdown(page))
    console.print(f"\nEvidence for {graded.present} of {graded.criteria} criteria, profile {graded.profile}.")
