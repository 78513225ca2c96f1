"""A chapter refers to what the notebook lacks by the name of the document that has it."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_markdown_cell

from convscope.language import catalogue
from convscope.notebooks.numbering import renumber


@pytest.mark.parametrize("document", ["report", "supplement"])
def test_what_is_elsewhere_is_said_to_be_where_it_is(document: str) -> None:
    cells = [
        new_markdown_cell("# 2 Scenes"),
        new_markdown_cell(
            "## 2.1 Data\n\nSee Figure 4, Section 3.1 and Supplement, Section 2.\n\n**Figure 4:** Images."
        ),
    ]
    renumber(cells, 6, document, catalogue("en"))
    assert cells[1].source.splitlines()[0] == "### 6.1 Data"
    assert f"See Figure 1, Section 3.1 of the {document} and Supplement, Section 2." in cells[1].source


@pytest.mark.parametrize(("document", "named"), [("report", "des Berichts"), ("supplement", "der Ergänzung")])
def test_a_german_chapter_is_numbered_too(document: str, named: str) -> None:
    cells = [
        new_markdown_cell("# 2 Szenen"),
        new_markdown_cell(
            "## 2.1 Daten\n\nSiehe Abbildung 4, Tabelle\u00a03, Abschnitt 2.1, Abschnitt 3.1 und Ergänzung, "
            "Abschnitt 2.\n\n**Abbildung 4:** Bilder.\n\n**Tabelle 3:** Zahlen."
        ),
    ]
    renumber(cells, 6, document, catalogue("de"))
    assert cells[1].source.splitlines() == [
        "### 6.1 Daten",
        "",
        f"Siehe Abbildung 1, Tabelle\u00a01, Abschnitt 6.1, Abschnitt 3.1 {named} und Ergänzung, Abschnitt 2.",
        "",
        "**Abbildung 1:** Bilder.",
        "",
        "**Tabelle 1:** Zahlen.",
    ]
