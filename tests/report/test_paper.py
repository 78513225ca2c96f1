"""What the check of the PDF finds in files that Typst makes for it; our own template gives it nothing to find."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
import typst

from convscope.errors import ReportError
from convscope.report import pandoc
from convscope.report.page import Table, read_page
from convscope.report.paper import check_pdf, pages_of

HEAD = '#set page(width: 300pt, height: 200pt, margin: 20pt)\n#set document(title: "T")\n'
TABLE = "#figure(table(columns: 2, table.header[*A*][*B*], {}), caption: [Table 1: All.], kind: table, numbering: none)"


def compiled(folder: Path, body: str) -> Path:
    source, path = folder / "page.typ", folder / "page.pdf"
    source.write_text(HEAD + body, encoding="utf-8")
    typst.compile(source, output=path, pdf_standards=["ua-1"])
    return path


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("One #place(dx: 10pt, dy: -6pt)[overprinted] two three", "overlap"),
        ("#place(dx: 250pt)[#box(width: 200pt)[outlying]]", "'outlying' is off the page"),
        (
            "#v(100pt)\n#show figure: set block(breakable: true)\n#set figure.caption(position: top)\n"
            + TABLE.format("[a1], [b1], [a2], [b2], [a3], [b3]"),
            "one row of a table stands alone",
        ),
        ("See ?\\@fig-curves for the accuracy.", r"\?@"),
        (TABLE.format("[a1], [b1]"), "page 1: Table 1 lacks 'c1' of the cell 'b1 c1'"),
    ],
)
def test_what_a_reader_of_the_paper_would_miss_is_named(tmp_path: Path, body: str, named: str) -> None:
    path = compiled(tmp_path, body)
    with pytest.raises(ReportError, match=named):
        check_pdf(path, [Table("Table 1", ["a1", "b1 c1"])] if "lacks" in named else [])


def test_formulas_ligatures_and_broken_words_are_no_complaint(tmp_path: Path) -> None:
    body = (
        "#set par(justify: true)\n#set text(hyphenate: true)\n"
        "#show math.equation: it => it\n"
        "The efficient final classification of configurations internationally characterises incomprehensibilities. "
        '#math.equation(alt: "x", $x_(i j)^2 = sum_(k=1)^n hat(a)_k sqrt(b_k) / (c^2 + d)$)\n\n'
        + TABLE.format("[office], [−1.25 %]")
    )
    check_pdf(compiled(tmp_path, body), [Table("Table 1", ["A", "B", "office", "−1.25 %"])])


@pytest.mark.parametrize("lines_before", range(24, 44, 2))
@pytest.mark.parametrize("rows", [3, 20])
def test_our_template_leaves_no_row_alone(tmp_path: Path, lines_before: int, rows: int) -> None:
    cells = "\n".join(f"| row {n} | {'a long text, ' * 8} |" for n in range(rows))
    above = "\n\n".join(["A line."] * lines_before)
    (tmp_path / "supplement.qmd").write_text(
        f"---\ntitle: T\n---\n\n{above}\n\n| A | B |\n|:--|:--|\n{cells}\n\n: All. {{#tbl-all}}\n"
    )
    pandoc.render_pdf(tmp_path, tmp_path / "s.pdf", "supplement")
    pandoc.render_site_page(tmp_path, tmp_path / "s.md", "supplement")
    (table,) = read_page((tmp_path / "s.md").read_text(encoding="utf-8")).tables
    assert table.label == "Table 1"
    assert len(table.cells) == 2 * rows + 2
    check_pdf(tmp_path / "s.pdf", [table])
    assert sum(part.rows for page in pages_of(tmp_path / "s.pdf") for part in page.tables) == rows


@pytest.mark.parametrize("lines_before", range(4, 44, 8))
def test_a_table_that_fits_on_a_page_is_not_cut(tmp_path: Path, lines_before: int) -> None:
    cells = "\n".join(f"| row {n} | {n} |" for n in range(22))
    lines = "\n\n".join(["A line."] * lines_before)
    (tmp_path / "report.qmd").write_text(
        f"---\ntitle: T\n---\n\n# One\n\n{lines}\n\n| A | B |\n|:--|--:|\n{cells}\n\n: All. {{#tbl-all}}\n\n{lines}\n"
    )
    pandoc.render_pdf(tmp_path, tmp_path / "report.pdf")
    assert [part.rows for page in pages_of(tmp_path / "report.pdf") for part in page.tables] == [22]


def test_no_table_stands_above_the_title(tmp_path: Path) -> None:
    """A short table floats, to the top of a page where that is nearer."""
    table = "| A | B |\n|:--|:--|\n| one | two |\n\n: Where things are. {#tbl-map}"
    (tmp_path / "report.qmd").write_text(
        f"---\ntitle: The title of it\n---\n\n# The answer {{#sec-one}}\n\nA line.\n\n{table}\n\nAnother line.\n"
    )
    pandoc.render_pdf(tmp_path, tmp_path / "report.pdf")
    with pypdfium2.PdfDocument(tmp_path / "report.pdf") as pdf:
        text = pdf[0].get_textpage()
        heights = [text.get_charbox(text.search(said).get_next()[0])[1] for said in ("The title", "Where things")]
    assert heights[0] > heights[1]
