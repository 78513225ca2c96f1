"""Every number of the built report, in text and tables, is computed again from metrics.json: by two readers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from checkout import SmokeBuild
from convscope.deployment.evidence import with_evidence
from convscope.errors import ReportError
from convscope.report.formats import recompute
from convscope.report.traced import check_numbers

METRICS: dict[str, Any] = {"accuracy": 0.9123, "runs": 3, "title": "CNN 3×3", "claims": {"a": {"verdict": "refuted"}}}
EXEMPT = (
    "nav, script, style, code, pre, math, .literal, .citation, .cross-reference, .caption-label, .origin, "
    ".header-section-number, .equation-number, #refs, .byline, .report-date"
)


def page(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "page.md"
    path.write_text(f"---\ntitle: 2026\n---\n\n{body}\n", encoding="utf-8")
    return path


def value(text: str, source: str, rule: str) -> str:
    return f'<span class="value" data-source="{source}" data-format="{rule}">{text}</span>'


def test_a_page_of_traced_numbers_passes(tmp_path: Path) -> None:
    verdict = value(f"No: {value('3', '/runs', 'count 0')} runs.", "/claims/a/verdict", "verdict refuted")
    body = (
        f"## 1.2 The {value('CNN 3×3', '/title', 'text')} {{#sec-k3}}\n\n"
        f"<p>It has <strong>{value('91.2&nbsp;%', '/accuracy', 'percent 1')}</strong>, <code>x1</code>, {verdict}\n"
        '<span class="literal">28×28</span><br> <img src="1.svg" alt="2"> <math><mn>3</mn></math></p>\n\n'
        '```sh\nmake 7\n```\n\n<a href="#fig-1" class="cross-reference">Figure 1</a>'
    )
    assert check_numbers(page(tmp_path, body), METRICS) == 4


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("<p>About 7 runs.</p>", "untraced: 7"),
        ("## 2 Some 5×5 kernels {#sec-x1}", "untraced: 5×5"),
        (f"<td>{value('91.3&nbsp;%', '/accuracy', 'percent 1')}</td>", "91.2"),
        (f"<td>{value('91.2&nbsp;%', '/accurate', 'percent 1')}</td>", "/accurate"),
        (value("Yes.", "/claims/a/verdict", "verdict supported"), "gives 'refuted'"),
        (value("No, by 4 points.", "/claims/a/verdict", "verdict refuted"), "untraced: 4"),
        (value("CNN 5×5", "/title", "text"), "CNN 3×3"),
        (value("9", "/runs", "roman"), "roman"),
    ],
)
def test_a_number_that_differs_or_has_no_source_is_named(tmp_path: Path, body: str, named: str) -> None:
    with pytest.raises(ReportError, match=re.escape(named)):
        check_numbers(page(tmp_path, body), METRICS)


@pytest.mark.slow
@pytest.mark.parametrize(("document", "at_least"), [("report", 30), ("supplement", 300)])
def test_every_number_of_the_built_documents_resolves(smoke_build: SmokeBuild, document: str, at_least: int) -> None:
    """The same rule, read from the standalone HTML by another parser."""
    build = smoke_build.checkout.build
    metrics = with_evidence(smoke_build.checkout.metrics(), [build / "deployment"])
    html = (build / "report" / f"{document}.html").read_text(encoding="utf-8")
    main = BeautifulSoup(html, "html.parser").select_one("main")
    assert main
    traced = main.select(".value")
    assert len(traced) > at_least
    for element in traced:
        source, rule = str(element["data-source"]), str(element["data-format"])
        expected = recompute(metrics, source, rule)
        if rule.startswith("verdict"):
            assert rule == f"verdict {expected}"
            continue
        shown = re.sub(r"[ \n]+", " ", element.get_text())
        if rule == "markdown":
            shown, expected = digits_of(shown, element), digits_of(expected)
        assert shown == expected, source
    for exempt in main.select(EXEMPT):
        exempt.decompose()
    for element in main.select(".value"):
        if not element.decomposed and not str(element["data-format"]).startswith("verdict"):
            element.decompose()
    assert list(main.find_all(string=re.compile(r"\d"))) == []


def digits_of(text: str, element: Tag | None = None) -> str:
    cited = " ".join(citation.get_text() for citation in element.select(".citation")) if element else ""
    return " ".join(re.findall(r"\d+", text.replace(cited, "") if cited else text))
