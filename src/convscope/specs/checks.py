"""What specifications demand of their fields, with one wording for each demand."""

from __future__ import annotations

from convscope.errors import SpecError


def require(condition: bool, message: str, hint: str = "") -> None:
    """Raise a `SpecError` unless the condition holds."""
    if not condition:
        raise SpecError(message, hint)


def require_one_of(name: str, value: object, choices: tuple[object, ...]) -> None:
    """Demand one of some values."""
    require(value in choices, f"{name} is {value!r}; it must be one of {', '.join(map(repr, choices))}.")


def require_whole(name: str, value: object, least: int = 0) -> None:
    """Demand a whole number of at least `least`."""
    require(
        isinstance(value, int) and not isinstance(value, bool) and value >= least,  # True is an int in Python
        f"{name} is {value!r}; it must be a whole number of at least {least}.",
    )


def require_positive(name: str, value: object) -> None:
    """Demand a whole number of at least 1."""
    require_whole(name, value, least=1)
