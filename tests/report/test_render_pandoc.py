"""The sample report, which uses every element of the syntax, in all three outputs."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import markdown
import pytest
from bs4 import BeautifulSoup, Tag

from convscope.report import checks, pandoc

SAMPLE = Path(__file__).parent / "sample"
FIGURE_CAPTION = "Figure 1: Validation accuracy of two networks, as in Equation 2: solid is the convolution."
CAPTIONS = [
    FIGURE_CAPTION,
    "Figure 2: Two data sets side by side, 5 runs each.",
    "(a) On the left",
    "(b) On the right",
    "Table 1: Test accuracy in percent, means over seeds.",
    "Table 2: A wide table.",
    "Table 3: A wide table without widths.",
]
ALT_TEXTS = [
    "Two rising curves; the solid one ends higher",
    "Curves of the first data set",
    "Dots of the second data set",
]


def squeeze(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def html_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("html") / "report.html"
    pandoc.render_html(SAMPLE, output)
    return output


@pytest.fixture(scope="module")
def site_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("site") / "index.md"
    pandoc.render_site_page(SAMPLE, output)
    return output


@pytest.fixture(scope="module")
def pdf_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("pdf") / "report.pdf"
    pandoc.render_pdf(SAMPLE, output)
    return output


@pytest.fixture(scope="module")
def pdf_text(pdf_file: Path) -> str:
    command = ["pdftotext", "-layout", str(pdf_file), "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return squeeze(text.replace("\u00a0", " "))


def as_browser_sees_site_page(site_file: Path) -> str:
    """The page's Markdown as MkDocs turns it into HTML."""
    text = site_file.read_text().split("---\n", 2)[2]
    return str(markdown.markdown(text, extensions=["attr_list", "pymdownx.superfences"]))


@pytest.fixture(scope="module", params=["html", "site"])
def page(request: pytest.FixtureRequest, html_file: Path, site_file: Path) -> BeautifulSoup:
    text = html_file.read_text() if request.param == "html" else as_browser_sees_site_page(site_file)
    return BeautifulSoup(text, "html.parser")


def one(found: Tag | None) -> Tag:
    assert found is not None
    return found


def test_captions_are_numbered(page: BeautifulSoup) -> None:
    captions = [squeeze(caption.get_text()) for caption in page.find_all("figcaption")]
    assert captions == [
        *CAPTIONS[:1],
        *CAPTIONS[2:4],
        CAPTIONS[1],
        *CAPTIONS[4:],
        "Figure 3: A picture in a tab",
        "Left, without a label",
        "Right, without a label",
    ]


def test_cross_references_name_and_link_their_target(page: BeautifulSoup) -> None:
    links = page.find_all("a", class_="cross-reference")
    texts = {(squeeze(link.get_text()), str(link["href"])) for link in links}
    assert texts >= {
        ("Section 1.1", "#sec-method"),
        ("Section 2", "#sec-results"),
        ("3", "#sec-details"),
        ("Figure 1", "#fig-learning"),
        ("Figure 2", "#fig-pair"),
        ("Figure 2 (b)", "#fig-pair-right"),
        ("Table 1", "#tbl-main"),
        ("Equation 1", "#eq-convolution"),
        ("2", "#eq-softmax"),
    }
    assert "Appendix\u00a03" in page.get_text()


def test_every_internal_link_resolves_and_ids_are_unique(page: BeautifulSoup) -> None:
    ids = [str(tag["id"]) for tag in page.find_all(id=True)]
    targets = {str(a["href"])[1:] for a in page.find_all("a", href=True) if str(a["href"]).startswith("#")}
    assert len(ids) == len(set(ids))
    assert targets <= set(ids)
    assert len(targets) > 12


def test_values_keep_their_source(page: BeautifulSoup) -> None:
    values = [(value.get_text(), value["data-source"]) for value in page.select("span.value")]
    assert ("91.2", "/studies/sample/best") in values
    assert ("+3.4", "/studies/sample/gap") in values
    assert ("87.8", "/studies/sample/dense") in values  # in a table
    assert ("5", "/studies/sample/runs") in values  # in a caption
    assert ("1000", "/studies/sample/n") in values  # in a callout


def test_images_have_their_alternative_text(page: BeautifulSoup) -> None:
    alternatives = [str(image["alt"]) for image in page.find_all("img")]
    assert alternatives[:3] == ALT_TEXTS
    assert all(alternatives)


def test_tables_scroll_inside_a_box_without_their_caption(page: BeautifulSoup) -> None:
    for table in page.find_all("table"):
        box = one(table.parent)
        assert box["class"] == ["table-scroll"]
        assert table.caption is None
        assert one(box.find_previous_sibling("figcaption"))["id"] == box["aria-labelledby"]
    rows = [[squeeze(cell.get_text()) for cell in row.find_all("td")] for row in page.select("#tbl-main tbody tr")]
    assert rows == [
        ["Dense", "87.8", "87.5 to 88.1", "12.0"],
        ["Convolution", "91.2", "90.9 to 91.5", "31.5"],
    ]


def test_equations_are_mathml_with_numbers(page: BeautifulSoup) -> None:
    equation = one(page.find(id="eq-convolution"))
    assert one(equation.math)["display"] == "block"
    assert one(equation.select_one(".equation-number")).get_text() == "(1)"
    assert one(page.select_one("#eq-softmax .equation-number")).get_text() == "(2)"


def test_callouts(page: BeautifulSoup) -> None:
    titles = [squeeze(title.get_text()) for title in page.select(".admonition > .admonition-title")]
    assert titles[-4:] == ["Note", "A small test set", "Important", "Caution"]
    folded = one(page.select_one("details.tip"))
    assert not folded.has_attr("open")
    assert squeeze(one(folded.summary).get_text()) == "How to reproduce"
    assert "make all" in folded.get_text()
    assert 'if a < b and b > c: print("nested & escaped")' in one(page.select_one(".warning pre")).get_text()


def test_tabs(page: BeautifulSoup) -> None:
    tabs = one(page.select_one(".tabbed-set"))
    assert tabs["data-tabs"] == "1:2"
    assert [label.get_text() for label in tabs.select(".tabbed-labels label")] == ["Accuracy", "Curves"]
    assert [label["for"] for label in tabs.find_all("label")] == [field["id"] for field in tabs.find_all("input")]
    assert len(tabs.select(".tabbed-content > .tabbed-block")) == 2


def test_html_shows_what_is_for_html(page: BeautifulSoup) -> None:
    text = page.get_text()
    assert "Only on the screen" in text
    assert "Only on paper" not in text


def test_citations_shortcodes_and_special_characters(page: BeautifulSoup) -> None:
    text = squeeze(page.get_text())
    assert "Convolutions share weights (LeCun et al. 1998)" in text
    assert "(Goodfellow et al. 2016, 326–30)" in text
    assert "Gradient-Based Learning Applied to Document Recognition" in text
    assert "The title is “What a convolution buys: a sample”." in text
    assert "Costs 5 < 7 & more, at 10*2 dollars and file_name_here." in text
    assert "size: int, kernel: int, stride: int = 1" in text


def test_html_headings_and_contents(html_file: Path) -> None:
    page = BeautifulSoup(html_file.read_text(), "html.parser")
    headings = [(tag.name, squeeze(tag.get_text(" "))) for tag in page.find_all(re.compile("^h[1-6]$"))]
    assert headings == [
        ("h1", "What a convolution buys: a sample"),
        ("h2", "1 Introduction"),
        ("h3", "1.1 Method"),
        ("h2", "2 Results"),
        ("h3", "2.1 Callouts"),
        ("h3", "2.2 One output only"),
        ("h2", "3 Details"),
        ("h3", "Not numbered"),
        ("h2", "References"),
    ]
    contents = [squeeze(link.get_text(" ")) for link in page.select("#contents a")]
    assert contents == [text for _, text in headings[1:]]
    assert one(page.title).get_text() == "What a convolution buys: a sample"
    assert one(page.select_one(".byline")).get_text() == "Ada Example, Ben Sample · 24 July 2026"


def test_html_loads_nothing(html_file: Path) -> None:
    checks.check_html(html_file)
    page = BeautifulSoup(html_file.read_text(), "html.parser")
    assert page.find_all("link") == []
    assert all(str(image["src"]).startswith("data:image/") for image in page.find_all("img"))
    assert "src: url(data:font/woff2;base64," in one(page.style).get_text()


def test_what_is_for_the_hand_in_stays_off_the_site(html_file: Path, site_file: Path, pdf_text: str) -> None:
    assert [("For the hand-in alone." in text) for text in (html_file.read_text(), pdf_text)] == [True, True]
    assert "hand-in" not in site_file.read_text()
    answer = (SAMPLE.parents[2] / "report" / "_answer.qmd").read_text()
    assert '::: {.content-hidden when-format="site"}\n[No author given' in answer


def test_site_page_is_markdown_where_mkdocs_looks(site_file: Path) -> None:
    text = site_file.read_text()
    checks.check_html(site_file)
    assert text.startswith('---\ntitle: "What a convolution buys: a sample"\n---\n')
    assert "\n## Introduction {#sec-introduction}\n" in text
    assert "\n### Method {#sec-method}\n" in text
    assert "\n### Not numbered {#not-numbered}\n" in text
    assert "\n```python\ndef output_size(" in text
    assert "[PDF](report.pdf){ .md-button }" in text
    assert "[HTML](report.html){ .md-button }" in text
    assert '<p class="report-date">Ada Example, Ben Sample · 24 July 2026</p>' in text
    assert 'src="figures/curves.svg"' in text


def test_site_page_uses_the_callouts_material_has(site_file: Path) -> None:
    page = BeautifulSoup(as_browser_sees_site_page(site_file), "html.parser")
    classes = [" ".join(callout["class"]) for callout in page.select(".admonition")]
    assert classes == [f"admonition {kind}" for kind in ("abstract", "note", "warning", "info", "danger")]


def test_site_and_report_embed_the_same_math_font() -> None:
    root = Path(__file__).parents[2]
    packaged = root / "src/convscope/report/fonts"
    published = root / "site/docs/stylesheets"
    for name in ("stix-two-math.woff2", "OFL.txt"):
        assert (packaged / name).read_bytes() == (published / name).read_bytes()


def test_pdf_text(pdf_text: str) -> None:
    for caption in CAPTIONS:
        assert caption in pdf_text
    assert "Figure 1 shows the learning curves, Figure 2 (b) the second data set and Table 1 the numbers." in pdf_text
    assert "Section 1.1 has the method, Section 2 the results, Appendix 3" in pdf_text
    assert "The best network reaches 91.2 % on the test images; see Section 2." in pdf_text
    assert "The gap is +3.4 percentage points over 10 seeds." in pdf_text
    assert "Costs 5 < 7 & more, at 10*2 dollars and file_name_here." in pdf_text
    assert "Convolution 91.2 90.9 to 91.5 31.5" in pdf_text
    assert "Only on paper" in pdf_text
    assert "Only on the screen" not in pdf_text
    assert "1.1 Method" in pdf_text
    assert re.search(r"1 ?/ ?5\b", pdf_text)
    checks.check_text(pdf_text)


def test_pdf_is_tagged_and_described(pdf_file: Path) -> None:
    command = ["pdfinfo", "-struct-text", str(pdf_file)]
    structure = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for element in ("H1", "Figure", "Table", "Formula", "Caption"):
        assert element in structure
    info = subprocess.run(["pdfinfo", str(pdf_file)], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Title: +What a convolution buys: a sample\n", info)
    assert re.search(r"Author: +Ada Example, Ben Sample\n", info)
    assert re.search(r"Tagged: +yes\n", info)
    assert re.search(r"Page size: .*A4", info)


def test_wide_tables_stay_on_the_paper(pdf_file: Path) -> None:
    command = ["pdftotext", "-bbox", str(pdf_file), "-"]
    boxes = BeautifulSoup(subprocess.run(command, capture_output=True, text=True, check=True).stdout, "html.parser")
    margin = 2.4 / 2.54 * 72
    for sheet in boxes.find_all("page"):
        right = float(str(sheet["width"])) - margin
        assert all(float(str(word["xmax"])) <= right + 1 for word in sheet.find_all("word"))


def report_of(folder: Path, front_matter: str, body: str) -> list[str]:
    """Render a small report with a figure at hand, and return the text of each page of its PDF."""
    shutil.copytree(SAMPLE, folder)
    (folder / "report.qmd").write_text(f"---\ntitle: T\n{front_matter}---\n\n{body}", encoding="utf-8")
    pandoc.render_pdf(folder, folder / "report.pdf")
    command = ["pdftotext", "-layout", str(folder / "report.pdf"), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\f")


@pytest.mark.parametrize("lines_before", [0, 3, 8])
def test_the_first_figure_of_a_chapter_stands_below_its_heading(tmp_path: Path, lines_before: int) -> None:
    """A float goes to the top of the page where that is nearer."""
    picture = next((SAMPLE / "figures").glob("*.svg"))
    above = "\n\n".join(["A line of the chapter before."] * lines_before)
    body = f"# Before {{#sec-a}}\n\n{above}\n\n# Chapter {{#sec-b}}\n\nText.\n\n"
    body += f'![Its figure.](figures/{picture.name}){{#fig-x fig-alt="A picture" width=50%}}\n\n'
    text = "".join(report_of(tmp_path / "source", "", body + "More text.\n\n" * 30))
    assert text.index("2 Chapter") < text.index("Figure 1: Its figure.")


@pytest.mark.parametrize("lines_before", range(30, 42, 3))
def test_a_callout_does_not_break_over_a_page(tmp_path: Path, lines_before: int) -> None:
    lines = [f"Line {place} of the callout." for place in range(8)]
    body = "A line.\n\n" * lines_before + '::: {.callout-warning title="EMULATED"}\n' + "\n\n".join(lines) + "\n:::\n"
    pages = report_of(tmp_path / "source", "", body)
    assert len({place for place, text in enumerate(pages) for line in ("EMULATED", *lines) if line in text}) == 1


def test_names_with_quotes_reach_the_files_own_metadata(tmp_path: Path) -> None:
    (first, *_) = report_of(tmp_path / "source", 'author: ["Ada O\'Neil", "José \\"Pepe\\" Núñez"]\n', "Text.\n")
    assert "Ada O’Neil, José “Pepe” Núñez" in first
    info = subprocess.run(
        ["pdfinfo", str(tmp_path / "source" / "report.pdf")], capture_output=True, text=True, check=True
    ).stdout
    assert re.search(r'Author: +Ada O’Neil, José "Pepe" Núñez\n', info)


@pytest.mark.parametrize("render", [pandoc.render_html, pandoc.render_pdf, pandoc.render_site_page])
def test_rendering_again_gives_equal_bytes(render: Callable[[Path, Path], None], tmp_path: Path) -> None:
    elsewhere = tmp_path / "another folder"
    shutil.copytree(SAMPLE, elsewhere)
    render(SAMPLE, tmp_path / "first")
    render(elsewhere, tmp_path / "second")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_rendering_leaves_the_source_alone(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(SAMPLE, source)
    before = {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}
    pandoc.render_html(source, tmp_path / "out" / "report.html")
    pandoc.render_pdf(source, tmp_path / "out" / "report.pdf")
    pandoc.render_site_page(source, tmp_path / "out" / "index.md")
    assert {path: path.read_bytes() for path in source.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "index.md",
        "report.html",
        "report.pdf",
    ]
