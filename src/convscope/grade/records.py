"""grade.json as types: each criterion of the assignment with the evidence that a build has for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from convscope.records import Record

Kind = Literal["section", "figure", "table", "equation", "metric", "file"]


class Absent(Exception):
    """Something that is asked for is not there; the message says what, in a reader's words."""


@dataclass(frozen=True)
class EvidenceLink:
    """Where a grader finds it."""

    kind: Kind  # what is there
    label: str  # as a reader sees it: ``"Figure 17"``
    href: str  # link, relative to the build folder: ``"report/report.html#fig-fashion-classes"``
    page: int | None = None  # of the PDF beside the HTML, from 1; None where it has none


class CheckedCriterion(Record):
    """One criterion, and where its evidence is or why there is none."""

    id: str
    task: str
    statement: str
    points: int
    part_of: str
    status: str
    evidence: tuple[EvidenceLink, ...]
    missing: tuple[str, ...]
    next_step: str


class CheckedTask(Record):
    """One task of the assignment with its criteria."""

    id: str
    title: str
    points: int
    worth: str
    criteria: tuple[CheckedCriterion, ...]

    @property
    def present(self) -> int:
        """How many criteria have evidence."""
        return sum(not criterion.missing for criterion in self.criteria)


class AnsweredQuestion(Record):
    """One question of a checklist, answered from the build."""

    question: str
    answer: str
    because: str
    evidence: tuple[EvidenceLink, ...]


class AnsweredChecklist(Record):
    """A checklist that others published."""

    title: str
    about: str
    source: str
    link: str
    questions: tuple[AnsweredQuestion, ...]


class Grade(Record):
    """The whole sheet."""

    version: int = Field(alias="schema")
    language: str
    says: str
    toy: str
    profile: str
    studies: tuple[str, ...]
    present: int
    criteria: int
    tasks: tuple[CheckedTask, ...]
    checklists: tuple[AnsweredChecklist, ...]

    @property
    def missing(self) -> list[CheckedCriterion]:
        """Criteria without evidence, of all tasks."""
        return [each for task in self.tasks for each in task.criteria if each.missing]
