"""What a standalone page says twice, whichever backend made it: without it the supplement is a twentieth smaller."""

from __future__ import annotations

import re
from pathlib import Path

_CELL = re.compile(r'(?P<open><t[dh]) style="text-align: (?P<side>left|center|right);"')
_SPARE = (
    r'(?<=<tr) class="(?:header|odd|even)"(?=>)',  # the rest are names that Quarto's own style sheet has a use for
    r'(?<=<figcaption) class="quarto-float[^"]*"',
    r'(?<=-caption)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=")',  # a figure's name is there once
    r'(?<=<img) role="img" aria-label="[^"]*"(?=(?: [\w-]+="[^"]*")* alt=")',  # the alternative text once more
)
_AROUND = re.compile(r'(?P<id><div id="(?:fig|tbl)-[^"]*") class="quarto-float[^"]*"(?: alt="[^"]*")?')


def slim(page: Path) -> None:
    """Say each thing once: with a class where a cell's text stands, not at all where it says nothing."""
    text = _CELL.sub(_aligned, page.read_text(encoding="utf-8"))
    for spare in _SPARE:
        text = re.sub(spare, "", text)
    page.write_text(_AROUND.sub(r"\g<id>", text), encoding="utf-8")


def _aligned(cell: re.Match[str]) -> str:
    return cell["open"] if cell["side"] == "left" else f'{cell["open"]} class="{cell["side"]}"'
