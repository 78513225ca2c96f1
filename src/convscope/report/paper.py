"""The last look at a rendered PDF, whichever backend made it: what a reader of the paper would miss or could not read.

A renderer ends well with a table that runs off its page, or with one column printed over the next.
"""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium

from convscope.errors import ReportError
from convscope.report.checks import check_text
from convscope.report.page import Table

_OUTSIDE = 1.0
"""Points that ink may reach over the edge of the page."""

_OVER = (1.5, 0.35)
"""How far two words may reach into each other: points in width, and share of the smaller one's height."""

_MATHEMATICAL = re.compile("[\U0001d400-\U0001d7ff∑∏∫√]")
"""A part of a formula, in which limits and indices reach into each other's boxes."""

_HYPHEN = "\x02"  # that ends a line, in what PDFium reads
_HEADS = ("THead", "TFoot")


@dataclass(frozen=True)
class Word:
    """A word on a page and its box, in points from the lower left: left, bottom, right, top."""

    text: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class TableOnPage:
    """The part of a table that stands on one page: whether its head is there, and how many rows of its body."""

    begins: bool
    rows: int


class PaperPage:
    """A page of a PDF.

    Parameters
    ----------
    index
        Of the page, from 0.
    """

    def __init__(self, document: pypdfium2.PdfDocument, index: int) -> None:
        self._page = document[index]
        self.number = index + 1
        self.size: tuple[float, float] = self._page.get_size()

    @cached_property
    def words(self) -> list[Word]:
        """Words in the order in which they are written to the file: a cell of a table after the other."""
        text = self._page.get_textpage()
        words: list[Word] = []
        letters = ""
        boxes: list[tuple[float, float, float, float]] = []
        edges = [ctypes.c_double() for _ in range(4)]
        left, right, bottom, top = (ctypes.byref(edge) for edge in edges)  # as PDFium orders them
        for index in range(text.count_chars()):
            letter = chr(pdfium.FPDFText_GetUnicode(text.raw, index))
            if not letter.isspace() and letter != _HYPHEN:
                pdfium.FPDFText_GetCharBox(text.raw, index, left, right, bottom, top)
                boxes.append((edges[0].value, edges[2].value, edges[1].value, edges[3].value))
                letters += letter
                continue
            words += _word(letters, boxes)
            letters, boxes = "", []
        return words + _word(letters, boxes)

    @cached_property
    def tables(self) -> list[TableOnPage]:
        """Parts of tables, as the tags for screen readers have them."""
        tree = pdfium.FPDF_StructTree_GetForPage(self._page.raw)
        try:
            roots = [
                pdfium.FPDF_StructTree_GetChildAtIndex(tree, place)
                for place in range(max(pdfium.FPDF_StructTree_CountChildren(tree), 0))
            ]
            return [_table(element) for root in roots for element in _descendants(root) if _type(element) == "Table"]
        finally:
            pdfium.FPDF_StructTree_Close(tree)


def pages_of(path: Path) -> list[PaperPage]:
    """Return the pages of a PDF file."""
    document = pypdfium2.PdfDocument(path)
    return [PaperPage(document, index) for index in range(len(document))]


def check_pdf(path: Path, tables: Sequence[Table]) -> None:
    """Check a rendered PDF.

    Raises
    ------
    ReportError
        A hole is left in the text, words are printed over each other or off the page, a row of a table stands alone on
        a page, or the text of a cell is on no page.
    """
    pages = pages_of(path)
    check_text(" ".join(word.text for page in pages for word in page.words))
    complaints = [complaint for page in pages for complaint in _complaints(page)]
    complaints += _lone_rows(pages)
    complaints += _missing(pages, tables)
    if complaints:
        raise ReportError(
            f"{path.name} cannot be read on paper:\n    " + "\n    ".join(complaints[:20]),
            "Wide tables: fewer columns, or tbl-colwidths. Long words in a cell: break them.",
        )


def _complaints(page: PaperPage) -> Iterator[str]:
    width, height = page.size
    boxes = np.array([word.box for word in page.words]).reshape(-1, 4)
    left, bottom, right, top = boxes.T
    outside = (left < -_OUTSIDE) | (bottom < -_OUTSIDE) | (right > width + _OUTSIDE) | (top > height + _OUTSIDE)
    for place in np.flatnonzero(outside)[:3]:
        yield f"page {page.number}: {page.words[place].text!r} is off the page"
    across = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    along = np.minimum(top[:, None], top) - np.maximum(bottom[:, None], bottom)
    smaller = np.minimum((top - bottom)[:, None], top - bottom)
    formula = np.array([bool(_MATHEMATICAL.search(word.text)) for word in page.words], dtype=bool)
    over = np.triu(
        ~(formula[:, None] & formula) & (across > _OVER[0]) & (along > np.maximum(_OVER[1] * smaller, 0.5)), k=1
    )
    for first, second in np.argwhere(over)[:3]:
        yield f"page {page.number}: {page.words[first].text!r} and {page.words[second].text!r} overlap"


def _lone_rows(pages: Sequence[PaperPage]) -> Iterator[str]:
    for before, page in pairwise(pages):
        if not (before.tables and page.tables) or page.tables[0].begins:
            continue
        for part, where in ((before.tables[-1], before), (page.tables[0], page)):
            if part.rows == 1:
                yield f"page {where.number}: one row of a table stands alone"


def _missing(pages: Sequence[PaperPage], tables: Sequence[Table]) -> Iterator[str]:
    texts = [_plain("".join(word.text for word in page.words)) for page in pages]
    first = 0
    for table in tables:
        caption = _plain(f"{table.label}:")
        starts = (place for place in range(first, len(texts)) if caption in texts[place])
        first = next(starts, first)
        here = "".join(texts[max(first - 1, 0) : first + 8])  # a float may stand before its caption's chapter
        for cell in table.cells:
            lost = [word for word in cell.split() if _plain(word) not in here]
            if lost:
                yield f"page {first + 1}: {table.label} lacks {' '.join(lost)!r} of the cell {cell!r}"


def _plain(text: str) -> str:
    """Return letters, digits and signs alone: without white space, ligatures, and hyphens that end a line."""
    kept = unicodedata.normalize("NFKC", text)
    return "".join(sign for sign in kept if sign.isalnum() or sign in "%+−×✓✗")


def _word(letters: str, boxes: Sequence[tuple[float, float, float, float]]) -> list[Word]:
    seen = [box for box in boxes if box[2] > box[0] and box[3] > box[1]]
    if not seen:
        return []
    left, bottom, right, top = zip(*seen, strict=True)
    text = letters.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # PDFium gives halves of pairs
    return [Word(text, (min(left), min(bottom), max(right), max(top)))]


def _type(element: object) -> str:
    length = pdfium.FPDF_StructElement_GetType(element, None, 0)
    buffer = ctypes.create_string_buffer(length)
    pdfium.FPDF_StructElement_GetType(element, buffer, length)
    return buffer.raw.decode("utf-16le").rstrip("\0")


def _children(element: object) -> Iterator[object]:
    for place in range(max(pdfium.FPDF_StructElement_CountChildren(element), 0)):
        child = pdfium.FPDF_StructElement_GetChildAtIndex(element, place)
        if child:
            yield child


def _descendants(element: object) -> Iterator[object]:
    yield element
    for child in _children(element):
        yield from _descendants(child)


def _table(element: object) -> TableOnPage:
    parts = [_type(child) for child in _children(element)]
    rows = 0
    for child, kind in zip(_children(element), parts, strict=True):
        inside = [child] if kind == "TR" else [] if kind in _HEADS else _children(child)
        rows += sum(_type(row) == "TR" for row in inside)
    return TableOnPage(begins="THead" in parts or "TBody" not in parts, rows=rows)
