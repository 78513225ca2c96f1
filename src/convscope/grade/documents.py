"""What a reader of the built report finds, by the anchors that the report sets.

Sections, figures, tables and equations have ids. A number has the place in metrics.json that it comes from
(``data-source``), and a paragraph that the assignment asks for names its topic (``data-topic``). Nothing here knows the
words of a language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
from bs4 import BeautifulSoup, Tag

from convscope.grade.records import Absent, EvidenceLink, Kind
from convscope.report.document import DOCUMENTS, REPORT

_KINDS: dict[str, Kind] = {"sec": "section", "fig": "figure", "tbl": "table", "eq": "equation"}
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_NUMBERED = re.compile(r"(\w+)\s(\d+)")  # "Figure 17", in any language
_PROSE = ("p", "li")


@dataclass(frozen=True)
class Part:
    """A section, figure, table or equation of a document."""

    label: str  # as a reader sees it
    elements: tuple[Tag, ...]  # its HTML; of a section, all up to the next of its level
    evidence: EvidenceLink

    @cached_property
    def shown(self) -> list[tuple[str, str]]:
        """Each number, title or verdict in it: its place in metrics.json and its rule; dashes are none."""
        spans = [span for element in self.elements for span in element.select("[data-source]")]
        return [
            (place, str(span.get("data-format", "")))
            for span in spans if span.get_text().strip(" –")
            for place in str(span["data-source"]).split(" ")
        ]  # fmt: skip

    def shows(self, place: str, rule: str = "") -> bool:
        """Tell whether a place of metrics.json, or one below it, is shown, by the rule if one is named."""
        return any(f"{at}/".startswith(f"{place}/") and by.startswith(rule) for at, by in self.shown)

    @cached_property
    def prose(self) -> str:
        """Sentences of its paragraphs and lists; captions and tables do not count."""
        found = [tag for element in self.elements for tag in _within(element, _PROSE) if not tag.find_parent("figure")]
        return " ".join(tag.get_text(" ") for tag in found if not tag.find_parent(_PROSE))

    def on(self, topic: str) -> str:
        """Return the paragraphs that name a topic; empty where none does."""
        marks = [mark for element in self.elements for mark in element.select(f'[data-topic~="{topic}"]')]
        return " ".join((mark.find_parent([*_PROSE, "td"]) or mark).get_text(" ") for mark in marks)

    @property
    def has_picture(self) -> bool:
        """Whether a figure has an image in it."""
        return any(
            image.name == "svg" or str(image.get("src", "")).partition(",")[2]
            for element in self.elements for image in element.find_all(["img", "svg"])
        )  # fmt: skip


class Documents:
    """The rendered documents: the report, and its supplement where there is one.

    Parameters
    ----------
    folder
        With report.html, supplement.html, and the PDF beside each. Of what both have, the report's counts.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._elements: dict[str, tuple[str, Tag]] = {}
        for name in reversed(DOCUMENTS):
            page = folder / f"{name}.html"
            text = page.read_text(encoding="utf-8") if page.is_file() else ""
            elements = BeautifulSoup(text, "html.parser").find_all(id=True)
            self._elements |= {str(element["id"]): (name, element) for element in elements}
        self.part = cache(self._find)  # many criteria look at the same figure
        """What has an id: ``sec-fashion-data``, ``fig-…``, ``tbl-…``, ``eq-…``; raises Absent: nothing has it."""

    def like(self, pattern: str) -> list[str]:
        """Return the ids that a pattern with stars fits."""
        return [anchor for anchor in self._elements if fnmatchcase(anchor, pattern)]

    def _find(self, anchor: str) -> Part:
        kind = _KINDS[anchor.partition("-")[0]]
        if anchor not in self._elements:
            raise Absent(f"the report has no {kind} {anchor}")
        document, element = self._elements[anchor]
        elements = tuple(_section(element)) if kind == "section" else (element,)
        label = _label(element, kind)
        named = label if document == REPORT else f"{document.capitalize()}, {label}"
        page = self._pdfs[document].page_of(anchor, label) if document in self._pdfs else None
        return Part(label, elements, EvidenceLink(kind, named, f"report/{document}.html#{anchor}", page))

    @cached_property
    def _pdfs(self) -> dict[str, Pdf]:
        found = {}
        for name in DOCUMENTS:
            with suppress(Absent):
                found[name] = Pdf(self._folder / f"{name}.pdf")
        return found


class Pdf:
    """A PDF file that is open for reading.

    PDFium, as pypdfium2 binds it, reads a report of 88 pages in 0.2 seconds; pypdf, written in Python, took 20.

    Raises Absent: it is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._document = pypdfium2.PdfDocument(path)
        except (OSError, pypdfium2.PdfiumError) as error:
            raise Absent(f"{path.name} cannot be read: {error}") from None
        self.pages = len(self._document)

    @cached_property
    def _texts(self) -> list[str]:
        return [" ".join(page.get_textpage().get_text_bounded().split()) for page in self._document]

    def page_of(self, anchor: str, label: str) -> int | None:
        """Return the page, from 1: of a section by its name in the PDF, of what has a caption by its number."""
        if destination := pdfium.FPDF_GetNamedDestByName(self._document.raw, anchor.encode()):
            return int(pdfium.FPDFDest_GetDestPageIndex(self._document.raw, destination)) + 1
        if not _NUMBERED.fullmatch(label):
            return None
        return next((number for number, text in enumerate(self._texts, 1) if f"{label}:" in text), None)


def _label(element: Tag, kind: Kind) -> str:
    if kind == "section":
        heading = element if element.name in _HEADINGS else element.find(_HEADINGS)
        text = " ".join(heading.get_text(" ").split()) if isinstance(heading, Tag) else str(element["id"])
        return f"Section {text}" if text[:1].isdigit() else text
    if kind == "equation":
        number = re.search(r"\((\d+)\)\s*$", element.get_text())
        return f"Equation {number[1]}" if number else "Equation"
    caption = element.find(["figcaption", "caption"])
    numbered = _NUMBERED.match(caption.get_text().strip()) if isinstance(caption, Tag) else None
    return f"{numbered[1]} {numbered[2]}" if numbered else str(element["id"])


def _section(element: Tag) -> Iterator[Tag]:
    """Give what a section holds: Quarto wraps it, Pandoc puts it after the heading."""
    yield element
    if element.name in _HEADINGS:
        for sibling in element.find_next_siblings():
            if sibling.name in _HEADINGS and sibling.name <= element.name:
                return
            yield sibling


def _within(element: Tag, names: tuple[str, ...]) -> list[Tag]:
    return ([element] if element.name in names else []) + element.find_all(names)
