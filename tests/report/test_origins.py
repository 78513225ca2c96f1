"""Below each figure and table: where its code is, and its data as CSV, read back by the csv module."""

from __future__ import annotations

import csv
import json
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

from convscope.report.fill import fill
from convscope.report.origins import (
    MOST_INSIDE,
    Origins,
    put_data_inside,
    put_figures_inside,
    repository_of,
    shown_in,
    web_address,
)
from convscope.report.tables import table_rows

METRICS: dict[str, Any] = {
    "profile": "smoke",
    "studies": {"fashion": {"title": "A|B 3×3", "seeds": 3, "accuracy": [0.9123456, 0.92], "gap": None}},
    "datasets": {},
}
TABLE = """\
<% set at = "/studies/fashion" %>
<% set two = value(at ~ "/accuracy/1", "percent") %>
| Study | Accuracy | Gap | Section |
|:--|--:|:-:|--|
| << value(at ~ "/title") >> | **<< value(at ~ "/accuracy/0", "percent") >>** to << two >> |
<%- set gap = value(at ~ "/gap", "percent") %> << gap >> | @sec-fashion, [3×3]{.literal}, `conv` [@lin2014] |

: Accuracies. {#tbl-<< "fashion" >>-results tbl-colwidths="[28,72]"}
"""


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "_quarto.yml").write_text("project:\n  type: default\n")
    (folder / "references.bib").write_text("")
    return folder


@pytest.fixture
def figures(tmp_path: Path) -> Path:
    folder = tmp_path / "figures"
    folder.mkdir()
    for name in ("curves", "cost"):
        (folder / f"{name}.svg").write_text("<svg/>")
        (folder / f"{name}.csv").write_text("epoch,loss\n1,0.5\n")
    code = {"file": "src/convscope/figures/results.py", "line": 34, "object": "convscope.figures.results.curves"}
    (folder / "code.json").write_text(json.dumps({"curves": code}))
    return folder


def filled(templates: Path, figures: Path, text: str, repository: str = "") -> Path:
    (templates / "report.qmd").write_text(text, encoding="utf-8")
    output = templates.parent / "source"
    fill(templates, METRICS, figures, {"commit": "4a5b6c (modified)", "repository": repository}, output)
    return output


def test_the_data_of_a_table_is_what_it_shows_and_the_values_behind_it(templates: Path, figures: Path) -> None:
    output = filled(templates, figures, TABLE)
    with (output / "data" / "tbl-fashion-results.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == [
            {
                "Study": "A|B 3×3",
                "Accuracy": "91.2 % to 92.0 %",  # with spaces that any program reads
                "Accuracy (unrounded)": "0.9123456 0.92",
                "Gap": "–",
                "Gap (unrounded)": "",
                "Section": "fashion, 3×3, conv",
            }
        ]


def test_a_ratio_is_computed_from_both_its_sources() -> None:
    cell = '[1.50]{.value data-source="/a /b" data-format="ratio 2"}'
    rows = table_rows({"a": 3, "b": 2}, ["| x |", "|--|", f"| {cell} |"])
    assert rows == [{"x": "1.50", "x (unrounded)": "1.5"}]


def test_links_name_the_line_of_the_template_and_of_the_function(templates: Path, figures: Path) -> None:
    output = filled(templates, figures, TABLE + '\n<< figure("curves", "Curves [x].", "Lines", "fashion-curves") >>\n')
    text = (output / "report.qmd").read_text(encoding="utf-8")
    table, figure = text.split('::: {.content-visible when-format="html"}\n::: {.origin data-search-exclude=""}\n')[1:]
    assert table.startswith("Code `report/report.qmd:8` at `4a5b6c` · [Data (CSV)](data/tbl-fashion-results.csv){")
    place = '[`src/convscope/figures/results.py:34`]{.code-origin data-object="convscope.figures.results.curves"}'
    assert figure.startswith(f"Code {place} at `4a5b6c` · [Data (CSV)](data/fig-fashion-curves.csv){{")
    assert (output / "data" / "fig-fashion-curves.csv").read_text() == "epoch,loss\n1,0.5\n"
    assert not list((output / "figures").glob("*.csv"))


def test_a_repository_in_the_web_is_linked_at_the_commit(templates: Path, figures: Path) -> None:
    output = filled(templates, figures, '<< figure("curves", "", "") >>', "https://example.org/me/convscope")
    text = (output / "report.qmd").read_text(encoding="utf-8")
    assert "](https://example.org/me/convscope/blob/4a5b6c/src/convscope/figures/results.py#L34) at `4a5b6c`" in text


def test_the_most_specific_label_of_a_template_is_taken(templates: Path, tmp_path: Path) -> None:
    (templates / "_macros.qmd").write_text(
        ": Any. {#tbl-<< id >>-<< label >>}\n\n: Results. {#tbl-<< id >>-results tbl-colwidths=x}\n"
    )
    origins = Origins(templates, tmp_path, "unknown")
    links = {
        label: origins.links(next(shown_in(f"| a |\n|--|\n| b |\n\n: x {{#{label}}}")), data=False)
        for label in ("tbl-fashion-results", "tbl-fashion-kernel", "tbl-alone")
    }
    assert "`report/_macros.qmd:3`" in links["tbl-fashion-results"]
    assert "`report/_macros.qmd:1`" in links["tbl-fashion-kernel"]
    assert "Code" not in links["tbl-alone"]


def test_links_of_sub_figures_come_after_the_whole_figure() -> None:
    text = (
        "::: {#fig-both layout-ncol=2}\n![a](figures/a.svg){#fig-both-a}\n\n![b](figures/b.svg){#fig-both-b}\n\n"
        "Both.\n:::\n::: {.callout-note}\n![c](figures/c.svg){#fig-c}\n:::\n"
    )
    assert [(shown.figure, shown.line) for shown in shown_in(text)] == [("a", 6), ("b", 6), ("c", 8)]


def test_small_data_goes_into_the_page_and_large_data_stays_beside_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "small.csv").write_text("a,b\n1,2\n")
    (tmp_path / "data" / "large.csv").write_text("a\n" * MOST_INSIDE)
    page = tmp_path / "report.html"
    page.write_text('<a href="data/small.csv" download="small.csv">x</a> <a href="data/large.csv">y</a>')
    put_data_inside(page, tmp_path / "data")
    small, large = page.read_text().split("> <")[0], page.read_text().split("> <")[1]
    assert unquote_to_bytes(small.split("text/csv,")[1].split('"')[0]) == b"a,b\n1,2\n"
    assert 'href="data/large.csv"' in large


def test_a_page_shows_the_figures_of_pages_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "a.svg").write_text("<svg><!-- of paper --></svg>\n")
    lean = '<svg id="a"><path d="M0 1" fill="#123"/><text>50 % "so"</text></svg>'
    (tmp_path / "web" / "a.svg").write_text(lean)
    page = tmp_path / "report.html"
    paper, other = (b64encode(drawing).decode() for drawing in (b"<svg><!-- of paper --></svg>", b"<svg/>"))
    page.write_text("".join(f'<img src="data:image/svg+xml;base64,{one}">' for one in (paper, other)))
    put_figures_inside(page, tmp_path)
    first, second = (str(image["src"]) for image in BeautifulSoup(page.read_text(), "html.parser").select("img"))
    content = unquote(first.removeprefix("data:image/svg+xml,"))
    assert [element.attrib for element in ElementTree.fromstring(content)] == [{"d": "M0 1", "fill": "#123"}, {}]
    assert ElementTree.fromstring(content)[1].text == '50 % "so"'
    assert second.endswith(other)


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://example.org/me/convscope.git", "https://example.org/me/convscope"),
        ("https://me:secret@example.org/me/convscope", "https://example.org/me/convscope"),
        ("git@example.org:me/convscope.git", "https://example.org/me/convscope"),
        ("/srv/convscope", ""),
        (None, ""),
    ],
)
def test_the_address_of_the_repository(remote: str | None, address: str, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    if remote:
        subprocess.run(["git", "-C", str(tmp_path), "remote", "add", "origin", remote], check=True)
    assert repository_of(tmp_path) == address


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/owner/name.git", "https://github.com/owner/name"),
        ("https://user:secret@gitlab.example:8443/a/b/name.git/", "https://gitlab.example:8443/a/b/name"),
        ("git@github.com:owner/name.git", "https://github.com/owner/name"),
        ("gitlab.example:group/name", "https://gitlab.example/group/name"),
        ("ssh://git@gitlab.example:2222/group/name.git", "https://gitlab.example/group/name"),
        ("/srv/git/name.git", ""),
        ("../name", ""),
        ("file:///srv/name", ""),
        ("C:/code/name", ""),
        ("http://intranet/name", ""),
        ("https://gitlab.example:port/name", ""),
        ("", ""),
    ],
)
def test_where_a_browser_finds_a_remote(remote: str, address: str) -> None:
    assert web_address(remote) == address
