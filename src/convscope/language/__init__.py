"""The language of the document: one setting, ``lang`` in report/_quarto.yml, and one catalogue for each but English.

A catalogue is a gettext file beside this one (``de.po``), read with Babel. Its keys are English: the paragraphs,
headings, captions and table rows of the templates as they stand there, holes included, and what Python writes into
figures and the grade sheet. In keys of short texts ``#`` stands for any number, in sentences ``{}`` for anything. What
has no translation stays as it is: a student's own prose does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path

import yaml

from convscope.errors import ReportError

ENGLISH = "en"
_NUMBER = re.compile(r"\d(?:[\d.,]*\d)?")
_MARKED = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+)(?![\w.,]*\d)")  # as English writes it
_LETTER = re.compile(r"[^\W\d_]")
_CONTROL = re.compile(r"\s*(?:<%.*?%>|<#.*?#>|\{%.*?%\}|\s)*")  # nothing but what steers Jinja2
_ALONE = re.compile(r"\s*(?:#+ |\||: |- |:::|\$\$|!\[)")  # a line that is a unit of its own


class Catalogue:
    """The texts of one language.

    Parameters
    ----------
    language
        ``"de"``; English has no texts of its own.
    messages
        By the English text.
    """

    def __init__(self, language: str, messages: dict[str, str]) -> None:
        self.language = language
        self._messages = messages

    def __contains__(self, text: str) -> bool:
        return self.language == ENGLISH or text in self._messages or _NUMBER.sub("#", text) in self._messages

    def text(self, english: str) -> str:
        """Return a text in this language; words that are not in the catalogue stay, numbers alone get its marks."""
        if english in self._messages:
            return self._messages[english]
        found = self._messages.get(_NUMBER.sub("#", english))
        if found is None:
            return english if _LETTER.search(english) else self.number(english)
        numbers = map(self.number, _NUMBER.findall(english))
        return re.sub("#", lambda _: next(numbers), found)

    def number(self, english: str) -> str:
        """Return a text whose numbers have this language's marks of thousands and decimals; versions keep their dots.

        Examples
        --------
        >>> print(catalogue("de").number("50,000 of 2.0 M"))
        50.000 of 2,0 M
        """
        return english if self.language == ENGLISH else _MARKED.sub(lambda found: self._with_marks(found[0]), english)

    def _with_marks(self, number: str) -> str:
        from babel.numbers import get_decimal_symbol, get_group_symbol  # slow to import, and English needs none

        marks = get_group_symbol(self.language) + get_decimal_symbol(self.language)
        return number.translate(str.maketrans(",.", marks))

    def sentence(self, english: str) -> str:
        """Return a sentence in this language whose key has ``{}`` where it has something of its own."""
        for pattern, german in self._patterns:
            if found := pattern.fullmatch(english):
                return german.format(*map(self.number, found.groups()))
        return self.text(english)

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str]]:
        """Keys with holes, those with the most words first: they say most of what they fit."""
        keys = sorted((key for key in self._messages if "{}" in key), key=len, reverse=True)
        return [(re.compile("(.*?)".join(map(re.escape, key.split("{}")))), self._messages[key]) for key in keys]

    def template(self, source: str) -> str:
        """Return a template with every paragraph, heading, row and caption that the catalogue has in this language."""
        if self.language == ENGLISH:
            return source
        return "\n".join(self._messages.get(" ".join(unit.split()), unit) for unit in units(source))


def units(source: str) -> Iterator[str]:
    """Split a template into what is translated as one: a paragraph, or a line of a table; and into all between."""
    paragraph: list[str] = []
    fenced = False
    for line in source.split("\n"):
        fence = line.startswith(("```", "---"))
        ends = fenced or fence or _CONTROL.fullmatch(line) or _ALONE.match(line)
        fenced ^= fence
        if ends and paragraph and not _is_open(paragraph):
            yield "\n".join(paragraph)
            paragraph = []
        if ends and not paragraph and (fenced or fence or not _is_open([line])):
            yield line
        else:
            paragraph.append(line)
    if paragraph:
        yield "\n".join(paragraph)


def _is_open(lines: list[str]) -> bool:
    """Tell whether a hole began and did not end."""
    text = "\n".join(lines)
    return text.count("<<") > text.count(">>") or text.count("<%") > text.count("%>")


def language_of(folder: Path) -> str:
    """Return the language that is set in report/_quarto.yml.

    Raises
    ------
    ReportError
        There is no catalogue for it.
    """
    settings = folder / "_quarto.yml"
    found = (yaml.safe_load(settings.read_text(encoding="utf-8")) or {}) if settings.is_file() else {}
    language = str(found.get("lang") or ENGLISH)
    if language not in languages():
        raise ReportError(
            f"{settings}: lang is {language!r}; there are catalogues for {', '.join(languages())}.",
            f"Write src/convscope/language/{language}.po, or take one of these.",
        )
    return language


def languages() -> list[str]:
    """Return the languages that a document can be in."""
    return [
        ENGLISH,
        *sorted(file.name.removesuffix(".po") for file in files(__name__).iterdir() if file.name.endswith(".po")),
    ]


@cache
def catalogue(language: str) -> Catalogue:
    """Read a catalogue."""
    if language == ENGLISH:
        return Catalogue(ENGLISH, {})
    from babel.messages.pofile import read_po  # slow to import, and English needs none

    with files(__name__).joinpath(f"{language}.po").open("rb") as file:
        messages = {
            str(m.id): str(m.string) for m in read_po(file, locale=language) if m.id and m.string and not m.fuzzy
        }
    return Catalogue(language, messages)
