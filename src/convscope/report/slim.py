"""What a standalone page says twice, whichever backend made it: without it the supplement is a twentieth smaller."""

from __future__ import annotations

import re
from pathlib import Path

_CELL = re.compile(r'(?P<open><t[dh]) style="text-align: (?P<side>left|center|right);"')
_ROW = re.compile(r'(?<=<tr) class="(?:header|odd|even)"(?=>)')  # what each table's rows are in Quarto's style sheet
_DRAWN = re.compile(r'(?<=<img) role="img" aria-label="[^"]*"(?=(?: [\w-]+="[^"]*")* alt=")')  # once more, as alt
_AROUND = re.compile(r'(?P<kept><div id="fig-[^>]*) alt="[^"]*"(?=>)')  # and on what is no image


def slim(page: Path) -> None:
    """Say each thing once: with a class where a cell's text stands, not at all where it says nothing."""
    text = _CELL.sub(_aligned, page.read_text(encoding="utf-8"))
    for spare in (_ROW, _DRAWN):
        text = spare.sub("", text)
    page.write_text(_AROUND.sub(r"\g<kept>", text), encoding="utf-8")


def _aligned(cell: re.Match[str]) -> str:
    return cell["open"] if cell["side"] == "left" else f'{cell["open"]} class="{cell["side"]}"'
