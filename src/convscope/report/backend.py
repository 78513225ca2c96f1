"""Which program renders HTML and PDF: Quarto, or Pandoc with Typst."""

from __future__ import annotations

from typing import Literal

from convscope.errors import ReportError
from convscope.report import quarto

Backend = Literal["auto", "quarto", "pandoc"]


def chosen_backend(backend: Backend) -> Literal["quarto", "pandoc"]:
    """Return Quarto where it is installed, otherwise Pandoc with Typst; or the one that is asked for.

    Raises ReportError: Quarto is asked for and not there, or the name is unknown.
    """
    if backend not in ("auto", "quarto", "pandoc"):
        raise ReportError(f"BACKEND is {backend!r}; it must be auto, quarto or pandoc.")
    if backend == "quarto" and quarto.find() is None:
        raise ReportError("BACKEND is 'quarto', but there is no Quarto here.", "Install it, or use BACKEND=auto.")
    return "quarto" if backend != "pandoc" and quarto.find() else "pandoc"
