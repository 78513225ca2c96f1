"""The last look at a rendered report, whichever backend made it: signs of a hole that nobody filled."""

from __future__ import annotations

from pathlib import Path

from convscope.errors import ReportError
from convscope.printable import HOLES
from convscope.report.page import read_page


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
    page = read_page(path.read_text(encoding="utf-8"))
    if page.external:
        raise ReportError(f"{path.name} loads from elsewhere: {', '.join(page.external)}")
    check_text(page.text, path.name)


def check_text(text: str, name: str = "the PDF") -> None:
    """Check what a reader sees for holes.

    Raises ReportError: there is one; the message has the words around it.
    """
    for meaning, sign in HOLES.items():
        found = sign.search(text)
        if found:
            around = " ".join(text[max(found.start() - 40, 0) : found.end() + 40].split())
            raise ReportError(f"{name} has {meaning}, {found[0]!r}: ... {around} ...")
