"""report/assignment.yml: what is asked, how many points each task gives, and where a build must show it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Literal

import yaml
from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from convscope.errors import ReportError
from convscope.records import Record

FILE = Path("report/assignment.yml")
Scope = Literal["comparisons", "experiments", "some", "report"]
Wanted = list[str] | int | Literal["classes", "variants", "baseline", "reference"]


class _Written(Record):
    model_config = ConfigDict(strict=False)  # YAML has lists where tuples are declared


class Need(_Written):
    """One thing that a build must have; the head of report/assignment.yml says what each field means."""

    place: str = Field("", alias="in")
    shows: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    rows: dict[str, Wanted] = Field(default_factory=dict)
    topics: dict[str, int] = Field(default_factory=dict)
    words: int = 0
    symbols: str = ""
    least: dict[str, int] = Field(default_factory=dict)
    varies: dict[str, tuple[str | int, ...]] = Field(default_factory=dict)
    decides: str = ""
    evidence: tuple[str, ...] = ()
    file: str = ""
    has: tuple[str, ...] = ()
    check: str = ""
    otherwise: str = ""

    @model_validator(mode="before")
    @classmethod
    def _anchor_alone(cls, value: object) -> object:
        return {"in": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _asks_for_something(self) -> Need:
        asked = (self.place, self.least, self.varies, self.decides, self.evidence, self.file, self.check)
        if sum(map(bool, asked)) != 1:
            raise ValueError("a need has one of in, least, varies, decides, evidence, file, check")
        return self

    @field_validator("check")
    @classmethod
    def _known(cls, name: str) -> str:
        from convscope.grade.checks import CHECKS  # slow to import: who shows a sheet needs none

        if name and name not in CHECKS:
            raise ValueError(f"there is no check {name!r}; there is {', '.join(sorted(CHECKS))}")
        return name


class Criterion(_Written):
    """One thing that the assignment asks for; without scope and step it has those of its task."""

    id: str
    asks: str
    needs: tuple[Need, ...] = Field(min_length=1)
    of: Scope | None = None
    step: str = ""


class Task(_Written):
    """One task: its points rest on its criteria together."""

    id: str
    title: str
    points: int = Field(ge=0)
    worth: str
    of: Scope
    step: str
    criteria: tuple[Criterion, ...] = Field(min_length=1)


class Question(_Written):
    """One question of a checklist; it has this answer where its needs are there, and else no."""

    asks: str
    because: str
    answer: Literal["yes", "not applicable"] = "yes"
    needs: tuple[Need, ...] = ()
    of: Scope = "report"


class Checklist(_Written):
    """Questions after a checklist that others published."""

    title: str
    about: str
    source: str
    link: str
    questions: tuple[Question, ...]


class Assignment(_Written):
    """The whole file."""

    tasks: tuple[Task, ...] = Field(min_length=1)
    checklists: tuple[Checklist, ...] = ()

    @property
    def criteria(self) -> list[Criterion]:
        """Of all tasks."""
        return [criterion for task in self.tasks for criterion in task.criteria]

    @model_validator(mode="after")
    def _distinct(self) -> Assignment:
        for name, times in Counter(criterion.id for criterion in self.criteria).items():
            if times > 1:
                raise ValueError(f"two criteria have the id {name!r}")
        return self


def read_assignment(root: Path) -> Assignment:
    """Read the assignment of a checkout.

    Raises ReportError: it is not there, no YAML, or says something that nobody knows; file and line are named.
    """
    path = root / FILE
    try:
        text = path.read_text(encoding="utf-8")
        return Assignment.model_validate(yaml.safe_load(text))
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}.", "`git checkout` brings it back.") from None
    except yaml.YAMLError as error:
        raise ReportError(f"{path} is no YAML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        line = _line_of(yaml.compose(text), first["loc"])
        raise ReportError(
            f"{path}, line {line}: {first['msg']}, found {str(first['input'])[:100]!r}.",
            "The head of the file says what can stand there.",
        ) from None


def _line_of(node: yaml.Node | None, place: tuple[str | int, ...]) -> int:
    """Return the line, from 1, of the innermost place that the text has."""
    for key in place:
        inside: dict[str | int, yaml.Node] = {}
        if isinstance(node, yaml.MappingNode):
            inside = {name.value: value for name, value in node.value}
        elif isinstance(node, yaml.SequenceNode):
            inside = dict(enumerate(node.value))
        if key not in inside:
            break
        node = inside[key]
    return int(node.start_mark.line) + 1 if node else 1
