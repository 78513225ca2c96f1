"""The rule that each number of a page is one of metrics.json: read from the rendered page and computed again."""

from __future__ import annotations

import re
from pathlib import Path

from convscope.errors import ReportError
from convscope.files import Json
from convscope.report.formats import recompute
from convscope.report.page import Traced, article_of, read_page

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_FENCED = re.compile(r"^(```+).*?^\1", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#+ (?:[\d.]+ )?(?P<words>.*?)(?: \{#.*\})?$", re.MULTILINE)


def check_numbers(page: Path, metrics: Json) -> int:
    """Check every number of the site's page, which Pandoc makes whatever renders the rest.

    Raises ReportError: a digit stands outside of what is traced or marked, or a text differs from its recomputation.

    Parameters
    ----------
    page
        ``page.md``: HTML with Markdown headings and fenced code.

    Returns
    -------
    int
        How many numbers and names were computed again.
    """
    text = _FRONT_MATTER.sub("", page.read_text(encoding="utf-8"))
    return _checked(_HEADING.sub(r"\g<words>", _FENCED.sub("", text)), page.name, metrics)


def _checked(text: str, name: str, metrics: Json) -> int:
    page = read_page(text)
    complaints = [f"untraced: {word}" for word in page.untraced]
    complaints += [complaint for each in page.traced if (complaint := _compared(each, metrics))]
    if complaints:
        raise ReportError(
            f"{name} shows numbers that metrics.json does not account for:\n    " + "\n    ".join(complaints),
            'A result comes in with value("/studies/...", ...); what is no result is marked: [3×3]{.literal}.',
        )
    return len(page.traced)


def check_article(page: Path, metrics: Json) -> int:
    """Check every number of a page that MkDocs has built, as `check_numbers` does.

    Parameters
    ----------
    page
        HTML; what stands in its ``<article>`` is checked.
    """
    return _checked(article_of(page.read_text(encoding="utf-8")), page.name, metrics)


def _compared(traced: Traced, metrics: Json) -> str:
    """Compute a text again; return what is wrong with it, empty where nothing is."""
    place = f"{traced.source} ({traced.rule})"
    try:
        expected = recompute(metrics, traced.source, traced.rule)
    except (LookupError, ValueError) as error:
        return f"{place}: {error}"
    shown, expected = (re.sub(r"[ \t\n]+", " ", words) for words in (traced.text, expected))  # as a page shows them
    if traced.rule == "markdown":  # typography makes other quotes and dashes of it; its digits stay
        shown, expected = (" ".join(re.findall(r"\d+", words)) for words in (shown, expected))
    return "" if shown == expected else f"{place}: the page has {shown!r}, metrics.json gives {expected!r}"
