"""The rules by which a number of metrics.json becomes text; standard library alone, so that anybody can check them.

Each number of the report is an element with two attributes: ``data-source`` says where in metrics.json it comes from
(a JSON pointer, RFC 6901), ``data-format`` by which rule it became text. :func:`recompute` makes the same text again:

=================== ============================================================= ==================================
``data-format``     the text                                                      example
=================== ============================================================= ==================================
``count 0``         with thousands separators                                     421,642
``decimal D``       D decimal places                                              0.247
``percent D``       a fraction times 100, a no-break space, %                     91.2 %
``points D``        a fraction times 100, always signed                           +2.10
``spread D``        a fraction times 100                                          0.21
``millions D``      divided by a million, a no-break space, M                     4.24 M
``plain D``         at most D significant digits, no zeros at the end             0.001
``turned D``        points of the value with its sign turned: of b−a for a−b      −2.10
``loss D``          a fraction times −100, without a sign: how much was lost      2.10
``ratio D``         two pointers with a space between: first over second          1.79
``difference D``    two pointers: points of the first minus the second            +2.10
``removed D``       two accuracies: the share of the second's errors that the     59 %
                    first does not make
``text``            as it is
``markdown``        as it is, without citations and emphasis
``date``            the day of a time in ISO 8601                                 2026-11-21
``key``             the last part of the pointer itself                           2
``list``            the elements of a list, with commas between
``shape``           the elements of a list, with × between                        32×28×28
``length``          how many elements; ``length KEY=VALUE`` counts those with it  7
``verdict V``       any words, written for the verdict V; the pointer leads to V
=================== ============================================================= ==================================

After the digits stands the language whose marks the number has, where it is not English: ``count 0 de`` gives 421.642.

A minus is U+2212. Where the value is null, the text is an en dash. A verdict's words may hold numbers in turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

MINUS = "−"  # U+2212: as wide as a plus, and never broken from its number
NOTHING = "–"

MARKS = {"de": str.maketrans(",.", ".,")}
"""How a language other than English marks thousands and decimals."""

_MARKUP = re.compile(r"\s*\[@[^]]*\]|[*`]")


def resolve(metrics: Any, pointer: str) -> Any:
    """Follow a JSON pointer (RFC 6901).

    Raises LookupError: it leads nowhere; the message names how far it led and what would be there.
    """
    value = metrics
    walked = ""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(name)] if isinstance(value, list) else value[name]
        except (KeyError, IndexError, ValueError, TypeError):
            known = ", ".join(map(str, value)) if isinstance(value, dict) else type(value).__name__
            raise LookupError(f"no {name!r} at {walked or '/'}; there is: {known[:300]}") from None
        walked += f"/{part}"
    return value


def count(value: float, digits: int = 0) -> str:
    """Write a whole number with thousands separators: 421,642."""
    return decimal(value, digits)


def decimal(value: float, digits: int = 2) -> str:
    """Write a number with so many decimal places and a real minus sign."""
    return f"{value:,.{digits}f}".replace("-", MINUS)


def percent(value: float, digits: int = 1) -> str:
    """Write a fraction as percent: 0.912 as 91.2 %, with a space that does not break."""
    return f"{decimal(100 * value, digits)}\u00a0%"


def points(value: float, digits: int = 2) -> str:
    """Write a difference of fractions in percentage points, signed: 0.021 as +2.10."""
    return f"{100 * value:+.{digits}f}".replace("-", MINUS)


def spread(value: float, digits: int = 2) -> str:
    """Write a fraction in percent without the unit, such as an error in percentage points: 0.0021 as 0.21."""
    return decimal(100 * value, digits)


def millions(value: float, digits: int = 2) -> str:
    """Write a large count in millions: 4,241,152 as 4.24 M."""
    return f"{value / 1e6:.{digits}f}\u00a0M"


def plain(value: float, digits: int = 6) -> str:
    """Write a setting with as many digits as it has, such as a learning rate: 0.001."""
    return f"{value:.{digits}g}".replace("-", MINUS)


def turned(value: float, digits: int = 2) -> str:
    """Write a difference the other way round: of b minus a that of a minus b."""
    return points(-value, digits)


def loss(value: float, digits: int = 2) -> str:
    """Write how much was lost, of a negative difference of fractions: −0.021 as 2.10."""
    return decimal(-100 * value, digits)


NUMERIC: dict[str, Callable[[float, int], str]] = {
    "count": count, "decimal": decimal, "percent": percent, "points": points, "spread": spread,
    "millions": millions, "plain": plain, "turned": turned, "loss": loss,
}  # fmt: skip
"""Styles that take a number and how many digits to write."""

DIGITS = {
    "count": 0, "decimal": 2, "percent": 1, "points": 2, "spread": 2, "millions": 2, "plain": 6, "turned": 2, "loss": 2,
}  # fmt: skip
"""What a style has by default."""

UNROUNDED: dict[str, Callable[[float, float], float]] = {
    "ratio": lambda one, two: one / two,
    "difference": lambda one, two: one - two,
    "removed": lambda one, two: (one - two) / (1 - two),
}
"""What the styles of two pointers make of their numbers."""

_ROUNDED: dict[str, Callable[[float, int], str]] = {"ratio": decimal, "difference": points, "removed": percent}

OTHER: dict[str, Callable[[Any], str]] = {
    "text": str,
    "verdict": str,
    "markdown": lambda value: _MARKUP.sub("", value),
    "date": lambda value: str(value)[:10],
    "list": lambda value: ", ".join(map(str, value)),
    "shape": lambda value: "×".join(map(str, value)),
}  # fmt: skip

NAMES = ("text", "markdown", "date", "list")
"""Rules of what is not measured but called so: titles, statements, versions."""


def recompute(metrics: Any, source: str, rule: str) -> str:
    """Return the text that an element of the report has to show.

    Raises LookupError: the pointer leads nowhere, or there is no such rule.

    Parameters
    ----------
    source
        The attribute ``data-source``.
    rule
        The attribute ``data-format``. Of ``verdict V`` the result is the verdict, which has to be V.
    """
    style, _, argument = rule.partition(" ")
    digits, _, language = argument.partition(" ")
    if style in UNROUNDED:
        one, two = (resolve(metrics, pointer) for pointer in source.split(" "))
        return _ROUNDED[style](UNROUNDED[style](one, two), int(digits)).translate(MARKS.get(language, {}))
    value = resolve(metrics, source)
    if style == "key":
        return source.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    if style == "length":
        name, _, wanted = argument.partition("=")
        elements = value.values() if isinstance(value, dict) else value
        return str(sum(not name or str(element[name]) == wanted for element in elements))
    if value is None:
        return NOTHING
    if style in NUMERIC:
        return NUMERIC[style](value, int(digits)).translate(MARKS.get(language, {}))
    if style in OTHER:
        return OTHER[style](value)
    raise LookupError(f"no style {style!r}; there is: {', '.join([*NUMERIC, *OTHER, *UNROUNDED, 'key', 'length'])}")
