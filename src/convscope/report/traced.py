"""The rule that each number of a page is one of metrics.json: read from the rendered page and computed again."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from convscope.errors import ReportError
from convscope.report.formats import recompute

# Elements whose digits are no results, by tag and by class: formulas and code, marked literals, what Pandoc numbers,
# and what the page says about itself.
_TAGS = {"code", "math", "pre", "script", "style"}
_CLASSES = {
    "caption-label", "citation", "cross-reference", "equation-number", "footnote-ref", "literal", "origin",
    "references", "report-date",
}  # fmt: skip
_EMPTY = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}  # HTML has no end tag for these
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_ARTICLE = re.compile(r"<article.*?</article>", re.DOTALL)
_FENCED = re.compile(r"^(```+).*?^\1", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#+ (?:[\d.]+ )?(?P<words>.*?)(?: \{#.*\})?$", re.MULTILINE)


def check_numbers(page: Path, metrics: dict[str, Any]) -> int:
    """Check every number of the site's page, which Pandoc makes whatever renders the rest.

    Parameters
    ----------
    page
        ``page.md``: HTML with Markdown headings and fenced code.
    metrics
        The loaded metrics.json.

    Returns
    -------
    int
        How many numbers and names were computed again.

    Raises
    ------
    ReportError
        A digit stands outside of what is traced or marked, or a text differs from its recomputation.
    """
    text = _FRONT_MATTER.sub("", page.read_text(encoding="utf-8"))
    return _checked(_HEADING.sub(r"\g<words>", _FENCED.sub("", text)), page.name, metrics)


def _checked(text: str, name: str, metrics: dict[str, Any]) -> int:
    walk = _Walk(metrics)
    walk.feed(text)
    walk.close()
    if walk.complaints:
        raise ReportError(
            f"{name} shows numbers that metrics.json does not account for:\n    " + "\n    ".join(walk.complaints),
            'A result comes in with value("/studies/...", ...); what is no result is marked: [3×3]{.literal}.',
        )
    return walk.checked


def check_article(page: Path, metrics: dict[str, Any]) -> int:
    """Check every number of a page that MkDocs has built, as `check_numbers` does.

    Parameters
    ----------
    page
        HTML; what stands in its ``<article>`` is checked.
    metrics
        The loaded metrics.json.

    Raises
    ------
    ReportError
        As for `check_numbers`.
    """
    article = _ARTICLE.search(page.read_text(encoding="utf-8"))
    return _checked(article[0] if article else "", page.name, metrics)


class _Walk(HTMLParser):
    """Compares each traced element with metrics.json, and notes digits in all other text."""

    def __init__(self, metrics: dict[str, Any]) -> None:
        super().__init__(convert_charrefs=True)
        self.complaints: list[str] = []
        self.checked = 0
        self._metrics = metrics
        self._open: list[tuple[str, str]] = []  # tag, and what its text is: "", "exempt" or "value"
        self._value: tuple[str, str] = ("", "")  # source and rule of the traced element that is open
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _EMPTY:
            return
        attributes = {name: value or "" for name, value in attrs}
        classes = attributes.get("class", "").split()
        kind = self._open[-1][1] if self._open else ""
        if tag in _TAGS or _CLASSES.intersection(classes):
            kind = "exempt"
        elif "value" in classes:
            source, rule = attributes.get("data-source", ""), attributes.get("data-format", "")
            if rule.startswith("verdict"):  # words, with numbers that are traced themselves
                self._compare(rule.removeprefix("verdict "), source, rule)
            else:
                kind, self._value, self._text = "value", (source, rule), ""
        self._open.append((tag, kind))

    def handle_endtag(self, tag: str) -> None:
        if tag not in [name for name, _ in self._open]:
            return
        while self._open.pop()[0] != tag:
            pass
        if self._value[1] and "value" not in [kind for _, kind in self._open]:
            self._compare(self._text, *self._value)
            self._value = ("", "")

    def handle_data(self, data: str) -> None:
        kind = self._open[-1][1] if self._open else ""
        if kind == "value":
            self._text += data
        elif kind != "exempt":
            self.complaints += [f"untraced: {word}" for word in re.findall(r"\S*\d\S*", data)]

    def _compare(self, text: str, source: str, rule: str) -> None:
        self.checked += 1
        try:
            expected = recompute(self._metrics, source, rule)
        except (LookupError, ValueError) as error:
            self.complaints.append(f"{source} ({rule}): {error}")
            return
        shown, expected = (re.sub(r"[ \t\n]+", " ", words) for words in (text, expected))  # as a page shows them
        if rule == "markdown":  # typography makes other quotes and dashes of it; its digits stay
            shown, expected = (" ".join(re.findall(r"\d+", words)) for words in (shown, expected))
        if shown != expected:
            self.complaints.append(f"{source} ({rule}): the page has {shown!r}, metrics.json gives {expected!r}")
