"""The one reader of a built page: what it shows, what it loads, which of its numbers say where they come from.

It reads as a stream, since pages hold megabytes of drawings: a tree of them takes five times as long.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
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
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_CAPTIONS = ("figcaption", "caption")
_PROSE = ("p", "li")
_TITLES = {"sec": _HEADINGS, "fig": _CAPTIONS, "tbl": _CAPTIONS, "eq": ()}  # by what the id of a part begins with


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
class Part:
    """A section, figure, table or equation, which its id names; of a heading, all up to the next of its level."""

    id: str
    title: str = ""  # its heading, its caption, or the equation
    prose: list[str] = field(default_factory=list)  # its paragraphs and lists; captions and tables do not count
    # each number, title or verdict in it: its place in metrics.json and its rule; dashes are none
    shown: list[tuple[str, str]] = field(default_factory=list)
    # its paragraphs and cells by the topic that they name (``data-topic``)
    topics: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    has_picture: bool = False

    @property
    def kind(self) -> str:
        """Return what its id begins with: sec, fig, tbl or eq."""
        return self.id.partition("-")[0]

    @property
    def label(self) -> str:
        """Return what a reader sees of it: "Section 2.1 Data", "Figure 17", "Equation 3"."""
        if self.kind == "sec":
            return f"Section {self.title}" if self.title[:1].isdigit() else self.title or self.id
        if self.kind == "eq":
            number = re.search(r"\((\d+)\)$", self.title)
            return f"Equation {number[1]}" if number else "Equation"
        return _number_of(self.title) or self.id

    def shows(self, place: str, rule: str = "") -> bool:
        """Tell whether a place of metrics.json, or one below it, is shown, by the rule if one is named."""
        return any(f"{at}/".startswith(f"{place}/") and by.startswith(rule) for at, by in self.shown)


@dataclass
class Page:
    """What a page holds."""

    text: str = ""  # all that a reader sees or hears, alternative texts included
    external: list[str] = field(default_factory=list)  # every address that a browser would load from another host
    traced: list[Traced] = field(default_factory=list)  # the elements that say where their text comes from
    # words with a digit that stand neither in those nor in what is marked as no result
    untraced: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)  # in the order of the page
    parts: dict[str, Part] = field(default_factory=dict)  # by id


def _number_of(caption: str) -> str:
    """Return what a caption begins with, "Table 7"; empty where it has no number."""
    numbered = _NUMBERED.match(caption)
    return " ".join(numbered[1].split()) if numbered else ""


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
    first_text: int
    traced: Traced | None = None
    shown: list[tuple[str, str]] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    # by "", the part that it is itself; by "h2", the section that is open under such a heading in it
    parts: dict[str, Part] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)  # of a value, a cell, a caption; of a figure that of its caption


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.text: list[str] = []
        self._open = [_Element("", "", 0, 0)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self._note_addresses(tag, attributes)
        if "alt" in attributes:
            self.text.append(f" {attributes['alt']} ")
        if tag == "table":
            self.page.tables.append(Table())
        has_picture = tag == "svg" or (tag == "img" and bool(attributes.get("src", "").partition(",")[2]))
        for part in self._parts() if has_picture else ():
            part.has_picture = True
        if tag in _EMPTY:
            return
        classes = attributes.get("class", "").split()
        inside = self._open[-1]
        element = _Element(tag, inside.kind, len(self.page.tables), len(self.text))
        if tag in _EXEMPT_TAGS or _EXEMPT_CLASSES.intersection(classes):
            element.kind = "exempt"
        elif "value" in classes:
            source, rule = attributes.get("data-source", ""), attributes.get("data-format", "")
            if rule.startswith("verdict"):  # words, with numbers that are traced themselves
                self.page.traced.append(Traced(rule.removeprefix("verdict "), source, rule))
            else:
                element.kind, element.traced = "value", Traced("", source, rule)
        self._open.append(element)
        self._note_part(element, inside, attributes)

    def _note_part(self, element: _Element, around: _Element, attributes: dict[str, str]) -> None:
        is_heading = element.tag in _HEADINGS
        if is_heading:  # ends what stands under headings of its level, and of lower ones
            around.parts = {above: part for above, part in around.parts.items() if above < element.tag}
        part = Part(attributes.get("id", ""))
        if part.kind in _TITLES and part.kind != part.id:
            self.page.parts[part.id] = part
            (around if is_heading else element).parts[element.tag if is_heading else ""] = part
        rule = attributes.get("data-format", "")
        element.shown = [(place, rule) for place in attributes.get("data-source", "").split()]
        paragraphs = (each for each in self._open[::-1] if each.tag in (*_PROSE, "td"))
        next(paragraphs, element).topics += attributes.get("data-topic", "").split()

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
        while self._open[-1].tag != tag:
            self._close()
        self._close()

    def _parts(self) -> Iterator[Part]:
        return (part for element in self._open for part in element.parts.values())

    def _close(self) -> None:
        self._tell_parts(self._open[-1])
        element = self._open.pop()
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
        if element.tag == "figure" and (numbered := _number_of(text)):
            for table in self.page.tables[element.first_table :]:
                table.label = numbered

    def _tell_parts(self, element: _Element) -> None:
        """Give the parts around an element, which ends, what a reader finds in it."""
        words = self.text[element.first_text :]
        is_prose = element.tag in _PROSE and not any(each.tag in (*_PROSE, "figure") for each in self._open[:-1])
        is_shown = element.shown and "".join(words).strip(" –")
        own = element.parts.get("")
        if own and own.kind == "eq":
            own.title = " ".join("".join(words).split())
        is_title = element.tag in (*_HEADINGS, *_CAPTIONS)
        for part in self._parts() if is_prose or is_shown or is_title or element.topics else ():
            if element.tag in _TITLES[part.kind] and not part.title:
                part.title = " ".join("".join(words).split())
            part.prose += [" ".join(words)] if is_prose else []
            part.shown += element.shown if is_shown else []
            for topic in element.topics:
                part.topics[topic].append(" ".join(words))

    def handle_data(self, data: str) -> None:
        inside = self._open[-1]
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
