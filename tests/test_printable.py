"""Letters that figures and PDF could not show are named before anything is trained."""

from __future__ import annotations

from pathlib import Path

import pytest
import typst

from convscope.errors import SpecError
from convscope.printable import _LATIN, _known, must_be_printable

PRINTABLE = "Größe, naïve, αβγ, Здравствуй, −0.2 × 3 ≤ 4 → „so“ ✓ …"


def test_what_passes_is_printed_by_typst(tmp_path: Path) -> None:
    """PDF/UA, which the report is, refuses a letter without a glyph."""
    must_be_printable("The title", PRINTABLE)
    source = tmp_path / "page.typ"
    for text, fine in ((PRINTABLE, True), ("猫", False)):
        source.write_text(f'#set document(title: "T")\n#set text(font: "Libertinus Serif")\n{text}', encoding="utf-8")
        try:
            typst.compile(source, output=tmp_path / "page.pdf", pdf_standards=["ua-1"], ignore_system_fonts=True)
        except typst.TypstError:
            assert not fine
        else:
            assert fine


def test_what_does_not_is_named() -> None:
    with pytest.raises(SpecError, match=r"The title is '猫 and 犬'; the report's fonts have no 犬 猫\."):
        must_be_printable("The title", "猫 and 犬")


def test_what_is_taken_for_known_is_in_the_fonts() -> None:
    assert {place for place in range(_LATIN) if chr(place).isprintable()} <= _known()
