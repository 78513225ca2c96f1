"""Who hands the report in: report/author.yml, written by that person and never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from convscope.errors import ConvscopeError
from convscope.files import Json

FILE = "author.yml"
EXAMPLE = "author.example.yml"
_REQUIRED = ("title", "course", "authors")
_OPTIONAL = ("extra",)
_PERSON = ("family-names", "given-names", "affiliation", "orcid")
_PLACEHOLDER = re.compile(r"<.*>|\W*|(?i:todo|tbd|n/?a|none|unknown|x+|your name|name)")
_ORCID = re.compile(r"https://orcid\.org/\d{4}-\d{4}-\d{4}-\d{3}[\dX]")


class AuthorError(ConvscopeError):
    """The author's file is missing, or says less or other than it must."""


@dataclass(frozen=True)
class Person:
    """One author, as the Citation File Format names the parts."""

    # the first is always there
    family_names: str
    given_names: str = ""
    affiliation: str = ""  # university or other institution; may be empty
    orcid: str = ""  # full address (``https://orcid.org/0000-0002-1825-0097``); may be empty

    @property
    def name(self) -> str:
        """Full name, given names first."""
        return f"{self.given_names} {self.family_names}".strip()


@dataclass(frozen=True)
class Author:
    """What report/author.yml says."""

    title: str
    course: str  # for which it is handed in
    people: tuple[Person, ...]  # its authors, at least one
    # what else the course wants on the title page, in the author's own words: ``{"Matriculation number": "123"}``
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def front_matter(self) -> Json:
        """Head of the documents; Quarto shows the affiliation, our own templates the course."""
        shown = "; ".join((self.course, *(f"{name}: {text}" for name, text in self.extra.items())))
        people = [{"name": person.name, "affiliation": shown} for person in self.people]
        return {"title": self.title, "author": people, "course": shown}


def read_author(folder: Path) -> Author | None:
    """Read author.yml in the folder ``report/``; None where there is none.

    Raises
    ------
    AuthorError
        It is no YAML, lacks a field, or has an empty, unknown or placeholder one; the message names the field.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        written = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AuthorError(f"{path} cannot be read as YAML: {error}.", _as_in_example(path)) from None
    if not isinstance(written, dict):
        raise AuthorError(f"{path} holds {written!r}; it must hold title, course and authors.", _as_in_example(path))
    _check_names(path, "", written, (*_REQUIRED, *_OPTIONAL))
    people = written.get("authors")
    if not isinstance(people, list) or not people:
        raise AuthorError(f"{path}: authors is {people!r}; it must be a list of at least one.", _as_in_example(path))
    return Author(
        title=_text(path, "title", written.get("title")),
        course=_text(path, "course", written.get("course")),
        people=tuple(_person(path, f"authors[{place}]", person) for place, person in enumerate(people, start=1)),
        extra=_extra(path, written.get("extra")),
    )


def require_author(folder: Path) -> Author:
    """Read author.yml, which a submission must have.

    Raises
    ------
    AuthorError
        As for `read_author`; also where there is none.
    """
    author = read_author(folder)
    if author is None:
        raise AuthorError(
            f"A submission needs its author, course and title, and there is no {folder / FILE}.",
            f"`cp {folder.name}/{EXAMPLE} {folder.name}/{FILE}`, fill it in, commit it, and run `make submit` again.",
        )
    return author


def _extra(path: Path, written: Any) -> dict[str, str]:
    """Read the free fields; a number is taken as it is written, with the zeros that it begins with."""
    if written is None:
        return {}
    if not isinstance(written, dict) or not all(isinstance(name, str) for name in written):
        raise AuthorError(f"{path}: extra is {written!r}; it must have names with texts.", _as_in_example(path))
    return {name: _text(path, f"extra.{name}", text) for name, text in written.items()}


def _person(path: Path, place: str, written: Any) -> Person:
    if not isinstance(written, dict):
        raise AuthorError(f"{path}: {place} is {written!r}; it must have family-names.", _as_in_example(path))
    _check_names(path, f"{place}.", written, _PERSON)
    fields = {name: _text(path, f"{place}.{name}", written[name]) for name in written}
    if "family-names" not in fields:
        raise AuthorError(f"{path}: {place} has no family-names.", "A single name stands there, too.")
    if "orcid" in fields and not _ORCID.fullmatch(fields["orcid"]):
        raise AuthorError(
            f"{path}: {place}.orcid is {fields['orcid']!r}; it must look like https://orcid.org/0000-0002-1825-0097.",
            "Remove the line if you have none.",
        )
    return Person(**{name.replace("-", "_"): text for name, text in fields.items()})


def _check_names(path: Path, place: str, written: dict[Any, Any], known: tuple[str, ...]) -> None:
    for name in written:
        if name not in known:
            raise AuthorError(f"{path}: {place}{name} is unknown; there is {', '.join(known)}.", _as_in_example(path))


def _text(path: Path, place: str, value: Any) -> str:
    if value is None:
        raise AuthorError(f"{path}: {place} is missing or empty.", "Write it there; nobody else can know it.")
    if not isinstance(value, str):
        raise AuthorError(f"{path}: {place} is {value!r}, which YAML does not read as text.", "Put it in quotes.")
    if _PLACEHOLDER.fullmatch(value.strip()):
        raise AuthorError(
            f"{path}: {place} is {value!r}, a placeholder.", "Write your own there, or remove an optional line."
        )
    return " ".join(value.split())


def _as_in_example(path: Path) -> str:
    return f"{path.with_name(EXAMPLE)} shows what it looks like."
