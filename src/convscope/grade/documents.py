"""What a reader of the built report finds, by the anchors that the report sets, and where in the PDF.

Nothing here knows the words of a language.
"""

from __future__ import annotations

import re
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from convscope.grade.records import Absent, EvidenceLink, Kind
from convscope.report.document import DOCUMENTS, REPORT
from convscope.report.page import Part, read_page

_KINDS: dict[str, Kind] = {"sec": "section", "fig": "figure", "tbl": "table", "eq": "equation"}
_NUMBERED = re.compile(r"\w+\s[\d.]+")  # "Figure 17", in any language


class Documents:
    """The rendered documents: the report, and its supplement where there is one.

    Parameters
    ----------
    folder
        With report.html, supplement.html, and the PDF beside each. Of what both have, the report's counts.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: dict[str, tuple[str, Part]] = {}
        for name in reversed(DOCUMENTS):
            page = folder / f"{name}.html"
            parts = read_page(page.read_text(encoding="utf-8")).parts if page.is_file() else {}
            self._parts |= {anchor: (name, part) for anchor, part in parts.items()}
        self.evidence = cache(self._link)  # many criteria look at the same figure
        """A link to what has an id, with its page in the PDF; raises Absent: nothing has it."""

    def like(self, pattern: str) -> list[str]:
        """Return the ids that a pattern with stars fits."""
        return [anchor for anchor in self._parts if fnmatchcase(anchor, pattern)]

    def _found(self, anchor: str) -> tuple[str, Part]:
        if anchor not in self._parts:
            raise Absent(f"the report has no {_KINDS[anchor.partition('-')[0]]} {anchor}")
        return self._parts[anchor]

    def part(self, anchor: str) -> Part:
        """Return what has an id: ``sec-fashion-data``, ``fig-…``, ``tbl-…``, ``eq-…``.

        Raises Absent: nothing has it.
        """
        return self._found(anchor)[1]

    def _link(self, anchor: str) -> EvidenceLink:
        document, part = self._found(anchor)
        named = part.label if document == REPORT else f"{document.capitalize()}, {part.label}"
        page = self._pdfs[document].page_of(anchor, part.label) if document in self._pdfs else None
        return EvidenceLink(_KINDS[part.kind], named, f"report/{document}.html#{anchor}", page)

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
