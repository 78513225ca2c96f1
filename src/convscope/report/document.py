"""A report's source as Pandoc takes it: one Markdown text and its metadata, shortcodes resolved."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from convscope.errors import ReportError

MAIN_FILE = "report.qmd"
PROJECT_FILE = "_quarto.yml"

# Three braces are Quarto's way to show a shortcode instead of running it.
_SHORTCODE = re.compile(r"(?<!\{)\{\{<\s*(?P<name>[\w-]+)\s*(?P<argument>.*?)\s*>\}\}(?!\})")
_FRONT_MATTER = re.compile(r"\A---\n(?P<yaml>.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
# Not strftime's %B, which follows the machine's locale.
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip

Metadata = dict[str, Any]


@dataclass(frozen=True)
class Document:
    """A report before rendering.

    Parameters
    ----------
    folder
        Where the images and the bibliography are, absolute.
    metadata
        ``_quarto.yml`` and the front matter merged, the options of the output format on top.
    body
        Markdown without front matter and shortcodes.
    """

    folder: Path
    metadata: Metadata
    body: str

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
        return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"


def load(source: Path, output_format: str) -> Document:
    """Read the report in a source folder.

    Parameters
    ----------
    source
        Folder with ``report.qmd`` and, if there is one, ``_quarto.yml``.
    output_format
        ``"html"`` or ``"typst"``: whose options under ``format:`` apply.

    Raises
    ------
    ReportError
        A file that is not there, YAML that cannot be read, no title, or a shortcode nobody knows.
    """
    folder = source.resolve()
    text = _read(folder / MAIN_FILE)
    metadata = _project_metadata(folder)
    front_matter = _FRONT_MATTER.match(text)
    if front_matter:
        metadata = _merge(metadata, _parse_yaml(front_matter["yaml"], folder / MAIN_FILE))
        text = text[front_matter.end() :]
    formats = metadata.pop("format", None)
    if isinstance(formats, dict):
        metadata = _merge(metadata, formats.get(output_format) or {})
    if not metadata.get("title"):
        raise ReportError(f"{MAIN_FILE} has no title", "Give it one in its front matter: title: ...")
    return Document(folder, metadata, _resolve_shortcodes(text, folder / MAIN_FILE, metadata))


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


def _merge(base: Metadata, over: Metadata) -> Metadata:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
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
