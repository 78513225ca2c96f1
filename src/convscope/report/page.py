"""The one reader of a built page: what it shows, what it loads, which of its numbers say where they come from.

It reads as a stream, since pages hold megabytes of drawings: a tree of them takes five times as long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

# Attributes a browser loads by itself. <a href> is a hyperlink, which is fine.
_LOADING = {
    "link": ("href",), "image": ("href", "xlink:href"), "use": ("href", "xlink:href"), "object": ("data",),
    "video": ("src", "poster"),
}  # fmt: skip
_EXTERNAL = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_CSS_EXTERNAL = re.compile(
    r"""(?:url\(\s*['"]?|@import\s+['"])\s*(?P<address>(?:https?:)?//[^'")\s]+)""", re.IGNORECASE
)
# Elements whose digits are no results, by tag and by class: formulas and code, marked literals, what Pandoc numbers,
# and what the page says about itself.
_EXEMPT_TAGS = {"code", "math", "pre", "script", "style"}
_EXEMPT_CLASSES = {
    "caption-label", "citation", "cross-reference", "equation-number", "footnote-ref", "literal", "origin",
    "references", "report-date",
}  # fmt: skip
_EMPTY = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}  # HTML has no end tag for these
_NUMBERED = re.compile(r"\s*(\w+\s[\d.]+):")  # "Table 7:", in any language


@dataclass(frozen=True)
class Traced:
    """A text with its place in metrics.json and the rule it was formatted by; of a verdict, the verdict itself."""

    text: str
    source: str
    rule: str


@dataclass
class Table:
    """A table: its label (``"Table 7"``), and the texts of its cells, formulas left out."""

    label: str = "a table without number"
    cells: list[str] = field(default_factory=list)


@dataclass
class Page:
    """What a page holds."""

    text: str = ""  # all that a reader sees or hears, alternative texts included
    external: list[str] = field(default_factory=list)  # every address that a browser would load from another host
    traced: list[Traced] = field(default_factory=list)  # the elements that say where their text comes from
    # words with a digit that stand neither in those nor in what is marked as no result
    untraced: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)  # in the order of the page


def article_of(html: str) -> str:
    """Return the text of a page of the site without what stands on all of them; empty where there is none."""
    found = re.search(r"<article.*?</article>", html, re.DOTALL)
    return found[0] if found else ""


def read_page(html: str) -> Page:
    """Read a page; Markdown with HTML in it is read as well."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.page.text = "".join(reader.text)
    return reader.page


@dataclass
class _Element:
    tag: str
    kind: str  # of its text: "", "exempt" or "value"
    first_table: int  # of those inside of it
    traced: Traced | None = None
    text: list[str] = field(default_factory=list)  # of a value, a cell, a caption; of a figure that of its caption


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.text: list[str] = []
        self._open: list[_Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self._note_addresses(tag, attributes)
        if "alt" in attributes:
            self.text.append(f" {attributes['alt']} ")
        if tag == "table":
            self.page.tables.append(Table())
        if tag in _EMPTY:
            return
        classes = attributes.get("class", "").split()
        element = _Element(tag, self._open[-1].kind if self._open else "", len(self.page.tables))
        if tag in _EXEMPT_TAGS or _EXEMPT_CLASSES.intersection(classes):
            element.kind = "exempt"
        elif "value" in classes:
            source, rule = attributes.get("data-source", ""), attributes.get("data-format", "")
            if rule.startswith("verdict"):  # words, with numbers that are traced themselves
                self.page.traced.append(Traced(rule.removeprefix("verdict "), source, rule))
            else:
                element.kind, element.traced = "value", Traced("", source, rule)
        self._open.append(element)

    def _note_addresses(self, tag: str, attributes: dict[str, str]) -> None:
        for name in ("src", *_LOADING.get(tag, ())):
            if _EXTERNAL.match(attributes.get(name, "")):
                self.page.external.append(attributes[name])
        self.page.external += [part for part in attributes.get("srcset", "").split(",") if _EXTERNAL.match(part)]
        self._note_css(attributes.get("style", ""))

    def _note_css(self, css: str) -> None:
        self.page.external += [found["address"] for found in _CSS_EXTERNAL.finditer(css)]

    def handle_endtag(self, tag: str) -> None:
        if tag not in [element.tag for element in self._open]:
            return
        while (element := self._open.pop()).tag != tag:
            self._closed(element)
        self._closed(element)

    def _closed(self, element: _Element) -> None:
        text = "".join(element.text)
        if element.traced:
            self.page.traced.append(Traced(text, element.traced.source, element.traced.rule))
        if element.tag in ("td", "th") and self.page.tables:
            self.page.tables[-1].cells.append(" ".join(text.split()))
        if element.tag == "figcaption":
            for around in self._open[::-1]:
                if around.tag == "figure":
                    around.text = [text]
                    break
        if element.tag == "figure" and (numbered := _NUMBERED.match(text)):
            for table in self.page.tables[element.first_table :]:
                table.label = " ".join(numbered[1].split())

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else _Element("", "", 0)
        if inside.tag == "style":
            self._note_css(data)
        if inside.tag in ("style", "script"):
            return
        self.text.append(data)
        in_formula = any(element.tag == "math" for element in self._open)
        for element in self._open:
            of_table = element.tag in ("td", "th", "figcaption") and not in_formula
            if of_table or (element.traced and inside.kind == "value"):
                element.text.append(data)
        if not inside.kind:
            self.page.untraced += re.findall(r"\S*\d\S*", data)
