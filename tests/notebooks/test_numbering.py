"""A chapter refers to what the notebook lacks by the name of the document that has it."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_markdown_cell

from convscope.notebooks.numbering import renumber


@pytest.mark.parametrize("document", ["report", "supplement"])
def test_what_is_elsewhere_is_said_to_be_where_it_is(document: str) -> None:
    cells = [
        new_markdown_cell("# 2 Scenes"),
        new_markdown_cell(
            "## 2.1 Data\n\nSee Figure 4, Section 3.1 and Supplement, Section 2.\n\n**Figure 4:** Images."
        ),
    ]
    renumber(cells, 6, document)
    assert cells[1].source.splitlines()[0] == "### 6.1 Data"
    assert f"See Figure 1, Section 3.1 of the {document} and Supplement, Section 2." in cells[1].source
