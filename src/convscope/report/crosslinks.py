"""References from one document to what stands in the other: ``@sec-fashion`` becomes a link to supplement.html.

Neither Quarto nor Pandoc knows of a second document, so they are written out before either renders. The numbers are
those that the Lua filter counts, and Quarto counts the same.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from convscope.files import write_json, write_text
from convscope.language import Catalogue, catalogue, language_of
from convscope.report.document import LABELS_FILE, documents_in
from convscope.report.pandoc import count_labels

_LABEL = r"@(?:fig|tbl|eq|sec)-[\w-]+(?:\.[\w-]+)*"
# A bracket of references alone, or a reference in the text; code and escaped signs are none.
_REFERENCE = re.compile(rf"`[^`\n]*`|\[-?{_LABEL}(?:;\s*-?{_LABEL})*\]|(?<![\w\\]){_LABEL}")


def link_documents(source: Path) -> None:
    """Write references between the documents of a filled source as links, and keep the labels of each.

    A label that both documents have means the one in the same document. One that neither has is left for the
    renderer to refuse.

    Raises ReportError: a document cannot be read.
    """
    names, texts = documents_in(source), catalogue(language_of(source))
    labels = {name: count_labels(source, name) for name in names}
    write_json(source / LABELS_FILE, labels)
    for name in names:
        others = {other: labels[other] for other in names if other != name}
        path = source / f"{name}.qmd"
        text = path.read_text(encoding="utf-8")
        linked = _REFERENCE.sub(partial(_linked, own=labels[name], others=others, texts=texts), text)
        if linked != text:
            write_text(path, linked)


def _linked(found: re.Match[str], own: dict[str, str], others: dict[str, dict[str, str]], texts: Catalogue) -> str:
    names = [] if found[0].startswith("`") else [name.removeprefix("@") for name in re.findall(_LABEL, found[0])]
    places = [None if name in own else next((o for o in others if name in others[o]), None) for name in names]
    if not any(places):
        return found[0]
    links = []
    for name, place in zip(names, places, strict=True):
        text = (
            f"{texts.text(place.capitalize())}, {others[place][name]}".replace(" ", "\u00a0").replace(",\u00a0", ", ")
            if place
            else ""
        )
        links.append(f"[{text}]({place}.html#{name}){{.cross-reference .other-document}}" if place else f"@{name}")
    return ", ".join(links)
