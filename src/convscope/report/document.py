"""A report's source as Pandoc takes it: one Markdown text and its metadata, shortcodes resolved."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from convscope.errors import ReportError
from convscope.files import Json
from convscope.language import ENGLISH, catalogue

REPORT = "report"
DOCUMENTS = {REPORT: "index.md", "supplement": "studies.md"}
"""The documents by name, each with its page in the site. The page of the supplement must not become supplement.html:
that is the standalone file beside it."""

LABELS_FILE = "labels.json"
"""In the filled source: by document, what each label is called there."""

PROJECT_FILE = "_quarto.yml"

# Three braces are Quarto's way to show a shortcode instead of running it.
_SHORTCODE = re.compile(r"(?<!\{)\{\{<\s*(?P<name>[\w-]+)\s*(?P<argument>.*?)\s*>\}\}(?!\})")
_FRONT_MATTER = re.compile(r"\A---\n(?P<yaml>.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)

Metadata = Json


@dataclass(frozen=True)
class Document:
    """A report before rendering."""

    folder: Path  # where the images and the bibliography are, absolute
    metadata: Metadata  # ``_quarto.yml`` and the front matter merged, the options of the output format on top
    body: str  # Markdown without front matter and shortcodes
    name: str = REPORT  # ``"report"`` or ``"supplement"``

    @property
    def authors(self) -> list[str]:
        """The authors' names, however the front matter writes them."""
        given = self.metadata.get("author") or []
        entries = given if isinstance(given, list) else [given]
        return [str(entry["name"] if isinstance(entry, dict) else entry) for entry in entries]

    @property
    def date(self) -> str:
        """The date as "24 July 2026"; "" where there is none."""
        date = self.metadata.get("date")
        if not isinstance(date, datetime.date):
            return str(date or "")
        from babel.dates import format_date  # takes 85 ms, which every command would spend

        language = str(self.metadata.get("lang") or ENGLISH)
        return format_date(date, "d MMMM y" if language == ENGLISH else "long", locale=language)


def load(source: Path, output_format: str, name: str = REPORT) -> Document:
    """Read a document in a source folder.

    Raises ReportError: a file that is not there, YAML that cannot be read, no title, or a shortcode nobody knows.

    Parameters
    ----------
    source
        Folder with its .qmd and, if there is one, ``_quarto.yml``.
    output_format
        ``"html"`` or ``"typst"``: whose options under ``format:`` apply.
    """
    folder = source.resolve()
    main = folder / f"{name}.qmd"
    text = _read(main)
    metadata = _project_metadata(folder)
    front_matter = _FRONT_MATTER.match(text)
    if front_matter:
        metadata = merge(metadata, _parse_yaml(front_matter["yaml"], main))
        text = text[front_matter.end() :]
    formats = metadata.pop("format", None)
    if isinstance(formats, dict):
        metadata = merge(metadata, formats.get(output_format) or {})
    if not metadata.get("title"):
        raise ReportError(f"{main.name} has no title", "Give it one in its front matter: title: ...")
    return Document(folder, metadata, _resolve_shortcodes(text, main, metadata), name)


def words_of(metadata: Metadata) -> dict[str, str]:
    """Return the words that template.html and notebook.lua need, in the document's language."""
    texts = catalogue(str(metadata.get("lang") or ENGLISH))
    words = {"skip": "Skip to the text", "contents": "Contents", "references": "References"}
    return {name: texts.text(word) for name, word in words.items()}


def documents_in(folder: Path) -> list[str]:
    """Names of the documents whose source is in a folder; the report always counts."""
    return [name for name in DOCUMENTS if name == REPORT or (folder / f"{name}.qmd").is_file()]


def places_of(source: Path, wanted: Iterable[str]) -> dict[str, list[str]]:
    """Divide labels by the document that they stand in; the supplement's, where both have one: it is the full chapter.

    Raises ReportError: no document has one.

    Parameters
    ----------
    wanted
        Labels, such as ``"sec-fashion"``.
    """
    labels: dict[str, dict[str, str]] = json.loads((source / LABELS_FILE).read_bytes())
    places: dict[str, list[str]] = {}
    for label in wanted:
        name = next((name for name in reversed(labels) if label in labels[name]), None)
        if name is None:
            raise ReportError(f"Neither the report nor its supplement has {label}.")
        places.setdefault(name, []).append(label)
    return places


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ReportError(f"the report's source has no file {path.name}", f"Looked for it at {path}.") from None


def _project_metadata(folder: Path) -> Metadata:
    path = folder / PROJECT_FILE
    if not path.exists():
        return {}
    metadata = _parse_yaml(_read(path), path)
    metadata.pop("project", None)
    return metadata


def _parse_yaml(text: str, path: Path) -> Metadata:
    try:
        parsed = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ReportError(f"{path.name}: the YAML cannot be read: {error}") from error
    if not isinstance(parsed, dict):
        raise ReportError(f"{path.name}: the metadata must be key: value pairs, not {parsed!r}")
    return parsed


def merge(base: Metadata, over: Metadata) -> Metadata:
    """Lay settings over others; where both have a mapping, theirs are merged in turn."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _resolve_shortcodes(text: str, path: Path, metadata: Metadata) -> str:
    def replacement(shortcode: re.Match[str]) -> str:
        argument = shortcode["argument"].strip("\"'")
        match shortcode["name"]:
            case "include":
                included = (path.parent / argument).resolve()
                return _resolve_shortcodes(_read(included), included, metadata)
            case "meta":
                return _look_up(metadata, argument, path)
            case "pagebreak":
                return "\n::: {.page-break}\n:::\n"
            case name:
                raise ReportError(f"{path.name}: unknown shortcode {name!r}: {shortcode[0]}")

    return _SHORTCODE.sub(replacement, text)


def _look_up(metadata: Metadata, dotted: str, path: Path) -> str:
    value: Any = metadata
    for key in dotted.split("."):
        if not isinstance(value, dict) or key not in value:
            raise ReportError(f"{path.name}: {{{{< meta {dotted} >}}}} names no metadata")
        value = value[key]
    return str(value)
