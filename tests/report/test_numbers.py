"""Numbers as the report writes them, against Python's decimal arithmetic and the pointers of RFC 6901."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pypandoc
import pytest
from babel.numbers import format_decimal
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from convscope.errors import ReportError
from convscope.handin import verify
from convscope.language import catalogue, languages
from convscope.report import formats
from convscope.report.formats import NUMERIC, percent, points, recompute, spread
from convscope.report.numbers import Numbers, digits_for, value_at

METRICS: dict[str, Any] = {
    "studies": {"fashion": {"runs": [10, 20], "a/b": 3, "m~n": 4, "seeds": 2, "gap": None}},
    "accuracy": {"unit": "fraction", "mean": 0.9123, "interval": [0.9103, 0.9143]},
    "loss": {"unit": "nats", "mean": 0.2468, "interval": [0.2, 0.3]},
    "single": {"unit": "fraction", "mean": 0.9, "interval": None},
    "difference": {"unit": "fraction", "effect": -0.0046, "interval": [-0.0146, 0.0054]},
    "claims": {
        "early": {"verdict": "inconclusive", "reason": "n too small", "leaning": "supported", "n": 3},
        "sure": {"verdict": "refuted", "reason": "", "leaning": "refuted", "n": 10},
    },
}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/studies/fashion/runs/1", 20),
        ("/studies/fashion/a~1b", 3),
        ("/studies/fashion/m~0n", 4),
        ("/accuracy/interval/0", 0.9103),
    ],
)
def test_pointers_are_followed(pointer: str, value: float) -> None:
    assert value_at(METRICS, pointer) == value


@pytest.mark.parametrize(
    ("pointer", "named"),
    [
        ("/studies/mnist/seeds", ["'mnist'", "/studies", "fashion"]),
        ("/studies/fashion/runs/2", ["'2'", "/studies/fashion/runs", "list"]),
        ("/accuracy/mean/deeper", ["'deeper'", "/accuracy/mean", "float"]),
    ],
)
def test_a_pointer_that_leads_nowhere_says_how_far_it_led(pointer: str, named: list[str]) -> None:
    with pytest.raises(ReportError) as raised:
        value_at(METRICS, pointer)
    assert all(name in str(raised.value) for name in [pointer, *named])


@given(st.floats(-10, 10), st.integers(0, 4))
def test_percent_points_and_spread_round_to_their_places(value: float, digits: int) -> None:
    """The text is within half a unit of its last place of the value, and no closer text of as many places exists."""
    for text in (percent(value, digits).removesuffix("\u00a0%"), points(value, digits), spread(value, digits)):
        shown = Decimal(text.replace("−", "-").replace(",", ""))
        assert -shown.as_tuple().exponent == digits  # type: ignore[operator]  # finite, so a number
        assert abs(shown - 100 * Decimal(value)) <= Decimal("0.5000001") * Decimal(10) ** -digits
        assert "-" not in text  # a real minus sign, U+2212


def test_texts() -> None:
    assert NUMERIC["count"](421642, 0) == "421,642"
    assert NUMERIC["millions"](4_241_152, 2) == "4.24\u00a0M"
    assert NUMERIC["percent"](0.9116, 1) == "91.2\u00a0%"
    assert NUMERIC["points"](0.021, 2) == "+2.10"
    assert NUMERIC["points"](-0.0046, 2) == "−0.46"
    assert NUMERIC["decimal"](-1234.5, 1) == "−1,234.5"
    assert NUMERIC["plain"](0.001, 6) == "0.001"
    assert NUMERIC["plain"](0.1 + 0.2, 6) == "0.3"


@given(st.floats(1e-6, 0.5), st.floats(0.3, 0.7))
def test_an_interval_sets_the_places(half_width: float, middle: float) -> None:
    """Two figures of the half width are shown, or as many places as are allowed."""
    digits = digits_for([middle - half_width, middle + half_width], 100)
    assert 0 <= digits <= 2
    if digits < 2:
        assert 100 * half_width * 10**digits >= 9.99  # a place fewer would show less than two figures
    if digits > 0:
        assert 100 * half_width * 10 ** (digits - 1) < 10.01


def test_values_name_their_source() -> None:
    numbers = Numbers(METRICS)
    text = numbers.value("/studies/fashion/seeds", "count")
    assert text == '[2]{.value data-source="/studies/fashion/seeds" data-format="count 0"}'
    assert numbers.value("/studies/fashion/gap", "count").startswith("[–]")
    assert numbers.pointers == ["/studies/fashion/seeds", "/studies/fashion/gap"]
    assert Numbers(METRICS, spans=False).value("/studies/fashion/seeds", "count") == "2"


def test_measures_and_comparisons() -> None:
    numbers = Numbers(METRICS, spans=False)
    assert numbers.mean("/accuracy") == "91.23\u00a0%"
    assert numbers.mean("/single") == "90.0\u00a0%"
    assert numbers.interval("/accuracy") == "91.03 to 91.43\u00a0%"
    assert numbers.interval("/single") == "–"
    assert numbers.mean("/loss") == "0.247"
    assert numbers.interval("/difference") == "−1.5 to +0.5"
    assert numbers.effect("/difference") == "−0.5"
    assert numbers.interval("-/difference") == "−0.5 to +1.5"
    assert numbers.effect("-/difference") == "+0.5"
    assert numbers.size("-/difference") == "0.5 points (−0.5 to 1.5)"
    assert numbers.size("/difference") == "−0.5 points (−1.5 to 0.5)"
    assert numbers.difference("/accuracy/mean", "/single/mean", 1) == "+1.2"
    assert numbers.removed("/accuracy/mean", "/single/mean") == "12\u00a0%"


@pytest.mark.parametrize(
    ("source", "rule", "text"),
    [
        ("/studies/fashion/seeds /studies/fashion/a~1b", "ratio 2", "0.67"),
        ("/accuracy/mean /single/mean", "difference 1", "+1.2"),
        ("/accuracy/mean /single/mean", "removed 0", "12\u00a0%"),
        ("/difference/effect", "turned 1", "+0.5"),
        ("/accuracy/interval/0", "key", "0"),
        ("/studies/fashion/runs", "list", "10, 20"),
        ("/studies/fashion/runs", "shape", "10×20"),
        ("/claims", "length", "2"),
        ("/claims", "length verdict=refuted", "1"),
        ("/claims/sure/verdict", "verdict refuted", "refuted"),
        ("/told", "date", "2026-11-21"),
        ("/said", "markdown", "Half of 3×3, or 10."),
        ("/said", "text", "Half of *3×3* [@lin2014], or 10."),
        ("/studies/fashion/gap", "percent 1", "–"),
    ],
)
def test_every_rule_can_be_followed_from_the_two_attributes(source: str, rule: str, text: str) -> None:
    told = {"told": "2026-11-21T02:10:32Z", "said": "Half of *3×3* [@lin2014], or 10."}
    assert recompute(METRICS | told, source, rule) == text


def test_text_is_shown_as_it_is() -> None:
    """Characters of Markdown in a string of metrics.json are characters in the report."""
    title = "a_b *c* [d] @e -- ... 'f' \"g\" <h> `i` $j$ #k {l} |m| ~n~ ^o^ \\p"
    text = Numbers({"title": title}, spans=False).value("/title")
    html = pypandoc.convert_text(text, "html", "markdown", ["--wrap=none"])
    assert BeautifulSoup(html, "html.parser").get_text().strip() == title


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(ReportError, match=r"'roman'.*count"):
        Numbers(METRICS).value("/studies/fashion/seeds", "roman")


def test_the_verdict_picks_the_sentence_and_few_seeds_say_where_they_lean() -> None:
    wording = {"supported": "Yes.", "refuted": "No.", "inconclusive": "Open."}
    numbers = Numbers(METRICS)
    early = numbers.verdict("early", **wording)
    assert re.sub(r"\{[^}]*\}|[\[\]]", "", early) == (
        "Open. With 3 seeds there is no verdict; the numbers lean to *supported*."
    )
    assert 'data-source="/claims/early/n" data-format="count 0"' in early  # a number inside the wording stays traced
    sure = numbers.verdict("sure", **wording)
    assert sure == '[No.]{.value data-source="/claims/sure/verdict" data-format="verdict refuted"}'
    with pytest.raises(ReportError, match="'unheard'"):
        numbers.verdict("unheard", **wording)


def test_few_seeds_are_said_in_the_language_of_the_document() -> None:
    wording = {"supported": "Ja.", "refuted": "Nein.", "inconclusive": "Offen."}
    early = Numbers(METRICS, spans=False, texts=catalogue("de")).verdict("early", **wording)
    assert early == "Offen. Mit 3 Seeds gibt es kein Urteil; die Zahlen neigen zu *gestützt*."


def test_numbers_have_the_marks_of_the_documents_language_and_say_so() -> None:
    numbers = Numbers({"n": 421_642, "gain": -0.0213, "a": 0.912, "b": 0.9}, texts=catalogue("de"))
    written = {
        numbers.value("/n", "count"): "421.642",
        numbers.value("/n", "millions"): "0,42\u00a0M",
        numbers.value("/gain", "points"): "−2,13",
        numbers.difference("/a", "/b"): "+1,20",
        numbers.ratio("/a", "/b"): "1,01",
        numbers.removed("/a", "/b"): "12\u00a0%",
        numbers.value("/a", "plain", 3): "0,912",
    }
    for span, text in written.items():
        shown, source, rule = re.fullmatch(  # type: ignore[union-attr]
            r'\[(.*)\]\{\.value data-source="(.*)" data-format="(.*)"\}', span
        ).groups()
        assert shown == text
        assert rule.endswith(" de")
        metrics = {"n": 421_642, "gain": -0.0213, "a": 0.912, "b": 0.9}
        assert recompute(metrics, source, rule) == verify.text_of(metrics, source, rule) == text


@pytest.mark.parametrize("language", languages())
def test_the_marks_of_every_language_are_those_of_the_unicode_consortium(language: str) -> None:
    number = format_decimal(1_234_567.25, locale=language)
    assert catalogue(language).number("1,234,567.25") == number
    for marks in (formats.MARKS, verify.MARKS):
        assert "1,234,567.25".translate(marks.get(language, {})) == number


def test_a_count_by_two_properties_is_refused() -> None:
    """The rule of a count knows one; two were read as one long value, and counted nothing."""
    assert Numbers(METRICS).count_of("/claims", verdict="refuted").startswith("[1]")
    with pytest.raises(ReportError, match="by one property, not by verdict and n"):
        Numbers(METRICS).count_of("/claims", verdict="refuted", n="10")
