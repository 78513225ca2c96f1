"""The last look at a rendered report, whichever backend made it: signs of a hole that nobody filled."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from convscope.errors import ReportError
from convscope.printable import HOLES

# Attributes a browser loads by itself. <a href> is a hyperlink, which is fine.
_LOADING_ATTRIBUTES = {
    "link": ("href",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
    "object": ("data",),
    "video": ("src", "poster"),
}
_EXTERNAL = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_CSS_EXTERNAL = re.compile(
    r"""(?:url\(\s*['"]?|@import\s+['"])\s*(?P<address>(?:https?:)?//[^'")\s]+)""", re.IGNORECASE
)


def check_html(path: Path) -> None:
    """Check a rendered HTML file (or site page) for holes and for anything loaded from elsewhere.

    Parameters
    ----------
    path
        The file; Markdown with HTML in it is read as well.

    Raises
    ------
    ReportError
        The visible text has ``?@``, "undefined", "nan", ``{{<`` or ``<<`` in it, or something loads a URL.
    """
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    if page.external:
        raise ReportError(f"{path.name} loads from elsewhere: {', '.join(page.external)}")
    _check_text("".join(page.text), path.name)


def check_pdf_text(text: str) -> None:
    """Check the text of a rendered PDF for holes.

    Parameters
    ----------
    text
        As ``pdftotext`` gives it.

    Raises
    ------
    ReportError
        As for :func:`check_html`, except for loaded URLs, which a PDF does not have.
    """
    _check_text(text, "the PDF")


def _check_text(text: str, name: str) -> None:
    for meaning, sign in HOLES.items():
        found = sign.search(text)
        if found:
            around = " ".join(text[max(found.start() - 40, 0) : found.end() + 40].split())
            raise ReportError(f"{name} has {meaning}, {found[0]!r}: ... {around} ...")


class _Page(HTMLParser):
    """Collects what is shown as text, and every URL that a browser would load from another host."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.external: list[str] = []
        self._inside = ""  # "style" or "script" while in one

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script"):
            self._inside = tag
        for name, value in attrs:
            if value is None:
                continue
            if name in ("src", *_LOADING_ATTRIBUTES.get(tag, ())) and _EXTERNAL.match(value):
                self.external.append(value)
            elif name == "srcset":
                self.external += [part for part in value.split(",") if _EXTERNAL.match(part)]
            elif name == "style":
                self._read_css(value)
            elif name == "alt":
                self.text.append(f" {value} ")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self._read_css(data)
        elif not self._inside:
            self.text.append(data)

    def _read_css(self, css: str) -> None:
        self.external += [found["address"] for found in _CSS_EXTERNAL.finditer(css)]
