"""Words that studies make of their numbers, so that titles and statements follow an edit of the numbers."""

from __future__ import annotations

from collections.abc import Collection


def square(side: int) -> str:
    """Write the size of a kernel: ``"3×3"``."""
    return f"{side}×{side}"


def squares(sides: Collection[int]) -> str:
    """Write the sizes of kernels as a sentence does: ``"3×3, 5×5 and 7×7"``."""
    *others, last = map(square, sides)
    return f"{', '.join(others)} and {last}" if others else last


def by_number(things: Collection[object], one: str, two: str, more: str) -> str:
    """Choose the words for so many things: ``"hurts"``, ``"both hurt"``, ``"all hurt"``."""
    return {1: one, 2: two}.get(len(things), more)
