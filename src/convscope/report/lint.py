"""The rule that prose holds no digit of its own: found in the templates, with file and line.

A digit is a number of metrics.json, brought in by a function, or one that somebody thought about: a name, a year, a
size by definition, marked as ``[3×3]{.literal}``. Mathematics, code, citations and cross-references need no mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from convscope.errors import ReportError

_HOLE = re.compile(r"<<.*?>>|<%.*?%>", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'', re.DOTALL)
# Words with a space between: a caption or a wording. Pointers, ids and formats have none.
_PROSE = re.compile(r"\s.*[A-Za-z]|[A-Za-z].*\s", re.DOTALL)
_EXEMPT = tuple(
    re.compile(pattern, re.DOTALL | re.MULTILINE)
    for pattern in (
        r"\A---\n.*?\n---\n",  # front matter
        r"^(?P<fence>```+|~~~+).*?^(?P=fence)",
        r"<!--.*?-->",
        r"\$\$.*?\$\$",
        r"\$[^$\n]+\$",
        r"`[^`\n]+`",
        r"\[[^\[\]]*\]\{\.literal\}",
        r"\[[^\[\]]*@[^\[\]]*\]",  # citations, with pages
        r"@[\w:.-]+",
        r"\[\^[^\]]+\]",  # footnotes
        r"\{\{<.*?>\}\}",
        r"\{[^{}]*\}",  # attributes
        r"\]\([^()\s]*\)",  # where a link leads
        r"<https?:[^>]*>",
        r"^\s*\d+[.)]\s",  # numbered lists
    )
)


def untraced_digits(text: str) -> Iterator[tuple[int, str]]:
    """Find digits that stand in the prose of a template.

    Parameters
    ----------
    text
        A .qmd file with holes.

    Yields
    ------
    tuple
        The line, counted from one, and the word that has the digit.
    """
    text = re.sub(r"<#.*?#>", _blank, text, flags=re.DOTALL)
    text = _HOLE.sub(_keep_prose, text)
    for exempt in _EXEMPT:
        text = exempt.sub(_blank, text)
    for number, line in enumerate(text.splitlines(), start=1):
        for word in re.findall(r"\S*\d\S*", line):
            yield number, word


def check_templates(folder: Path) -> None:
    """Check all templates of the report.

    Parameters
    ----------
    folder
        ``report/``.

    Raises
    ------
    ReportError
        Digits stand in prose; the message lists all of them with file and line.
    """
    found = [
        f"{path.relative_to(folder.parent)}:{number}: {word}"
        for path in sorted(folder.rglob("*.qmd"))
        for number, word in untraced_digits(path.read_text(encoding="utf-8"))
    ]
    if found:
        raise ReportError(
            "Digits stand in the prose of the report:\n    " + "\n    ".join(found),
            'A result comes in with value("/studies/...", ...); what is no result is marked: [3×3]{.literal}.',
        )


def _blank(found: re.Match[str]) -> str:
    """Return white space of the same lines."""
    return re.sub(r"[^\n]", " ", found[0])


def _keep_prose(hole: re.Match[str]) -> str:
    """Blank a hole except for words in it: captions and wordings are prose too."""
    kept = list(_blank(hole))
    for string in _STRING.finditer(hole[0]):
        if _PROSE.search(string[0][1:-1]):
            kept[string.start() + 1 : string.end() - 1] = string[0][1:-1]
    return "".join(kept)
