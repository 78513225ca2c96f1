"""Author, course and title come from one file of the student's; nothing is invented."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from checkout import ROOT
from convscope.handin.citation import citation
from convscope.report.author import Author, AuthorError, Person, read_author, require_author

COMPLETE = """
title: What does a convolutional layer buy, and why?
course: Neural Networks 101
authors:
  - given-names: Ada
    family-names: Lovelace
    affiliation: University of Examples
    orcid: https://orcid.org/0000-0002-1825-0097
  - family-names: Plato
"""


def written(folder: Path, text: str) -> Path:
    (folder / "author.yml").write_text(text, encoding="utf-8")
    return folder


def test_a_complete_file_is_read(tmp_path: Path) -> None:
    ada = Person("Lovelace", "Ada", "University of Examples", "https://orcid.org/0000-0002-1825-0097")
    author = read_author(written(tmp_path, COMPLETE))
    assert author == Author(
        "What does a convolutional layer buy, and why?", "Neural Networks 101", (ada, Person("Plato"))
    )
    assert [person.name for person in author.people] == ["Ada Lovelace", "Plato"]


def test_without_the_file_there_is_no_author_and_a_submission_says_what_to_do(tmp_path: Path) -> None:
    assert read_author(tmp_path) is None
    with pytest.raises(AuthorError) as raised:
        require_author(tmp_path / "report")
    assert "report/author.yml" in raised.value.message
    assert "cp report/author.example.yml report/author.yml" in raised.value.hint


def test_the_example_is_refused_until_it_is_filled_in(tmp_path: Path) -> None:
    example = ROOT / "report" / "author.example.yml"
    shutil.copy(example, tmp_path / "author.yml")
    with pytest.raises(AuthorError, match=r"course is '<.*>', a placeholder"):
        read_author(tmp_path)
    filled = example.read_text().replace("<", "").replace(">", "")
    assert read_author(written(tmp_path, filled)) is not None


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("course: Neural Networks 101", "", "course is missing or empty"),
        ("Neural Networks 101", "", "course is missing or empty"),
        ("Neural Networks 101", "' '", "course is ' ', a placeholder"),
        ("Neural Networks 101", "TODO", "course is 'TODO', a placeholder"),
        ("Neural Networks 101", "2026", "course is 2026, which YAML does not read as text"),
        ("family-names: Lovelace", "family-names: <family names>", r"authors\[1\].family-names is '<family names>'"),
        ("family-names: Lovelace", "family-names:", r"authors\[1\].family-names is missing or empty"),
        ("family-names: Plato", "given-names: Plato", r"authors\[2\] has no family-names"),
        ("family-names: Plato", "name: Plato", r"authors\[2\].name is unknown; there is family-names"),
        ("  - family-names: Plato", "  - Plato", r"authors\[2\] is 'Plato'"),
        ("title:", "titel:", "titel is unknown; there is title, course, authors"),
        ("https://orcid.org/0000-0002-1825-0097", "0000-0002-1825-0097", r"orcid is '0000-0002-1825-0097'"),
        ("course:", "course: [", "cannot be read as YAML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert old in COMPLETE
    with pytest.raises(AuthorError, match=named) as raised:
        read_author(written(tmp_path, COMPLETE.replace(old, new)))
    assert raised.value.hint


@pytest.mark.parametrize("text", ["", "Ada Lovelace", "title: T\ncourse: C\nauthors: []\n", "title: T\ncourse: C\n"])
def test_a_file_without_its_parts_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(AuthorError, match=r"author\.yml"):
        read_author(written(tmp_path, text))


def test_the_citation_has_what_its_format_asks_for_and_nothing_else(tmp_path: Path) -> None:
    """Required keys and their values as in the schema of version 1.2.0; a reference needs authors, title, type."""
    text = citation(require_author(written(tmp_path, COMPLETE)), "0" * 40, date(2026, 11, 21))
    assert not any(sign in text for sign in ("&id", "*id", "!!"))
    cited: dict[str, Any] = yaml.safe_load(text)
    assert set(cited) <= {
        "cff-version", "message", "type", "title", "authors", "commit", "date-released", "preferred-citation",
    }  # fmt: skip
    assert cited["cff-version"] == "1.2.0"
    assert cited["type"] in ("software", "dataset")
    assert cited["date-released"] == date(2026, 11, 21)
    assert cited["authors"] == [
        {
            "family-names": "Lovelace",
            "given-names": "Ada",
            "affiliation": "University of Examples",
            "orcid": "https://orcid.org/0000-0002-1825-0097",
        },
        {"family-names": "Plato"},
    ]
    assert {"type", "title", "authors"} <= set(cited["preferred-citation"])


def test_the_front_matter_keeps_every_character(tmp_path: Path) -> None:
    title = 'A "quoted": title – with 100 % 𝔘nicode: #1'
    author = Author(title, "Course: [x]", (Person("O'Neil", "José"),))
    assert yaml.safe_load(yaml.safe_dump(author.front_matter)) == {
        "title": title,
        "author": [{"name": "José O'Neil", "affiliation": "Course: [x]"}],
        "course": "Course: [x]",
    }


def test_extra_fields_stand_on_the_title_page_as_they_are_written(tmp_path: Path) -> None:
    extra = 'extra:\n  Matrikelnummer: "0123456"\n  Tutor: C. Shannon\n'
    author = read_author(written(tmp_path, COMPLETE + extra))
    assert author is not None
    assert author.extra == {"Matrikelnummer": "0123456", "Tutor": "C. Shannon"}
    assert author.front_matter["course"] == "Neural Networks 101; Matrikelnummer: 0123456; Tutor: C. Shannon"


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ("extra: 0123456", "extra is .*; it must have names with texts"),
        ("extra:\n  Matrikelnummer: 0123456", "extra.Matrikelnummer is .*, which YAML does not read as text"),
        ("extra:\n  Matrikelnummer: <number>", "extra.Matrikelnummer is '<number>', a placeholder"),
    ],
)
def test_extra_fields_without_a_text_are_refused(tmp_path: Path, extra: str, named: str) -> None:
    with pytest.raises(AuthorError, match=named):
        read_author(written(tmp_path, COMPLETE + extra))
