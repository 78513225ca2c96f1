"""A table of the filled report as rows for a CSV file: each cell as it is shown, and unrounded beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from convscope.files import Json
from convscope.report.formats import NAMES, UNROUNDED, resolve

_CELL_END = re.compile(r"(?<!\\)\|")
_VALUE = re.compile(
    r'\[(?P<text>(?:\\.|[^\[\]])*)\]\{\.value data-source="(?P<source>[^"]*)" data-format="(?P<rule>[^"]*)"\}'
)
# What else may stand in a cell: what is for one format alone, a literal, a reference, a citation, emphasis, code.
_MARKUP = re.compile(
    r"`[^`]*`\{=\w+\}|\[(?P<literal>[^\[\]]*)\]\{\.literal\}|\s*\[@[^\]]*\]|@(?:sec|fig|tbl)-(?P<reference>[\w-]+)|[*`]"
)
_ESCAPE = re.compile(r"\\(.)")


def table_rows(metrics: Json, lines: Sequence[str]) -> list[dict[str, str]]:
    """Read a pipe table.

    Parameters
    ----------
    metrics
        The loaded metrics.json, for the unrounded values.

    Returns
    -------
    list
        One entry a row, by column title. A column with measured values is followed by one of the same title and
        ``(unrounded)``: what metrics.json has, with a space between if it is more than one number.
    """
    head, _, *body = [_CELL_END.split(line.strip().strip("|")) for line in lines]
    titles = [_shown(cell) or f"column {place}" for place, cell in enumerate(head, start=1)]
    rows = []
    for cells in body:
        row = {}
        for title, cell in zip(titles, cells, strict=False):
            row[title] = _shown(cell)
            unrounded = [_unrounded(metrics, value) for value in _VALUE.finditer(cell) if value["rule"] not in NAMES]
            if unrounded:
                row[f"{title} (unrounded)"] = " ".join(unrounded)
        rows.append(row)
    return rows


def _shown(cell: str) -> str:
    text = _MARKUP.sub(
        lambda found: found["literal"] or found["reference"] or "", _VALUE.sub(lambda found: found["text"], cell)
    )
    return " ".join(_ESCAPE.sub(r"\1", text).split())


def _unrounded(metrics: Json, value: re.Match[str]) -> str:
    if " " in value["source"]:  # a ratio, a difference, a share
        one, two = (resolve(metrics, pointer) for pointer in value["source"].split(" "))
        return str(UNROUNDED[value["rule"].partition(" ")[0]](one, two))
    if value["rule"].startswith(("length", "key", "shape")):
        return value["text"]
    number = resolve(metrics, value["source"])
    return "" if number is None else str(number)
