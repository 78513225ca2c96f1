"""grade.json as types: each criterion of the assignment with the evidence that a build has for it."""

from __future__ import annotations

from pydantic import Field

from convscope.grade.documents import EvidenceLink
from convscope.records import Record


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
