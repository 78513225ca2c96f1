"""A title is text: each sign of it stands on every page as it was written."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from bs4 import BeautifulSoup
from markdown import Markdown
from markdown_it import MarkdownIt

from checkout import ROOT
from convscope.language import catalogue
from convscope.notebooks.cells import opening_cells
from convscope.notebooks.lesson import lesson_cells
from convscope.report.fill import fill
from convscope.report.numbers import Numbers
from convscope.report.pandoc import render_site_page
from convscope.report.site_chapters import write_chapters
from convscope.report.site_pages import in_html
from convscope.report.traced import check_article, check_numbers

TITLES = (
    "Kernels < 7",
    "A *b* title",
    "A <b>bold</b> title",
    r"A_b_ `c` &amp; [d](e) {f} $g$ \h ~i~ ^j^ 'k' l|m # 3×3",
)


@pytest.fixture
def site(tmp_path: Path) -> Markdown:
    """Return Markdown as the site reads it."""
    settings = (ROOT / "site" / "mkdocs.yml").read_text(encoding="utf-8")
    listed = yaml.safe_load(settings[settings.index("markdown_extensions:") : settings.index("extra_css:")])
    return Markdown(
        extensions=[each if isinstance(each, str) else next(iter(each)) for each in listed["markdown_extensions"]]
    )


def article(site: Markdown, markdown: str, folder: Path) -> Path:
    page = folder / "page.html"
    page.write_text(f"<article>{site.convert(markdown)}</article>", encoding="utf-8")
    return page


def shown(page: Path) -> list[str]:
    return [value.get_text() for value in BeautifulSoup(page.read_bytes(), "html.parser").select("h1 > .value")]


@pytest.mark.parametrize("title", TITLES)
def test_a_title_of_a_study_heads_its_page_of_the_site(title: str, site: Markdown, tmp_path: Path) -> None:
    metrics: dict[str, Any] = {"studies": {"own": {"title": title, "status": "run", "variants": {}}}, "datasets": {}}
    templates, figures, pages = (tmp_path / name for name in ("report", "figures", "pages"))
    for folder in (templates, figures, pages):
        folder.mkdir()
    (templates / "_quarto.yml").write_text("lang: en\n")
    (templates / "references.bib").write_text("")
    chapter = '# << value("/studies/own/title") >> {#sec-own}\n'
    (templates / "report.qmd").write_text(f"---\ntitle: T\n---\n\n# First {{#sec-first}}\n\n{chapter}")
    fill(templates, metrics, figures, {"commit": "abc", "backend": "pandoc"}, tmp_path / "source")
    render_site_page(tmp_path / "source", pages / "index.md")
    assert check_numbers(pages / "index.md", metrics) == 1
    [chapter_page], _ = write_chapters(pages, ["own"], tmp_path / "site")
    assert BeautifulSoup(chapter_page.title, "html.parser").get_text() == title
    text = (tmp_path / "site" / chapter_page.name).read_text(encoding="utf-8")
    assert yaml.safe_load(text.split("---\n")[1])["title"] == chapter_page.title
    page = article(site, text.split("---\n", 2)[2], tmp_path)
    assert shown(page) == [title]


@pytest.mark.parametrize("title", TITLES)
def test_a_title_stands_on_the_other_pages_of_the_site(title: str, site: Markdown, tmp_path: Path) -> None:
    metrics = {"studies": {"own": {"title": title}}}
    page = article(site, in_html(f"# {Numbers(metrics).value('/studies/own/title')} {{#sec-own}}"), tmp_path)
    assert shown(page) == [title]
    assert check_article(page, metrics) == 1


@pytest.mark.parametrize("title", TITLES)
def test_a_title_stands_in_the_notebook(title: str) -> None:
    study: Any = SimpleNamespace(title=title, baseline="", reference="", variants={})
    english = catalogue("en")
    cells = [
        *opening_cells("own", study, english, document="report", profile="smoke", repository="", sha256=""),
        *lesson_cells(study, english),
    ]
    text = "".join(MarkdownIt().render(cell.source) for cell in cells if cell.cell_type == "markdown")
    words = BeautifulSoup(text, "html.parser").get_text()
    assert f"the chapter {title} of the" in words
    assert f"6 What was measured: {title}\n" in words
