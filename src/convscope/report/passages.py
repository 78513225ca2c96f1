"""Passages: prose that names what it rests on, and gives way where a build's results do not bear it.

In a template::

    <% passage supported("size-small"), above("/studies/.../effect", "/studies/.../effect") %>
    The gain does not shrink with more data; it grows.
    <% otherwise %>
    The gain at both sizes stands in the table.
    <% endpassage %>

The first text stands where every ground holds. The second stands where the results are there but one of them says
something else; neither stands where a study is not part of the build. Which of the three happened, and why, is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from convscope.files import Json
from convscope.report import formats
from convscope.report.numbers import public_methods

State = Literal["stands", "gave way", "left out"]
VERDICTS = ("supported", "refuted", "inconclusive")


@dataclass(frozen=True)
class Ground:
    """Something that a passage rests on."""

    words: str  # what it asks for, and what this build has: ``size-small is supported``
    holds: bool | None  # whether it is so; None where the build has no such result
    measured: bool = True  # whether other results could turn it; False for what theory or arithmetic says
    claim: str = ""  # whose verdict it is, and the verdict: ``size-small supported``; empty for another ground


@dataclass(frozen=True)
class Passage:
    """What became of one passage in one build."""

    template: str
    line: int
    state: State
    grounds: tuple[str, ...]
    measured: bool
    text: str = ""

    def record(self) -> Json:
        """Return it for a file."""
        return asdict(self)


class Grounds:
    """What templates may rest a passage on, decided from metrics.json.

    A place is a JSON pointer; that of a comparison leads to an object with ``effect`` and ``interval``. An empty place
    (of :meth:`between`, where nothing is compared) is one that is not there.
    """

    def __init__(self, metrics: Json) -> None:
        self._metrics = metrics

    @property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """By the name that templates call them."""
        return public_methods(self)

    def supported(self, claim: str) -> Ground:
        """Rest on a claim's being supported."""
        return self._verdict(claim, "supported")

    def refuted(self, claim: str) -> Ground:
        """Rest on a claim's being refuted."""
        return self._verdict(claim, "refuted")

    def undecided(self, claim: str) -> Ground:
        """Rest on a claim's being inconclusive, with seeds enough for a verdict."""
        return self._verdict(claim, "inconclusive")

    def reverse(self, claim: str) -> Ground:
        """Rest on a claim's being refuted the other way round: the whole interval lies below zero."""
        found = self._verdict(claim, "refuted")
        if found.holds:
            ends = self._get(f"/claims/{claim}/interval")
            holds = bool(ends) and ends[1] < 0
            return Ground(f"{claim} is refuted, the whole interval below zero", holds, claim=f"{claim} refuted")
        return found

    def positive(self, place: str) -> Ground:
        """Rest on an effect whose whole interval lies above zero."""
        return self._sign(place, "above zero", lambda low, _: low > 0)

    def negative(self, place: str) -> Ground:
        """Rest on an effect whose whole interval lies below zero."""
        return self._sign(place, "below zero", lambda _, high: high < 0)

    def level(self, place: str, most: float) -> Ground:
        """Rest on an effect whose whole interval lies within so many points around zero."""
        return self._sign(place, f"within {most} points", lambda low, high: -most <= 100 * low and 100 * high <= most)

    def unsure(self, place: str) -> Ground:
        """Rest on an effect whose interval has zero in it."""
        return self._sign(place, "around zero", lambda low, high: low <= 0 <= high)

    def above(self, place: str | float | None, other: str | float | None, by: float = 0.0) -> Ground:
        """Rest on the order of two estimates, or of an estimate and a number: the first is above, by more than this."""
        one, two = (self._get(each) if isinstance(each, str) else each for each in (place, other))
        words = f"{place or 'a comparison'} is above {other or 'a comparison'}" + (f" by more than {by}" if by else "")
        if one is None or two is None:
            return Ground(words, None)
        return Ground(f"{words} ({one:.4g}, {two:.4g})", one - two > by)

    def near_alike(self, dataset: str) -> Ground:
        """Rest on near pixels being more alike than distant ones: a fact of the images, whatever is trained on them."""
        by_distance = self._get(f"/datasets/{dataset}/neighbour_correlation") or {}
        values = [abs(value) for value in by_distance.values()]  # from the nearest to the most distant
        holds = len(values) > 1 and values[0] > 0.3 and values[0] - values[-1] > 0.1
        shown = ", ".join(f"{value:.2f} at {distance}" for distance, value in by_distance.items())
        return Ground(f"near pixels of {dataset} are more alike ({shown})", holds, measured=False)

    def there(self, *places: str) -> Ground:
        """Rest on results being there, whatever they are: for order and arithmetic that they cannot turn."""
        missing = [place for place in places if self._get(place) is None]
        return Ground(f"{', '.join(missing or places)} there", None if missing else True, measured=False)

    def drawn_from(self, study: str, variant: str, key: str) -> Ground:
        """Rest on a picture: what is said of it was seen in the first run of this variant, whose key begins so."""
        runs = self._get(f"/studies/{study}/variants/{variant}/runs")
        if not runs:
            return Ground(f"a picture of {study}, {variant}", None)
        return Ground(
            f"the picture of {study}, {variant} is of run {key} ({runs[0][: len(key)]})", runs[0].startswith(key)
        )

    def one_rate(self, *studies: str) -> Ground:
        """Rest on all networks of each of these studies having the study's learning rate, none a rate of its own."""
        found = [self._get(f"/studies/{study}") for study in studies]
        if any(study is None or study["status"] != "run" for study in found):
            return Ground(f"one learning rate in {', '.join(studies)}", None)
        tuned = [name for name, study in zip(studies, found, strict=True) if study.get("tuning")]
        return Ground(f"one learning rate in {', '.join(studies)} ({', '.join(tuned) or 'none'} tuned)", not tuned)

    def theory(self, reason: str) -> Ground:
        """Rest on what is so whatever this build measured: a definition, arithmetic, a source."""
        return Ground(reason, holds=True, measured=False)

    def between(self, study: str, a: str, b: str) -> str:
        """Return the place of a study's comparison, variant a minus variant b; empty where there is none.

        Found by the names of the variants, whatever the order of the comparisons; where it is written as b minus a, a
        minus stands before its place, and whatever takes a place turns it round.
        """
        found = self._get(f"/studies/{study}")
        if not found or found.get("status") != "run":
            return ""
        lists = {f"experiments/{name}/comparisons": one["comparisons"] for name, one in found["experiments"].items()}
        for name, rows in (lists | {key: found.get(key, []) for key in ("pairs", "against_baseline")}).items():
            for place, row in enumerate(rows):
                if {row["a"], row["b"]} == {a, b}:
                    return f"{'' if row['a'] == a else '-'}/studies/{study}/{name}/{place}"
        for sign, key in (("", f"{a}:{b}"), ("-", f"{b}:{a}")):
            if key in found.get("comparisons", {}):
                return f"{sign}/studies/{study}/comparisons/{key}"
        return ""

    def _verdict(self, claim: str, wanted: str) -> Ground:
        decided = self._get(f"/claims/{claim}")
        if decided is None:
            return Ground(f"{claim} is {wanted}", None)
        is_so = decided["verdict"] == wanted and decided["reason"] != "n too small"
        few = ", n too small" if decided["reason"] == "n too small" else ""
        return Ground(f"{claim} is {wanted} ({decided['verdict']}{few})", is_so, claim=f"{claim} {wanted}")

    def _sign(self, place: str, words: str, holds: Callable[[float, float], bool]) -> Ground:
        measured = self._get(place)
        if measured is None:
            return Ground(f"{place or 'a comparison'} {words}", None)
        interval = measured["interval"]
        if interval and place.startswith("-"):
            interval = [-interval[1], -interval[0]]
        shown = f"{100 * interval[0]:.2f} to {100 * interval[1]:.2f}" if interval else "one run, no interval"
        return Ground(f"{place} {words} ({shown})", bool(interval) and holds(*interval))

    def share_removed(self, study: str) -> float | None:
        """Return the share of the baseline's errors that a study's reference removes; None where it was not run."""
        found = self._get(f"/studies/{study}")
        if not found or found.get("status") != "run":
            return None
        one, two = (found["variants"][found[role]]["test_accuracy"]["mean"] for role in ("reference", "baseline"))
        return float((one - two) / (1 - two)) if two < 1 else 0.0

    def gap(self, study: str, variant: str) -> float | None:
        """Return training minus test accuracy of a variant; None where it was not run."""
        found = self._get(f"/studies/{study}/variants/{variant}")
        return float(found["train_accuracy"]["mean"] - found["test_accuracy"]["mean"]) if found else None

    def _get(self, place: str) -> Any:
        try:
            found = formats.resolve(self._metrics, place.removeprefix("-")) if place else None
        except LookupError:
            return None
        return -found if place.startswith("-") and isinstance(found, float) else found


# What the first paragraph of a passage may begin with that is not part of its sentence: a list's or an item's mark.
_OPENING = re.compile(r"\s*(?:\d+\. |- )?")
_NOT_A_SENTENCE = ("#", "|", ":", "!", "```", "$$")


def _traced(text: str, claim: str, verdict: str) -> str:
    """Mark the first paragraph with the verdict that it rests on, as the wording of a verdict is marked."""
    start = _OPENING.match(text)
    begin = start.end() if start else 0
    if text[begin:].startswith(_NOT_A_SENTENCE) or not text[begin:].strip():
        return text
    end = text.find("\n\n", begin)
    end = len(text.rstrip()) if end < 0 else end
    said = text[begin:end].rstrip()
    mark = f'{{.value data-source="/claims/{claim}/verdict" data-format="verdict {verdict}"}}'
    return f"{text[:begin]}[{said}]{mark}{text[begin + len(said) :]}"


class PassageExtension(Extension):
    """The block ``passage GROUND, ... [otherwise] endpassage``; what became of each is kept in ``passages``."""

    tags = {"passage"}  # noqa: RUF012 (as Jinja2 declares it)

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        environment.extend(passages=[])
        self._gave_way = False
        self._claim = ""

    def parse(self, parser: Parser) -> nodes.Node:
        """Read the block: its grounds, its text, and its fallback."""
        line = next(parser.stream).lineno
        grounds = [parser.parse_expression()]
        while parser.stream.skip_if("comma"):
            grounds.append(parser.parse_expression())
        body = parser.parse_statements(("name:otherwise", "name:endpassage"))
        fallback: list[nodes.Node] = []
        if next(parser.stream).test("name:otherwise"):
            fallback = parser.parse_statements(("name:endpassage",), drop_needle=True)
        here: list[nodes.Expr] = [nodes.Const(parser.name), nodes.Const(line)]
        bears = self.call_method("_bears", [*here, nodes.List(grounds)])
        said = nodes.CallBlock(self.call_method("_said"), [], [], body)
        gave_way = self.call_method("_has_given_way")
        return nodes.If(bears, [said], [nodes.If(gave_way, fallback, [], [])], []).set_lineno(line)

    def _bears(self, template: str, line: int, grounds: list[Ground]) -> bool:
        if any(ground.holds is None for ground in grounds):
            state: State = "left out"
        else:
            state = "stands" if all(ground.holds for ground in grounds) else "gave way"
        self._gave_way = state == "gave way"
        self._claim = next((ground.claim for ground in grounds if ground.claim), "")
        measured = any(ground.measured for ground in grounds)
        if measured and state == "stands" and self.environment.globals.get("toy"):
            state, self._gave_way = "gave way", True  # toy sizes on made-up images bear no strong sentence
        kept: list[Passage] = self.environment.passages  # type: ignore[attr-defined]
        kept.append(Passage(template, line, state, tuple(ground.words for ground in grounds), measured))
        return state == "stands"

    def _said(self, caller: Callable[[], str]) -> str:
        kept: list[Passage] = self.environment.passages  # type: ignore[attr-defined]
        place, claim = len(kept) - 1, self._claim
        text = str(caller())
        if claim and self.environment.globals.get("spans", True):
            text = _traced(text, *claim.split(" "))
        known = kept[place]
        kept[place] = Passage(known.template, known.line, known.state, known.grounds, known.measured, text)
        return text

    def _has_given_way(self) -> bool:
        return self._gave_way
