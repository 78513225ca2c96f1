"""What stands in metrics.json against what follows: one comparison, and the error where they differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.errors import ReportError

HINT = (
    "Every number but those of single runs is computed from others. If the file was edited by hand, delete it and run "
    "`make all` again; `make publish` writes published results again."
)


def same(place: str, part: str, stored: Any, computed: Any) -> None:
    """Compare what is stored with what follows, numbers up to rounding.

    Raises ReportError: they differ; the message names the place.
    """
    numbers = [value for value in (stored, computed) if isinstance(value, int | float | list | tuple)]
    if len(numbers) == 2 and _numeric(stored) and _numeric(computed) and np.shape(stored) == np.shape(computed):
        equal = bool(np.allclose(np.array(stored, float), np.array(computed, float), rtol=1e-9, atol=1e-12))
    else:
        equal = stored == computed
    if not equal:
        subject = f"Claim {place.split('/')[2]!r}" if place.startswith("/claims/") else "metrics.json"
        shown = [str(value)[:200] for value in (stored, computed)]
        raise contradiction(f"{subject} contradicts itself: at {place}, {part} is {shown[0]}, but {shown[1]} follows.")


def _numeric(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_numeric(each) for each in value)
    return isinstance(value, int | float)


def contradiction(message: str) -> ReportError:
    """Return the error for a file that cannot be as it is."""
    return ReportError(message[:600], HINT)
