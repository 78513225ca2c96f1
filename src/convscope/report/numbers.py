"""How numbers reach the report: formatted in one place, each with the place in metrics.json that it comes from."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import floor, log10
from typing import Any

from convscope.errors import ReportError
from convscope.files import Json
from convscope.language import ENGLISH, Catalogue, catalogue
from convscope.report import formats
from convscope.report.formats import DIGITS, NAMES

# What Markdown would read as more than the character itself; "--" and "..." would become other characters.
_SPECIAL = re.compile(r"[\\`*_&\[\]<>@^~|$'\"#{}]|-(?=-)|\.(?=\.\.)")

# What a sentence of a study may not do, and between what is kept: code and citations.
_MORE = re.compile(r"(?P<kept>`[^`\n]*`|\[-?@[^\[\]<>{}]*\])|[\\<>{}$|\[\]^~#]")


def value_at(metrics: Any, pointer: str) -> Any:
    """Follow a JSON pointer (RFC 6901).

    Raises ReportError: it leads nowhere; the message names how far it led and what would be there.
    """
    try:
        return formats.resolve(metrics, pointer)
    except LookupError as error:
        raise ReportError(f"The report asks for {pointer}, but metrics.json has {error.args[0]}.") from None


def literally(text: str) -> str:
    r"""Return Markdown that shows a text as it is.

    Examples
    --------
    >>> print(literally("A *b* < c"))
    A \*b\* \< c
    """
    return _SPECIAL.sub(r"\\\g<0>", text)


def harmless(markdown: str) -> str:
    r"""Escape what is more than emphasis, code or a citation in a sentence of a study: shortcodes, HTML, formulas.

    Examples
    --------
    >>> print(harmless("*Is* <b>{{< include x >}} `a < b` better [@lecun1998]?"))
    *Is* \<b\>\{\{\< include x \>\}\} `a < b` better [@lecun1998]?
    """
    return _MORE.sub(lambda found: found[0] if found["kept"] else f"\\{found[0]}", markdown).replace("{{<", "{{{<")


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


def public_methods(of: object) -> dict[str, Callable[..., Any]]:
    """Return what templates may call of an object, by name."""
    names = [name for name, what in vars(type(of)).items() if callable(what) and not name.startswith("_")]
    return {name: getattr(of, name) for name in names}


class Numbers:
    """Brings numbers from metrics.json into the report's text and remembers which.

    Parameters
    ----------
    spans
        Wrap each number in a span that names its source and how it was formatted; False gives plain text.
    texts
        Those of the document's language, which numbers are written in, too.
    """

    def __init__(self, metrics: Json, *, spans: bool = True, texts: Catalogue | None = None) -> None:
        texts = texts or catalogue(ENGLISH)
        self._metrics = metrics
        self._say = texts.text
        self._marks = f" {texts.language}" if texts.language in formats.MARKS else ""
        self._spans = spans
        self.pointers: list[str] = []
        self.measured: set[str] = set()  # of the pointers those that lead to a number or verdict, not to a name

    @property
    def functions(self) -> dict[str, Callable[..., str]]:
        """What templates may call, by name: nothing else brings a number into the text."""
        return public_methods(self)

    def value(self, pointer: str, style: str = "text", digits: int | None = None) -> str:
        """Format what a JSON pointer leads to, as a span that names its source.

        Parameters
        ----------
        pointer
            ``/studies/fashion/variants/mlp/parameters``.
        style
            One of those in `convscope.report.formats`.
        digits
            Decimal places; by default what the style has.
        """
        if digits is None:
            digits = DIGITS.get(style)
        rule = style if digits is None else f"{style} {digits}{self._marks}"
        text = self._text(pointer, rule)
        if style == "markdown":
            text = harmless(str(value_at(self._metrics, pointer)))
        elif style not in DIGITS:
            text = literally(text)
        return self._span(text, pointer, rule)

    def count_of(self, pointer: str, **having: str) -> str:
        """Count the elements of a list or object, or those that have a property: ``status="run"``.

        Raises ReportError: several properties are given. Rules of formats know one, and counted none.
        """
        if len(having) > 1:
            raise ReportError(f"count_of({pointer!r}) counts by one property, not by {' and '.join(having)}.")
        properties = [f"{name}={value}" for name, value in having.items()]
        rule = " ".join(["length", *properties])
        return self._span(self._text(pointer, rule), pointer, rule)

    def mean(self, pointer: str) -> str:
        """Format the mean of a measure, in percent for fractions, with the digits that its interval supports."""
        measure = value_at(self._metrics, pointer)
        if measure["unit"] == "fraction":
            return self.value(f"{pointer}/mean", "percent", max(1, digits_for(measure["interval"], 100)))
        return self.value(f"{pointer}/mean", "decimal", digits_for(measure["interval"], most=3))

    def fastest(self, pointer: str) -> str:
        """Format the smallest value of a measured time: what a machine that did nothing else would have needed."""
        values = value_at(self._metrics, f"{pointer}/values")
        return self.value(f"{pointer}/values/{values.index(min(values))}", "decimal", 1)

    def interval(self, pointer: str, digits: int | None = None) -> str:
        """Format the 95 % interval of a measure or comparison as ``low to high``; a dash for a single run.

        A pointer with a minus before it turns the comparison round; in a column of a table all have the same digits.
        """
        pointer, turned = pointer.removeprefix("-"), pointer.startswith("-")
        measured = value_at(self._metrics, pointer)
        if measured["interval"] is None:
            return formats.NOTHING
        fraction = measured["unit"] == "fraction"
        if digits is None:
            digits = digits_for(measured["interval"], 100 if fraction else 1, most=2 if fraction else 3)
        styles = ("decimal", "decimal")
        if fraction:  # a difference is signed; of a range in percent the unit stands once
            styles = ("points", "points") if "effect" in measured else ("spread", "percent")
        ends = enumerate(styles) if not turned else ((1, "turned"), (0, "turned"))
        low, high = (self.value(f"{pointer}/interval/{end}", style, digits) for end, style in ends)
        return f"{low} {self._say('to')} {high}"

    def effect(self, pointer: str, digits: int | None = None) -> str:
        """Format the effect of a comparison of accuracies in percentage points; a minus before it turns it round."""
        pointer, style = pointer.removeprefix("-"), "turned" if pointer.startswith("-") else "points"
        measured = value_at(self._metrics, pointer)
        if digits is None:
            digits = digits_for(measured["interval"], 100)
        return self.value(f"{pointer}/effect", style, digits)

    def size(self, pointer: str) -> str:
        """Format an effect that is known to be positive, with its interval, without signs: ``1.11 (0.59 to 1.64)``."""
        place, style = pointer.removeprefix("-"), "loss" if pointer.startswith("-") else "spread"
        interval = value_at(self._metrics, place)["interval"]
        digits = digits_for(interval, 100)
        shown = self.value(f"{place}/effect", style, digits)
        if interval is None:
            return f"{shown} {self._say('points')}"
        low, high = (1, 0) if style == "loss" else (0, 1)
        ends = [self.value(f"{place}/interval/{end}", style, digits) for end in (low, high)]
        return f"{shown} {self._say('points')} ({ends[0]} {self._say('to')} {ends[1]})"

    def ratio(self, pointer: str, other: str) -> str:
        """Format one number over another: ``1.79``."""
        over = value_at(self._metrics, pointer) / value_at(self._metrics, other)
        both, rule = f"{pointer} {other}", f"ratio {2 if over < 10 else 0}{self._marks}"
        return self._span(self._text(both, rule), both, rule)

    def difference(self, pointer: str, other: str, digits: int = 2) -> str:
        """Format one fraction minus another in percentage points: ``+2.10``."""
        both, rule = f"{pointer} {other}", f"difference {digits}{self._marks}"
        return self._span(self._text(both, rule), both, rule)

    def removed(self, pointer: str, other: str) -> str:
        """Format the share of the second accuracy's errors that the first does not make: ``59 %``."""
        both, rule = f"{pointer} {other}", f"removed 0{self._marks}"
        return self._span(self._text(both, rule), both, rule)

    def verdict(self, claim: str, *, supported: str, refuted: str, inconclusive: str) -> str:
        """Choose the wording that a claim's verdict allows; with too few seeds, say where the numbers lean."""
        pointer = f"/claims/{claim}"
        decided = value_at(self._metrics, pointer)
        wording = {"supported": supported, "refuted": refuted, "inconclusive": inconclusive}[decided["verdict"]]
        if decided["reason"] == "n too small":
            said = "With {} seed there is no verdict; the numbers lean to *{}*."
            said = said if decided["n"] == 1 else said.replace("seed", "seeds")
            wording += " " + self._say(said).format(self.value(f"{pointer}/n", "count"), self._say(decided["leaning"]))
        return self._span(wording, f"{pointer}/verdict", f"verdict {decided['verdict']}")

    def _text(self, source: str, rule: str) -> str:
        for pointer in source.split(" "):
            value_at(self._metrics, pointer)  # names the place where a pointer leads nowhere
        try:
            return formats.recompute(self._metrics, source, rule)
        except (LookupError, TypeError, ValueError) as error:
            raise ReportError(f"{source} cannot be written as {rule!r}: {error}.") from None

    def _span(self, text: str, source: str, rule: str) -> str:
        self.pointers += source.split(" ")
        if rule not in NAMES:
            self.measured.update(source.split(" "))
        return f'[{text}]{{.value data-source="{source}" data-format="{rule}"}}' if self._spans else text
