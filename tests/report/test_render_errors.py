"""A report with a hole is an error that names the hole, in every output, and the last good report stays."""

from collections.abc import Callable
from pathlib import Path

import pytest

from convscope.errors import ReportError
from convscope.report import pandoc

Render = Callable[[Path, Path], None]
BACKENDS = [pandoc.render_html, pandoc.render_pdf, pandoc.render_site_page]
PIXEL = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


def write_source(folder: Path, body: str, front_matter: str = "title: Small") -> Path:
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "dot.svg").write_text(PIXEL)
    (folder / "references.bib").write_text("@book{known, title={A Book}, author={Some One}, year={2001}}\n")
    (folder / "_quarto.yml").write_text("bibliography: references.bib\n")
    (folder / "report.qmd").write_text(f"---\n{front_matter}\n---\n\n{body}\n")
    return folder


@pytest.mark.parametrize("render", BACKENDS)
@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("See @fig-nowhere.", "unknown cross-reference: @fig-nowhere"),
        ("# A {#sec-a .unnumbered}\n\nSee @sec-a.", "unknown cross-reference: @sec-a"),
        ("![A](figures/dot.svg){#fig-a}\n\n![B](figures/dot.svg){#fig-a}", "duplicate label: fig-a"),
        ("$$ x $$ {#eq-a}\n\n$$ y $$ {#eq-a}", "duplicate label: eq-a"),
        ("# A {#sec-a}\n\n# B {#sec-a}", "duplicate label: sec-a"),
        (
            "| a |\n|---|\n| 1 |\n\n: A {#tbl-a}\n\n| a |\n|---|\n| 1 |\n\n: B {#tbl-a}",
            "duplicate label: tbl-a",
        ),
        ("![A](figures/none.svg){#fig-a}", "missing image: figures/none.svg"),
        ("| a |\n|---|\n| ![A](figures/none.png) |", "missing image: figures/none.png"),
        ("![A](https://example.org/a.png)", "image is not a file of the report: https://example.org/a.png"),
        ("As @nobody2020 says.", "nobody2020"),
        (
            "See [@fig-a; @known].\n\n![A](figures/dot.svg){#fig-a}",
            "mixes citations and cross-references: @fig-a",
        ),
        ("::: {.callout-note}\nText.\n\n## Inside\n:::", "a heading inside a callout: Inside"),
        ("{{< video x.mp4 >}}", "unknown shortcode 'video'"),
        ("{{< include _none.qmd >}}", "_none.qmd"),
        ("{{< meta none.there >}}", "none.there"),
    ],
)
def test_a_hole_is_an_error_that_names_it(render: Render, body: str, named: str, tmp_path: Path) -> None:
    source = write_source(tmp_path / "source", body)
    output = tmp_path / "out" / "report"
    with pytest.raises(ReportError) as caught:
        render(source, output)
    assert named in str(caught.value)
    assert "traceback" not in str(caught.value)
    assert not output.exists()


@pytest.mark.parametrize("render", BACKENDS)
def test_a_failure_leaves_the_last_report(render: Render, tmp_path: Path) -> None:
    output = tmp_path / "out" / "report"
    render(write_source(tmp_path / "good", "All is well [@known]."), output)
    good = output.read_bytes()
    with pytest.raises(ReportError):
        render(write_source(tmp_path / "bad", "See @fig-nowhere."), output)
    assert output.read_bytes() == good
    assert [path.name for path in output.parent.iterdir()] == ["report"]


def test_typst_failure_is_a_report_error(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source", "```{=typst}\n#no-such-function()\n```")
    with pytest.raises(ReportError, match="no-such-function"):
        pandoc.render_pdf(source, tmp_path / "report.pdf")


@pytest.mark.parametrize(
    ("front_matter", "named"),
    [("author: Nobody", "no title"), ("title: [", "report.qmd"), ("- a", "key: value")],
)
def test_bad_front_matter(front_matter: str, named: str, tmp_path: Path) -> None:
    source = write_source(tmp_path / "source", "Text.", front_matter)
    with pytest.raises(ReportError, match=named):
        pandoc.render_html(source, tmp_path / "report.html")


def test_a_folder_without_a_report(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"report\.qmd"):
        pandoc.render_html(tmp_path, tmp_path / "out.html")


def test_minimal_front_matter_renders(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source", "Text.", "title: 'A \"quoted\" \\ title'")
    pandoc.render_html(source, tmp_path / "report.html")
    pandoc.render_pdf(source, tmp_path / "report.pdf")
    pandoc.render_site_page(source, tmp_path / "index.md")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
