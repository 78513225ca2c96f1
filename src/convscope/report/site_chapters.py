"""The documents as pages of the site: the argument is one page, the supplement a page a chapter.

Pandoc renders each document once, so that chapters are numbered through and know each other; here the text is cut at
its chapters, and links are led to the page that has their target.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from convscope.files import write_text
from convscope.report.document import DOCUMENTS, REPORT

METHODS = "methods.md"
"""The page of all chapters of the supplement that are neither a study's nor data sheets, which tell how it was done."""

OWN_PAGES = {"sec-datasheets": "datasheets.md"}
CLAIMS, CLAIMS_PAGE = "sec-claims", "../claims.md"
"""The site has a page of its own for the claims, with the same labels."""

_EVIDENCE = re.compile(r'<script type="application/json" id="evidence-data">(?P<json>.*?)</script>\s*', re.DOTALL)
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_CHAPTER = re.compile(r"^## (?P<title>.*?) \{#(?P<label>[\w-]+)\}$", re.MULTILINE)
_TARGET = re.compile(r'\bid="(?P<id>[^"]+)"|^#+ .*\{#(?P<label>[\w-]+)\}$', re.MULTILINE)
_HEADING = re.compile(r"^#(?=#+ .*\{#[\w-]+\}$)", re.MULTILINE)
_LINK = re.compile(
    r'(?P<before>href="|\]\()(?P<page>(?:index|studies)\.(?:html|md))?#(?P<target>[^")]+)(?P<after>[")])'
)
_FROM_OUTSIDE = re.compile(r"(?P<up>(?:\.\./)*)report/(?:index|studies)(?P<ending>\.md|\.html)#(?P<target>[\w.-]+)")
_SOURCE = re.compile(r'data-source="([^"]+)"')
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class Chapter:
    """A page of the site.

    Parameters
    ----------
    name
        Of its file, ``fashion.md``.
    title
        Without mark-up.
    """

    name: str
    title: str


def write_chapters(pages: Path, studies: Iterable[str], output: Path) -> tuple[list[Chapter], dict[str, str]]:
    """Write a page for the report and for each chapter of the supplement.

    Parameters
    ----------
    pages
        Folder with the documents as rendered for the site.
    studies
        Ids; the chapter ``sec-ID`` becomes ``ID.md``.
    output
        The folder to write into, beside figures/ and data/.

    Returns
    -------
    tuple
        The pages, and by target (``sec-fashion``) the name of the page that has it.
    """
    texts: dict[str, str] = {}
    titles: dict[str, str] = {}
    targets: dict[str, dict[str, str]] = {}  # by document, the page that has each
    records: dict[str, Any] = {"places": [], "values": {}}
    own = {f"sec-{study}": f"{study}.md" for study in studies} | OWN_PAGES
    for document, first in DOCUMENTS.items():
        if not (pages / first).is_file():
            continue
        text, found = _without_evidence((pages / first).read_text(encoding="utf-8"))
        records = _joined(records, found)
        targets[document] = {}
        for name, title, part in [(first, "", text)] if document == REPORT else _parts(text, own):
            targets[document] |= {target["id"] or target["label"]: name for target in _TARGET.finditer(part)}
            if name != CLAIMS_PAGE:
                texts[name] = f"{texts[name]}\n\n{part}" if name in texts else part
                titles.setdefault(name, title)
    everywhere = {target: name for there in reversed(targets.values()) for target, name in there.items()}
    for name, text in texts.items():
        document = next(document for document, there in targets.items() if name in there.values())
        linked = _LINK.sub(partial(_led, page=name, targets=everywhere | targets[document]), text)
        write_text(output / name, linked + _evidence_of(linked, records))
    return [Chapter(name, title) for name, title in titles.items() if title], everywhere


def _parts(text: str, pages: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Cut a document at its chapters: name of the page, title, text."""
    chapters = list(_CHAPTER.finditer(text))
    yield METHODS, "Methods", "---\ntitle: Methods\n---\n\n# Methods\n"
    for chapter, following in zip_longest(chapters, chapters[1:]):
        body = text[chapter.start() : following.start() if following else len(text)]
        title = re.sub(r"^[\d.]+ ", "", _TAG.sub("", chapter["title"]))
        if chapter["label"] == CLAIMS:
            yield CLAIMS_PAGE, "", body
        elif chapter["label"] in pages:
            promoted = _HEADING.sub("", body)
            yield pages[chapter["label"]], title, f"---\ntitle: {json.dumps(title)}\n---\n\n{promoted}"
        else:
            yield METHODS, "Methods", body


def rewritten(text: str, targets: Mapping[str, str]) -> str:
    """Lead the links of another page of the site to the pages of the chapters: ``../report/studies.md#sec-fashion``."""

    def led(link: re.Match[str]) -> str:
        there = targets.get(link["target"])
        if there is None:
            return link[0]
        page = there.removesuffix(".md") + link["ending"]
        place = f"{link['up']}{page.removeprefix('../')}" if page.startswith("../") else f"{link['up']}report/{page}"
        return f"{place}#{link['target']}"

    return _FROM_OUTSIDE.sub(led, text)


def _led(link: re.Match[str], page: str, targets: Mapping[str, str]) -> str:
    """Lead a link to the page that has its target."""
    there = targets.get(link["target"])
    if there is None:
        return link[0]
    ending = ".html" if link["before"].startswith("href") else ".md"
    place = "" if there == page else there.removesuffix(".md") + ending
    return f"{link['before']}{place}#{link['target']}{link['after']}"


def _without_evidence(text: str) -> tuple[str, dict[str, Any]]:
    found = _EVIDENCE.search(text)
    return _EVIDENCE.sub("", text), json.loads(found["json"]) if found else {"places": [], "values": {}}


def _joined(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Put the records of two documents together."""
    shift = len(first["places"])
    moved = {pointer: value | {"place": value["place"] + shift} for pointer, value in second["values"].items()}
    return {"places": first["places"] + second["places"], "values": moved | first["values"]}


def _evidence_of(text: str, records: Mapping[str, Any]) -> str:
    """Return the records of the numbers of one page, as a script element."""
    pointers = {pointer for sources in _SOURCE.findall(text) for pointer in sources.split(" ")}
    values = {pointer: records["values"][pointer] for pointer in sorted(pointers & set(records["values"]))}
    if not values:
        return ""
    used = sorted({value["place"] for value in values.values()})
    places = [records["places"][place] for place in used]
    values = {pointer: value | {"place": used.index(value["place"])} for pointer, value in values.items()}
    data = json.dumps({"places": places, "values": values}, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
    return f'\n\n<script type="application/json" id="evidence-data">{data}</script>\n'
