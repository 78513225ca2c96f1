"""Digits in the prose of a template: found with their line, unless they are marked or no prose."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout import ROOT
from convscope.errors import ReportError
from convscope.report.lint import check_templates, untraced_digits


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The CNN reaches 91.2 % here.", [(1, "91.2")]),
        ("one\n\n- two\n- CIFAR-10 has three", [(4, "CIFAR-10")]),
        ("## The 3×3 kernel {#sec-k3}", [(1, "3×3")]),
        ("| a | 7 |\n|:-----|--:|\n| b | << value('/x/1') >> |", [(1, "7")]),
        (": Caption with 95 % intervals. {#tbl-x2}", [(1, "95")]),
        ('<< figure("fig-1", "Bars are 95 % intervals.", "alt", "x") >>', [(1, "95")]),
        ('<< verdict("a-3x3",\n  supported="It wins by 3 points.",\n  refuted="No.") >>', [(2, "3")]),
        ("[see 3](https://example.org/7)", [(1, "3")]),
    ],
)
def test_a_digit_in_prose_is_found_with_its_line(text: str, found: list[tuple[int, str]]) -> None:
    assert list(untraced_digits(text)) == found


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: A report of 2026\n---\nText.",
        "The [3×3]{.literal} kernel, since [1998]{.literal}, with [95 %]{.literal} intervals.",
        "It costs $k^2 + 1$ weights.\n\n$$\nm = \\frac{n}{2}\n$$ {#eq-size2}",
        "In `float32`:\n\n```sh\nmake all JOBS=2\n```\n",
        "As @kingma2015 and others [@lin2014; @barz2020, pp. 3] say; @sec-cifar10, [-@tbl-m7], [Appendix @sec-a1].",
        "A note[^1].\n\n[^1]: Small.",
        "1. one\n2. two\n",
        "::: {#fig-2 layout-ncol=2}\n![Both.](figures/fig-2.svg){#fig-2-a width=80%}\n:::",
        "<# 3 notes to the author #><% set digits = {'a': 2, 'b': 4}[x] %><% if n > 8 %>many<% endif %>",
        '<< value("/studies/%s/variants/cnn3/test_accuracy/mean" | format(id), "percent", 2) >>',
        "{{< pagebreak >}} <https://example.org/2> [text](https://example.org/3)",
    ],
)
def test_marked_digits_and_what_is_no_prose_pass(text: str) -> None:
    assert list(untraced_digits(text)) == []


@given(
    st.lists(st.sampled_from(["text", "[3]{.literal}", "$x_1$", "`a1`", "", "<# 1 #>"]), max_size=8), st.integers(0, 9)
)
def test_lines_are_counted_as_an_editor_does(lines: list[str], digit: int) -> None:
    assert list(untraced_digits("\n".join([*lines, f"a{digit}b"]))) == [(len(lines) + 1, f"a{digit}b")]


def test_the_error_names_every_place(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    (folder / "studies").mkdir(parents=True)
    (folder / "report.qmd").write_text("Fine.\n")
    check_templates(folder)
    (folder / "studies" / "own.qmd").write_text("Fine.\n\nIt is 5 % better,\nin 3 runs.\n")
    with pytest.raises(ReportError) as raised:
        check_templates(folder)
    assert "report/studies/own.qmd:3: 5" in str(raised.value)
    assert "report/studies/own.qmd:4: 3" in str(raised.value)
    assert "{.literal}" in str(raised.value)


def test_the_reports_own_prose_passes() -> None:
    check_templates(ROOT / "report")
