"""References from one document to the other, as the pages and the PDF of both show them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from convscope.errors import ReportError
from convscope.report import pandoc
from convscope.report.crosslinks import link_documents
from convscope.report.document import LABELS_FILE, places_of

REPORT = """---
title: Report
---

# Data {#sec-data}

Own @sec-data, other @sec-fashion.
Both in brackets [@tbl-all; @sec-fashion], code `@sec-fashion`, escaped \\@sec-fashion.
"""
SUPPLEMENT = """---
title: Supplement
---

# Data {#sec-data}

See @sec-data and @sec-answer.

# Fashion {#sec-fashion}

| A | B |
|:--|:--|
| one | two |

: All. {#tbl-all}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "report.qmd").write_text(REPORT + "\n# Answer {#sec-answer}\n\nText.\n")
    (folder / "supplement.qmd").write_text(SUPPLEMENT)
    link_documents(folder)
    return folder


def links(html: Path) -> list[tuple[str, str]]:
    page = BeautifulSoup(html.read_text(encoding="utf-8"), "html.parser")
    return [(str(link["href"]), link.get_text().replace("\u00a0", " ")) for link in page.select("p a.cross-reference")]


def test_each_leads_to_where_the_label_is(source: Path, tmp_path: Path) -> None:
    pandoc.render_html(source, tmp_path / "report.html")
    pandoc.render_html(source, tmp_path / "supplement.html", "supplement")
    assert links(tmp_path / "report.html") == [
        ("#sec-data", "Section 1"),
        ("supplement.html#sec-fashion", "Supplement, Section 2"),
        ("supplement.html#tbl-all", "Supplement, Table 1"),
        ("supplement.html#sec-fashion", "Supplement, Section 2"),
    ]
    assert links(tmp_path / "supplement.html") == [
        ("#sec-data", "Section 1"),
        ("report.html#sec-answer", "Report, Section 2"),
    ]
    for name in ("report", "supplement"):
        ids = {
            str(one["id"])
            for one in BeautifulSoup((tmp_path / f"{name}.html").read_text(), "html.parser").select("[id]")
        }
        other = {"report": "supplement", "supplement": "report"}[name]
        led = [href.partition("#")[2] for href, _ in links(tmp_path / f"{other}.html") if href.startswith(name)]
        assert led
        assert set(led) <= ids
    assert "code <code>@sec-fashion</code>" in (tmp_path / "report.html").read_text()


def test_paper_names_the_place(source: Path, tmp_path: Path) -> None:
    pandoc.render_pdf(source, tmp_path / "report.pdf")
    text = subprocess.run(
        ["pdftotext", tmp_path / "report.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "other Supplement, Section 2." in " ".join(text.replace("\u00a0", " ").split())


def test_in_the_site_they_lead_to_its_pages(source: Path, tmp_path: Path) -> None:
    pandoc.render_site_page(source, tmp_path / "index.md")
    pandoc.render_site_page(source, tmp_path / "studies.md", "supplement")
    assert 'href="studies.md#sec-fashion"' in (tmp_path / "index.md").read_text()
    assert 'href="index.md#sec-answer"' in (tmp_path / "studies.md").read_text()


def test_chapters_of_a_notebook_are_looked_for_in_both(source: Path) -> None:
    assert places_of(source, ["sec-fashion", "sec-answer", "sec-data"]) == {
        "supplement": ["sec-fashion", "sec-data"],
        "report": ["sec-answer"],
    }
    with pytest.raises(ReportError, match="sec-none"):
        places_of(source, ["sec-none"])
    cells = json.loads(pandoc.render_chapters(source, ["sec-fashion", "sec-answer"]))["cells"]
    assert "Fashion" in "".join(cells[0]["source"])
    assert [cell["metadata"]["chapter"] for cell in cells] == ["sec-fashion", "sec-answer"]


def test_a_label_that_neither_has_is_refused(source: Path, tmp_path: Path) -> None:
    with (source / "report.qmd").open("a") as report:
        report.write("\nSee @sec-nowhere.\n")
    link_documents(source)
    with pytest.raises(ReportError, match="unknown cross-reference: @sec-nowhere"):
        pandoc.render_html(source, tmp_path / "report.html")


def test_without_a_supplement_the_report_stands_alone(source: Path, tmp_path: Path) -> None:
    (source / "supplement.qmd").unlink()
    (source / "report.qmd").write_text("---\ntitle: Report\n---\n\n# Data {#sec-data}\n\nOwn @sec-data.\n")
    link_documents(source)
    assert list(json.loads((source / LABELS_FILE).read_text())) == ["report"]
    pandoc.render_html(source, tmp_path / "report.html")
    assert links(tmp_path / "report.html") == [("#sec-data", "Section 1")]
