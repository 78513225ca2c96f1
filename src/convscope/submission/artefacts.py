"""What a reader of the built report finds: its sections, figures, tables and equations, and the pages of its PDF.

A criterion of the grade sheet is checked against these, never against what the build meant to write.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

from bs4 import BeautifulSoup, Tag

from convscope.report.document import DOCUMENTS, REPORT
from convscope.submission.pdf import Pdf, UnreadablePdf

Kind = Literal["section", "figure", "table", "equation", "metric", "file"]
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_NUMBERED = re.compile(r"(Figure|Table)\s(\d+)")
_PROSE = ("p", "li")


class Absent(Exception):
    """Something that a criterion looks for is not there; the message says what, in a reader's words."""


@dataclass(frozen=True)
class Evidence:
    """Where a grader finds it.

    Parameters
    ----------
    kind
        What is there.
    label
        As a reader sees it: ``"Figure 17"``.
    href
        Link, relative to the build folder: ``"report/report.html#fig-fashion-classes"``.
    page
        Of the PDF beside the HTML, from 1; None where it has none.
    """

    kind: Kind
    label: str
    href: str
    page: int | None = None


@dataclass(frozen=True)
class Drawing:
    """What is drawn in a figure. Matplotlib draws text as outlines and leaves each text beside them, as a comment.

    Parameters
    ----------
    texts
        All, in the order of the file.
    axes, lines, bars, pictures
        How many coordinate systems, curves in them, rectangles in them, and bitmaps.
    """

    texts: tuple[str, ...]
    axes: int
    lines: int
    bars: int
    pictures: int

    @classmethod
    def of(cls, svg: bytes) -> Drawing:
        """Read an SVG file of Matplotlib's."""
        parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
        root = ElementTree.fromstring(svg, parser)
        axes = [element for element in root.iter() if str(element.get("id", "")).startswith("axes_")]
        parts = [str(child.get("id", "")) for system in axes for child in system]
        comments = (element.text or "" for element in root.iter() if not isinstance(element.tag, str))
        return cls(
            texts=tuple(" ".join(comment.split()) for comment in comments),
            axes=len(axes),
            lines=sum(part.startswith("line2d_") for part in parts),
            bars=sum(part.startswith("patch_") for part in parts),
            pictures=sum(str(element.tag).endswith("}image") for element in root.iter()),
        )


@dataclass(frozen=True)
class Part:
    """A section, figure, table or equation of the report.

    Parameters
    ----------
    id, kind, label, page
        As in `Evidence`.
    elements
        Its HTML; of a section, all up to the next of its level.
    document
        ``"report"`` or ``"supplement"``.
    """

    id: str
    kind: Kind
    label: str
    elements: tuple[Tag, ...]
    page: int | None
    document: str

    @property
    def evidence(self) -> Evidence:
        """Where it is."""
        label = self.label if self.document == REPORT else f"{self.document.capitalize()}, {self.label}"
        return Evidence(self.kind, label, f"report/{self.document}.html#{self.id}", self.page)

    @cached_property
    def prose(self) -> str:
        """Sentences of its paragraphs and lists; no captions, no tables."""
        found = [tag for element in self.elements for tag in _within(element, _PROSE) if not tag.find_parent("figure")]
        return " ".join(" ".join(tag.get_text(" ").split()) for tag in found if not tag.find_parent(_PROSE))

    @cached_property
    def values(self) -> list[tuple[str, str]]:
        """Each number, title or verdict in it: its place in metrics.json, and its text."""
        spans = [span for element in self.elements for span in element.select("[data-source]")]
        return [(source, span.get_text()) for span in spans for source in str(span["data-source"]).split(" ")]

    @cached_property
    def rows(self) -> list[list[str]]:
        """Cells of a table's body."""
        rows = [row for element in self.elements for row in element.select("tbody tr")]
        return [[" ".join(cell.get_text().split()) for cell in row.find_all(["td", "th"])] for row in rows]

    @cached_property
    def drawing(self) -> Drawing:
        """What the figure shows.

        Raises
        ------
        Absent
            There is no picture in it.
        """
        for element in self.elements:
            for image in element.find_all("img"):
                header, _, content = str(image.get("src", "")).partition(",")
                if "svg" in header:
                    encoded = content.encode() if header.endswith("base64") else unquote_to_bytes(content)
                    return Drawing.of(base64.b64decode(encoded) if header.endswith("base64") else encoded)
            for svg in element.find_all("svg"):
                return Drawing.of(str(svg).encode())
        raise Absent(f"{self.label} has no picture")

    def shown(self, pointer: str) -> list[str]:
        """Return the texts shown for a place of metrics.json, or one below it; dashes are none."""
        below = f"{pointer}/"
        return [text for source, text in self.values if f"{source}/".startswith(below) and text.strip(" –")]

    def must_show(self, *pointers: str) -> None:
        """Require that each of these places of metrics.json, or one below it, is shown with a value.

        Raises
        ------
        Absent
            One is not.
        """
        for pointer in pointers:
            if not self.shown(pointer):
                raise Absent(f"{self.label} does not show {pointer}")

    def must_draw(self, *texts: str) -> None:
        """Require that each text is drawn, by itself or before more: ``Layer 1`` in ``Layer 1: 16 maps``.

        Raises
        ------
        Absent
            One is not.
        """
        for text in texts:
            wanted = " ".join(text.split())
            if not any(re.match(rf"{re.escape(wanted)}($|:| |, )", drawn) for drawn in self.drawing.texts):
                raise Absent(f"{self.label} does not draw {text!r}")

    def must_say(self, wanted: Mapping[str, str]) -> None:
        """Require that the prose matches each of these patterns, whatever the case; keys name them for the message.

        Raises
        ------
        Absent
            It does not match one.
        """
        for name, pattern in wanted.items():
            if not re.search(pattern, self.prose, re.IGNORECASE):
                raise Absent(f"{self.label} says nothing of {name}")


class Report:
    """The rendered documents: the report, and its supplement where there is one.

    Parameters
    ----------
    html
        Content of report.html, of either renderer; empty where there is none.
    pdf
        The file report.pdf; supplement.html and supplement.pdf are beside it.
    """

    def __init__(self, html: str, pdf: Path) -> None:
        self._folder = pdf.parent
        self._elements: dict[str, tuple[str, Tag]] = {}
        pages = {name: self._folder / f"{name}.html" for name in DOCUMENTS}
        texts = {name: page.read_text(encoding="utf-8") if page.is_file() else "" for name, page in pages.items()}
        for name, text in reversed((texts | {REPORT: html}).items()):  # what both have is looked at in the report
            elements = BeautifulSoup(text, "html.parser").find_all(id=True)
            self._elements |= {str(element["id"]): (name, element) for element in elements}
        self._parts: dict[str, Part] = {}  # many checks look at the same figure

    def part(self, part_id: str) -> Part:
        """Return what has an id: ``sec-fashion-data``, ``fig-…``, ``tbl-…``, ``eq-…``.

        Raises
        ------
        Absent
            Nothing has it.
        """
        if part_id not in self._parts:
            self._parts[part_id] = self._find(part_id)
        return self._parts[part_id]

    def _find(self, part_id: str) -> Part:
        kind = _kind(part_id)
        if part_id not in self._elements:
            raise Absent(f"the report has no {kind} {part_id}")
        document, element = self._elements[part_id]
        elements = tuple(_section(element)) if kind == "section" else (element,)
        label = _label(element, kind)
        return Part(part_id, kind, label, elements, self._pdf_page(document, part_id, label), document)

    def has(self, part_id: str) -> bool:
        """Tell whether something has this id."""
        return part_id in self._elements

    @cached_property
    def _pdfs(self) -> dict[str, Pdf]:
        found = {}
        for name in DOCUMENTS:
            with suppress(UnreadablePdf):
                found[name] = Pdf(self._folder / f"{name}.pdf")
        return found

    def _pdf_page(self, document: str, part_id: str, label: str) -> int | None:
        """Find a section by its name in the PDF, and what has a caption by its number there."""
        pdf = self._pdfs.get(document)
        if pdf is None:
            return None
        place = pdf.page_of(part_id)
        if place or not _NUMBERED.fullmatch(label):
            return place
        return next((number for number, text in enumerate(pdf.texts, 1) if f"{label}:" in text), None)


def _kind(part_id: str) -> Kind:
    kinds: dict[str, Kind] = {"sec": "section", "fig": "figure", "tbl": "table", "eq": "equation"}
    return kinds[part_id.partition("-")[0]]


def _label(element: Tag, kind: Kind) -> str:
    if kind == "section":
        heading = element if element.name in _HEADINGS else element.find(_HEADINGS)
        text = " ".join(heading.get_text(" ").split()) if isinstance(heading, Tag) else str(element["id"])
        return f"Section {text}" if text[:1].isdigit() else text
    if kind == "equation":
        number = re.search(r"\((\d+)\)\s*$", element.get_text())
        return f"Equation {number[1]}" if number else "Equation"
    caption = element.find(["figcaption", "caption"])
    numbered = _NUMBERED.search(caption.get_text()) if isinstance(caption, Tag) else None
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
