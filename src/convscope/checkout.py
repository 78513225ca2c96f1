"""The checkout that a command works on, from whichever folder in it the command is called."""

from __future__ import annotations

from pathlib import Path

from convscope.errors import ConvscopeError

MARKS = (Path("report", "report.qmd"), Path("site", "mkdocs.yml"))


def find_root(start: Path) -> Path:
    """Find the checkout that a folder belongs to.

    Raises ConvscopeError: the folder is in none.
    """
    for folder in (start, *start.parents):
        if all((folder / mark).is_file() for mark in MARKS):
            return folder
    raise ConvscopeError(
        f"{start} is in no convscope checkout: there is no report/report.qmd in it or above.",
        "Change to the folder that you cloned.",
    )
