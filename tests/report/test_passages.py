"""Passages: each stands, gives way or is left out as its grounds are decided."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest

from convscope.report.fill import environment
from convscope.report.lint import ungrounded_comparisons
from convscope.report.passages import Grounds


def comparison(effect: float, low: float, high: float, a: str = "cnn", b: str = "mlp") -> dict[str, Any]:
    return {"a": a, "b": b, "effect": effect, "interval": [low, high]}


def claim(verdict: str, reason: str = "", interval: tuple[float, float] = (0.0, 0.0)) -> dict[str, Any]:
    return {"verdict": verdict, "reason": reason, "interval": list(interval)}


METRICS: dict[str, Any] = {
    "studies": {
        "one": {
            "status": "run",
            "experiments": {"kernel": {"comparisons": [comparison(0.02, 0.01, 0.03, "wide", "cnn")]}},
            "against_baseline": [comparison(-0.02, -0.03, -0.01)],
        },
        "two": {"status": "not run"},
        "tuned": {"status": "run", "tuning": {"variants": {}}},
    },
    "claims": {
        "yes": claim("supported"),
        "no": claim("refuted", interval=(-0.001, 0.002)),
        "turned": claim("refuted", interval=(-0.02, -0.01)),
        "open": claim("inconclusive"),
        "few": claim("supported", "n too small"),
    },
}


def rendered(grounds: str, text: str = "strong", fallback: str = "<% otherwise %>plain") -> tuple[str, str]:
    jinja = environment(jinja2.DictLoader({"x.qmd": f"<% passage {grounds} %>{text}{fallback}<% endpassage %>"}))
    jinja.globals.update(spans=False, **Grounds(METRICS).functions)
    said = jinja.get_template("x.qmd").render()
    (kept,) = jinja.passages  # type: ignore[attr-defined]
    assert kept.text == (said if kept.state == "stands" else "")
    return said, kept.state


@pytest.mark.parametrize(
    "grounds",
    [
        'supported("yes")', 'refuted("no")', 'reverse("turned")', 'undecided("open")', 'theory("arithmetic")',
        'positive(between("one", "wide", "cnn"))', 'negative(between("one", "cnn", "mlp"))',
        'positive(between("one", "mlp", "cnn"))',
        'above(between("one", "mlp", "cnn") ~ "/effect", 0.01)',
        'level(between("one", "cnn", "mlp"), 4)', 'there("/studies/one")',
        'above(between("one", "wide", "cnn") ~ "/effect", between("one", "cnn", "mlp") ~ "/effect", 0.03)',
        'above("/studies/one/against_baseline/0/effect", -1)',
        'supported("yes"), refuted("no"), undecided("open")', 'one_rate("one")',
        'unsure("/claims/no")',
    ],
)  # fmt: skip
def test_a_passage_stands_where_all_its_grounds_hold(grounds: str) -> None:
    assert rendered(grounds) == ("strong", "stands")


@pytest.mark.parametrize(
    "grounds",
    [
        'supported("no")', 'refuted("yes")', 'reverse("no")', 'supported("few")', 'undecided("yes")',
        'positive(between("one", "cnn", "mlp"))', 'negative(between("one", "wide", "cnn"))',
        'level(between("one", "cnn", "mlp"), 2)', 'above("/studies/one/against_baseline/0/effect", 0)',
        'supported("yes"), supported("no")',
        'one_rate("one", "tuned")', 'unsure("/claims/turned")',
    ],
)  # fmt: skip
def test_a_passage_gives_way_where_one_does_not(grounds: str) -> None:
    assert rendered(grounds) == ("plain", "gave way")


@pytest.mark.parametrize(
    "grounds",
    [
        'supported("none")', 'positive(between("two", "a", "b"))', 'positive(between("one", "a", "b"))',
        'above("/studies/none/seeds", 0)', 'there("/studies/none")', 'supported("yes"), supported("none")',
        'one_rate("one", "two")',
    ],
)  # fmt: skip
def test_a_passage_about_what_is_not_there_is_left_out_with_its_fallback(grounds: str) -> None:
    assert rendered(grounds) == ("", "left out")


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("It wins.", "[It wins.]{MARK}"),
        ("\n1. **It wins.** So.\n\nMore.\n", "1. [**It wins.** So.]{MARK}\n\nMore.\n"),
        ("![It wins.](figures/a.svg){#fig-a}\n", "![It wins.](figures/a.svg){#fig-a}\n"),
    ],
)
def test_the_first_paragraph_is_marked_with_its_verdict(text: str, marked: str) -> None:
    jinja = environment(
        jinja2.DictLoader({"x.qmd": f'<% passage theory("t"), supported("yes") %>{text}<% endpassage %>'})
    )
    jinja.globals.update(Grounds(METRICS).functions)
    mark = '.value data-source="/claims/yes/verdict" data-format="verdict supported"'
    assert jinja.get_template("x.qmd").render() == marked.replace("MARK", mark)


def test_a_toy_bears_nothing_that_was_measured() -> None:
    for grounds, said in (('supported("yes")', "plain"), ('theory("arithmetic")', "strong")):
        jinja = environment(
            jinja2.DictLoader({"x.qmd": f"<% passage {grounds} %>strong<% otherwise %>plain<% endpassage %>"})
        )
        jinja.globals.update(toy=True, **Grounds(METRICS).functions)
        assert jinja.get_template("x.qmd").render() == said


def test_only_the_text_that_stands_is_filled() -> None:
    assert rendered('supported("no")', text="<< not_there >>") == ("plain", "gave way")
    assert rendered('supported("yes")', fallback="<% otherwise %><< not_there >>") == ("strong", "stands")
    assert rendered('supported("no")', fallback="") == ("", "gave way")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The CNN is better.", [(1, "better")]),
        ("Fine.\nIt loses\npoints, and keeps none.", [(2, "loses"), (3, "keeps")]),
        ('<% passage supported("x") %>It wins.<% endpassage %>\nIt wins.', [(2, "wins")]),
        ('<% passage supported("x") %>It wins.<% otherwise %>It decides.<% endpassage %>', [(1, "decides")]),
        ('<< figure("a", "The CNN is ahead.", "alt") >>', [(1, "ahead")]),
        ("Whether it is better is open. It is better.", [(1, "better")]),
        ("| a | b |\n|:--|:--|\n| grows | c |\n\n: Best first. {#tbl-x}", [(3, "grows"), (5, "Best")]),
    ],
)
def test_a_word_of_comparison_that_rests_on_nothing_is_found(text: str, found: list[tuple[int, str]]) -> None:
    assert list(ungrounded_comparisons(text)) == found


@pytest.mark.parametrize(
    "text",
    [
        "Whether the CNN is better is not settled. Is it better?",
        "Trees are better on tables [@grinsztajn2022]. @azulay2019 find that it loses accuracy.",
        '<% passage theory("arithmetic") %>A larger kernel has more weights.<% endpassage %>',
        '<< verdict("x", supported="It wins.", refuted="It loses.", inconclusive="Open.") >>',
        "`make better`, $more$, <# worse #> and see @fig-better.",
        '<% if a.best > b %>Fine.<% endif %> << value("/studies/best/more") >>',
    ],
)
def test_what_rests_on_something_passes(text: str) -> None:
    assert list(ungrounded_comparisons(text)) == []
