"""A notebook's own numbers: sections, figures, tables and equations count from one, whatever they are in the report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from nbformat import NotebookNode

from convscope.language import Catalogue

_HEADING = re.compile(r"^(?P<marks>#+) (?P<number>\d+(?:\.\d+)*) (?P<text>.*)$", re.MULTILINE)
_TAG = re.compile(r"\\tag\{(?P<number>\d+)\}")


def renumber(cells: Sequence[NotebookNode], chapter: int, document: str, texts: Catalogue) -> None:
    """Give the cells of one chapter the numbers of a notebook, in place.

    Parameters
    ----------
    cells
        As Pandoc wrote them, with the document's numbers.
    chapter
        The number that the chapter has in the notebook.
    document
        Report or supplement, which has the chapter: what it refers to elsewhere is said to be there.
    texts
        Of the language that the document is in.
    """
    figure, table, section, equation = map(texts.text, ("Figure", "Table", "Section", "Equation"))
    documents = "|".join(map(texts.text, ("Report", "Supplement")))
    captions = re.compile(rf"^\*\*(?P<kind>{figure}|{table})[\s\u00a0](?P<number>\d+):\*\*", re.MULTILINE)
    references = re.compile(
        rf"(?P<document>(?:{documents}), )?\b(?P<kind>{figure}|{table}|{section}|{equation})(?P<space>[\s\u00a0])"
        r"(?P<number>\d+(?:\.\d+)*)(?P<colon>:\*\*)?"
    )
    prose = [cell for cell in cells if cell.cell_type == "markdown"]
    own: dict[tuple[str, str], str] = {}
    counts: Counter[str] = Counter()
    for cell in prose:
        for heading in _HEADING.finditer(cell.source):
            _, *below = heading["number"].split(".")
            own[section, heading["number"]] = ".".join([str(chapter), *below])
        found = [(match["kind"], match["number"], match.start()) for match in captions.finditer(cell.source)]
        found += [(equation, match["number"], match.start()) for match in _TAG.finditer(cell.source)]
        for kind, number, _ in sorted(found, key=lambda each: each[2]):
            counts[kind] += 1
            own[kind, number] = str(counts[kind])

    def heading_of(match: re.Match[str]) -> str:
        if "." not in match["number"]:  # the chapter's own, which is the notebook's title
            return f"{match['marks']} {match['text']}"
        return f"{match['marks']}# {own[section, match['number']]} {match['text']}"

    def reference_of(match: re.Match[str]) -> str:
        number = own.get((match["kind"], match["number"]))
        if match["document"] or number is None:
            where = "" if match["document"] else f" {texts.text(f'of the {document}')}"
            return f"{match[0]}{where}"
        return f"{match['kind']}{match['space']}{number}{match['colon'] or ''}"

    for cell in prose:
        text = _TAG.sub(lambda match: f"\\tag{{{own[equation, match['number']]}}}", cell.source)
        cell.source = references.sub(reference_of, _HEADING.sub(heading_of, text))
