"""How numbers reach the report: formatted in one place, each with the place in metrics.json that it comes from."""

from __future__ import annotations

from collections.abc import Callable
from math import floor, log10
from typing import Any

from convscope.errors import ReportError

MINUS = "−"  # U+2212: as wide as a plus, and never broken from its number


def resolve(metrics: Any, pointer: str) -> Any:
    """Follow a JSON pointer (RFC 6901).

    Raises
    ------
    ReportError
        It leads nowhere; the message names how far it led and what would be there.
    """
    value = metrics
    walked = ""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(name)] if isinstance(value, list) else value[name]
        except (KeyError, IndexError, ValueError, TypeError):
            known = ", ".join(map(str, value)) if isinstance(value, dict) else type(value).__name__
            raise ReportError(
                f"The report asks for {pointer}, but metrics.json has no {name!r} at {walked or '/'}.",
                f"There is: {known[:300]}.",
            ) from None
        walked += f"/{part}"
    return value


def digits_for(interval: list[float] | None, scale: float = 1.0, most: int = 2) -> int:
    """Decimal places that an interval's half width leaves meaningful: its first two digits, at most so many places.

    Examples
    --------
    >>> digits_for([0.912, 0.916], scale=100)  # ±0.2 points
    2
    >>> digits_for([0.80, 0.90], scale=100)  # ±5 points
    1
    """
    if interval is None or interval[1] <= interval[0]:
        return most if interval is not None else 1
    half_width = scale * (interval[1] - interval[0]) / 2
    return max(0, min(most, 1 - floor(log10(half_width))))


def count(value: float) -> str:
    """Write a whole number with thousands separators: 421,642."""
    return f"{value:,.0f}"


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


def millions(value: float) -> str:
    """Write a large count in millions: 4,241,152 as 4.24 M."""
    return f"{value / 1e6:.2f}\u00a0M"


FORMATS: dict[str, Callable[..., str]] = {
    "count": count, "decimal": decimal, "percent": percent, "points": points, "spread": spread,
    "millions": millions,
}  # fmt: skip


class Numbers:
    """Brings numbers from metrics.json into the report's text and remembers which.

    Parameters
    ----------
    metrics
        The loaded metrics.json.
    spans
        Wrap each number in a span that names its source; False gives plain text.
    """

    def __init__(self, metrics: dict[str, Any], *, spans: bool = True) -> None:
        self._metrics = metrics
        self._spans = spans
        self.pointers: list[str] = []

    def value(self, pointer: str, style: str = "", digits: int | None = None) -> str:
        """Format the number that a JSON pointer leads to, as a span that names its source.

        Parameters
        ----------
        pointer
            ``/studies/fashion/variants/mlp/parameters``.
        style
            ``count``, ``decimal``, ``percent``, ``points``, ``millions``; empty writes text as it is.
        digits
            Decimal places; by default what the style has.
        """
        number = resolve(self._metrics, pointer)
        if not style:
            return self._span(str(number), pointer)
        if number is None:
            return self._span("–", pointer)
        if style not in FORMATS:
            raise ReportError(f"Style {style!r} of {pointer} is none of {', '.join(FORMATS)}.")
        return self._span(FORMATS[style](number) if digits is None else FORMATS[style](number, digits), pointer)

    def mean(self, pointer: str) -> str:
        """Format the mean of a measure, in percent for fractions, with the digits that its interval supports."""
        measure = resolve(self._metrics, pointer)
        if measure["unit"] == "fraction":
            return self.value(f"{pointer}/mean", "percent", max(1, digits_for(measure["interval"], 100)))
        return self.value(f"{pointer}/mean", "decimal", digits_for(measure["interval"], most=3))

    def fastest(self, pointer: str) -> str:
        """Format the smallest value of a measured time: what a machine that did nothing else would have needed."""
        values = resolve(self._metrics, f"{pointer}/values")
        return self.value(f"{pointer}/values/{values.index(min(values))}", "decimal", 1)

    def interval(self, pointer: str) -> str:
        """Format the 95 % interval of a measure or comparison as ``low to high``; a dash for a single run."""
        measured = resolve(self._metrics, pointer)
        if measured["interval"] is None:
            return "–"
        fraction = measured["unit"] == "fraction"
        digits = digits_for(measured["interval"], 100 if fraction else 1, most=2 if fraction else 3)
        styles = ("decimal", "decimal")
        if fraction:  # a difference is signed; of a range in percent the unit stands once
            styles = ("points", "points") if "effect" in measured else ("spread", "percent")
        low, high = (self.value(f"{pointer}/interval/{end}", style, digits) for end, style in enumerate(styles))
        return f"{low} to {high}"

    def effect(self, pointer: str) -> str:
        """Format the effect of a comparison of accuracies in percentage points."""
        measured = resolve(self._metrics, pointer)
        return self.value(f"{pointer}/effect", "points", digits_for(measured["interval"], 100))

    def ratio(self, pointer: str, other: str) -> str:
        """Format one number over another: ``1.79``."""
        over = resolve(self._metrics, pointer) / resolve(self._metrics, other)
        return self._span(f"{decimal(over, 2 if over < 10 else 0)}", f"{pointer} {other}")

    def verdict(self, claim: str, *, supported: str, refuted: str, inconclusive: str) -> str:
        """Choose the wording that a claim's verdict allows; with too few seeds, say where the numbers lean.

        Parameters
        ----------
        claim
            Id in metrics.json.
        supported, refuted, inconclusive
            Hand-written for each verdict.
        """
        pointer = f"/claims/{claim}"
        decided = resolve(self._metrics, pointer)
        wording = {"supported": supported, "refuted": refuted, "inconclusive": inconclusive}[decided["verdict"]]
        if decided["reason"] == "n too small":
            seeds = self.value(f"{pointer}/n", "count") + (" seed" if decided["n"] == 1 else " seeds")
            wording += f" With {seeds} there is no verdict; the numbers lean to *{decided['leaning']}*."
        return self._span(wording, f"{pointer}/verdict")

    def _span(self, text: str, pointer: str) -> str:
        self.pointers.append(pointer)
        return f'[{text}]{{.value data-source="{pointer}"}}' if self._spans else text
