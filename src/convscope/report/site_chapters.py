"""The documents as pages of the site: the answer, then a page for each of the chapters that belong together.

Pandoc renders each document once, so that chapters are numbered through and know each other; here the text is cut at
its chapters, and links are led to the page that has their target.
"""

from __future__ import annotations

import html
import json
import re
from collections import ChainMap
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path

from convscope.files import Json, write_text
from convscope.report.document import DOCUMENTS, REPORT
from convscope.report.evidence import RECORDS, evidence, joined, numbers_in, script, selected

CLAIMS, CLAIMS_PAGE = "sec-claims", "../claims.md"
"""The site has a page of its own for the claims, with the same labels."""

# By menu, the page of each chapter but the studies'. Names have hyphens, which no id of a study has: its page is ID.md.
_DATA, _LIMITS, _METHODS = "data-and-networks.md", "limits-and-ledger.md", "methods.md"
_MENUS = {
    "ARGUMENT": {
        "sec-essay": "why-it-works.md",
        "sec-data": _DATA,
        "sec-baseline": _DATA,
        "sec-network": _DATA,
        "sec-experiments": "one-factor-at-a-time.md",
        "sec-causes": "cause-by-cause.md",
    },
    "METHODS": {
        "sec-methods": _METHODS,
        "sec-limits": _LIMITS,
        "sec-ledger": _LIMITS,
        "sec-deployment": "deployed-network.md",
        "sec-datasheets": "datasheets.md",
        "references": "reference-list.md",  # the report's; those of the supplement are with its methods
    },
}
_TITLES = {_DATA: "Data and networks", _LIMITS: "Limits and earlier results", _METHODS: "Methods"}
"""Of the pages that hold several chapters."""

# Below a heading: the exhibit of the explorer, its state, and the words that lead there.
_TRY = {
    "sec-essay-sharing": ("kernel", "kernel=3&filter=learned+1", "Slide a kernel over an image yourself"),
    "sec-essay-order": ("shuffle", "shuffle=1&picture=5", "Shuffle an image yourself"),
    "sec-essay-shift": ("shift", "shift=4&image=7", "Move a digit yourself"),
}

# Sections of a study that are folded, by the end of their label, and what is said of each.
_FOLDED = {
    "data": "What the images are, how many, and how they are normalised",
    "baseline": "The network without convolution, and its learning curves",
    "design": "The convolutional network, layer by layer",
}
_SECTION = re.compile(
    rf"^(?P<heading>## [^\n]*\{{#sec-[\w-]+-(?P<part>{'|'.join(_FOLDED)})\}})$(?P<body>.*?)(?=^## |\Z)",
    re.MULTILINE | re.DOTALL,
)
_FIGURE = r'^<figure (?:class="table" )?id="{}">.*?</figure>(?:\n<div class="origin"[^>]*>.*?</div>)?'
_CURVES = re.compile(_FIGURE.format(r"fig-[\w-]+(?<!-baseline)-curves"), re.MULTILINE | re.DOTALL)
# Tables and curves of many networks, which a figure or a smaller table beside them shows.
_LONG = re.compile(
    _FIGURE.format(r"(?:tbl-(?:[\w-]+-)?(?P<what>rates|factors|compared)|fig-(?P<curves>factor-curves))"),
    re.MULTILINE | re.DOTALL,
)
_LONG_TABLES = {
    "rates": "The accuracy of each network at each learning rate that was tried",
    "factors": "The networks of all these experiments in numbers",
    "compared": "The networks that are compared, in numbers",
    "factor-curves": "Learning curves",
}
_EVIDENCE = re.compile(rf"{RECORDS.pattern}\s*", re.DOTALL)
_CHAPTER = re.compile(r"^## (?P<title>.*?) \{#(?P<label>[\w-]+)\}$", re.MULTILINE)
_TARGET = re.compile(r'\bid="(?P<id>[^"]+)"|^#+ .*\{#(?P<label>[\w-]+)\}$', re.MULTILINE)
_LABELLED = re.compile(r"^#+ (?P<title>.*) \{#(?P<label>[\w-]+)\}$", re.MULTILINE)
_HEADING = re.compile(r"^#(?=#+ .*\{#[\w-]+\}$)", re.MULTILINE)
_LINK = re.compile(
    r'(?P<before>href="|\]\()(?P<page>(?:index|studies)\.(?:html|md))?#(?P<target>[^")]+)(?P<after>[")])'
)
# A reference as on paper: "Supplement, Section 5.2".
_REFERENCE = re.compile(r'#(?P<label>[\w-]+)(?P<between>" class="cross-reference[^"]*">)(?P<on_paper>[^<]*)')
_FROM_OUTSIDE = re.compile(r"(?P<up>(?:\.\./)*)report/(?:index|studies)(?P<ending>\.md|\.html)#(?P<target>[\w.-]+)")
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class ChapterPage:
    """A page of the site.

    Parameters
    ----------
    name
        Of its file, ``fashion.md``.
    title
        Without mark-up.
    menu
        Where the navigation lists it: ``"ARGUMENT"``, ``"STUDIES"`` or ``"METHODS"``.
    """

    name: str
    title: str
    menu: str


def write_chapters(
    pages: Path, studies: Iterable[str], output: Path, exhibits: Container[str] = ()
) -> tuple[list[ChapterPage], dict[str, str]]:
    """Write the pages of the report's and the supplement's chapters.

    Parameters
    ----------
    pages
        Folder with the documents as rendered for the site.
    studies
        Ids; the chapter ``sec-ID`` becomes ``ID.md``.
    output
        The folder to write into, beside figures/ and data/.
    exhibits
        What the explorer shows in this build; what the essay says of one leads there.

    Returns
    -------
    tuple
        The pages, and by target (``sec-fashion``) the name of the page that has it.
    """
    texts: dict[str, str] = {}
    titles: dict[str, str] = {}
    targets: dict[str, dict[str, str]] = {}  # by document, the page that has each
    headings: dict[str, dict[str, str]] = {}  # by document and label
    records = evidence({}, ())
    menus = _MENUS | {"STUDIES": {f"sec-{study}": f"{study}.md" for study in studies}}
    named = {label: name for menu in _MENUS.values() for label, name in menu.items()} | {CLAIMS: CLAIMS_PAGE}
    for document, first in DOCUMENTS.items():
        if not (pages / first).is_file():
            continue
        text, found = _without_evidence((pages / first).read_text(encoding="utf-8"))
        records = joined(records, found)
        targets[document] = {}
        headings[document] = {found["label"]: _TAG.sub("", found["title"]) for found in _LABELLED.finditer(text)}
        # A study may be called as a chapter of the report is: the supplement's is meant where there are two.
        if document == REPORT:
            parts = _parts(text, menus["STUDIES"] | named, first)
        else:
            named.pop("references")
            parts = _parts(text, named | menus["STUDIES"], _METHODS)
        for name, title, part in parts:
            targets[document] |= {target["id"] or target["label"]: name for target in _TARGET.finditer(part)}
            if name != CLAIMS_PAGE:
                texts[name] = f"{texts[name]}\n\n{part}" if name in texts else part
                titles.setdefault(name, title)
    everywhere, every_heading = (dict(ChainMap(*of.values())) for of in (targets, headings))
    for name, text in texts.items():
        document = next(document for document, there in targets.items() if name in there.values())
        linked = _LINK.sub(partial(_led, page=name, targets=everywhere | targets[document]), text)
        linked = _REFERENCE.sub(partial(_called, titles=every_heading | headings[document]), linked)
        shown = _LABELLED.sub(partial(_with_exhibit, exhibits=exhibits), linked)
        shown = _LONG.sub(lambda table: _fold(_LONG_TABLES[table["what"] or table["curves"]], table[0]), shown)
        if name in menus["STUDIES"].values():
            shown = _folded(shown)
        write_text(output / name, shown + _evidence_of(linked, records))
    listed = ((menu, name) for menu, own in menus.items() for name in dict.fromkeys(own.values()))
    return [ChapterPage(name, titles[name], menu) for menu, name in listed if name in titles], everywhere


def _parts(text: str, pages: Mapping[str, str], others: str) -> Iterator[tuple[str, str, str]]:
    """Cut a document at its chapters: name of the page, title, text. Chapters that have no page go to ``others``."""
    chapters = list(_CHAPTER.finditer(text))
    if others not in _TITLES:  # a page that begins as its document does
        yield others, "", text[: chapters[0].start()]
    begun = {others} - set(_TITLES)
    for chapter, following in zip_longest(chapters, chapters[1:]):
        body = text[chapter.start() : following.start() if following else len(text)]
        name = pages.get(chapter["label"], others)
        shown = html.unescape(_TAG.sub("", chapter["title"]))
        title = _TITLES.get(name) or html.escape(shown, quote=False)
        if name == CLAIMS_PAGE or name in begun:
            yield name, "", body
            continue
        begun.add(name)
        front = f"---\ntitle: {json.dumps(title)}\n---\n\n"
        yield name, title, front + (f"# {title}\n\n{body}" if name in _TITLES else _HEADING.sub("", body))


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


def _called(reference: re.Match[str], titles: Mapping[str, str]) -> str:
    """Call a section by its title: pages have no numbers. Figures keep theirs, and are of no document."""
    words = titles.get(reference["label"]) or reference["on_paper"].rpartition(", ")[2]
    return f"#{reference['label']}{reference['between']}{words}"


def _folded(text: str) -> str:
    """Fold what a study's results can be read without: its data, its networks, learning curves."""

    def section(found: re.Match[str]) -> str:
        if "\n### " in found["body"]:  # a heading would be lost in it
            return found[0]
        return f"{found['heading']}\n\n{_fold(_FOLDED[found['part']], found['body'].strip())}\n\n"

    return _CURVES.sub(lambda found: _fold("Learning curves", found[0]), _SECTION.sub(section, text))


def _fold(summary: str, content: str) -> str:
    return f'<details class="x-fold"><summary>{summary}</summary>\n\n{content}\n\n</details>'


def _with_exhibit(heading: re.Match[str], exhibits: Container[str]) -> str:
    """Put a link to what a section is about below its heading, where the explorer has it."""
    exhibit, state, words = _TRY.get(heading["label"], ("", "", ""))
    if exhibit not in exhibits:
        return heading[0]
    return f'{heading[0]}\n\n<p class="x-try"><a href="../explore.html#{state.replace("&", "&amp;")}">{words}</a></p>'


def _without_evidence(text: str) -> tuple[str, Json]:
    found = _EVIDENCE.search(text)
    return _EVIDENCE.sub("", text), json.loads(found["json"]) if found else evidence({}, ())


def _evidence_of(text: str, records: Json) -> str:
    """Return the records of the numbers of one page, as a script element."""
    found = selected(records, numbers_in(text))
    return f"\n\n{script(found)}\n" if found["values"] else ""
