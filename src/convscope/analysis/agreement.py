"""What stands in metrics.json against what follows: one comparison, and the error where they differ."""

from __future__ import annotations

from math import isclose
from typing import Any

from convscope.errors import ReportError

HINT = (
    "Every number but those of single runs is computed from others. If the file was edited by hand, delete it and run "
    "`make all` again; `make publish` writes published results again."
)


def same(place: str, part: str, stored: Any, computed: Any) -> None:
    """Compare what is stored with what follows, numbers up to rounding.

    Raises ReportError: they differ; the message names the place.
    """
    if not _alike(stored, computed):
        subject = f"Claim {place.split('/')[2]!r}" if place.startswith("/claims/") else "metrics.json"
        shown = [str(value)[:200] for value in (stored, computed)]
        raise contradiction(f"{subject} contradicts itself: at {place}, {part} is {shown[0]}, but {shown[1]} follows.")


def _alike(stored: Any, computed: Any) -> bool:
    if isinstance(stored, list | tuple) and isinstance(computed, list | tuple):
        return len(stored) == len(computed) and all(map(_alike, stored, computed))
    if isinstance(stored, int | float) and isinstance(computed, int | float):
        return isclose(stored, computed, rel_tol=1e-9, abs_tol=1e-12)
    return bool(stored == computed)


def contradiction(message: str) -> ReportError:
    """Return the error for a file that cannot be as it is."""
    return ReportError(message[:600], HINT)
