"""Two rules of prose, found broken in the templates with file and line.

*No digit of its own.* A digit is a number of metrics.json, brought in by a function, or one that somebody thought
about: a name, a year, a size by definition, marked as ``[3×3]{.literal}``. Mathematics, code, citations and
cross-references need no mark.

*No comparison that rests on nothing.* A word such as "better" or "loses" says how something turned out. It stands in
a passage that names its grounds (:mod:`convscope.report.passages`), in the wording of a verdict, in a sentence that
cites a source, or in a question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from convscope.errors import ReportError

_NOTE = re.compile(r"<#.*?#>", re.DOTALL)
_HOLE = re.compile(r"<<.*?>>|<%.*?%>", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'', re.DOTALL)
# Words with a space between: a caption or a wording. Pointers, ids and formats have none.
_WORDS = re.compile(r"\s.*[A-Za-z]|[A-Za-z].*\s", re.DOTALL)
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

_COMPARISON = re.compile(
    r"\b(?:more|less|fewer|better|worse|best|worst|helps?|helped|harms?|harmed|hurts?|loses?|losing|lost|gains|gained|"
    r"keeps?|kept|beats?|beaten|wins?|won|ahead|outperforms?|outperformed|superior|inferior|decides?|decided|"
    r"notices?|noticed|pays|improves?|improved|drops|dropped|falls|fell|rises|rose|grows|grew|shrinks?|shrank|"
    r"larger|smaller|higher|highest|lower|lowest|faster|fastest|slower|slowest|stronger|strongest|"
    r"weaker|weakest|exceeds?|exceeded|advantage|overfits?|suffers?|recovers?|easier|easiest|harder|"
    r"hardest|no longer)\b",
    re.IGNORECASE,
)
_PASSAGE = re.compile(r"<%-?\s*(?P<tag>passage|otherwise|endpassage)\b.*?%>", re.DOTALL)
_WORDING = re.compile(r"<<\s*(?:verdict|evidence)\(.*?>>", re.DOTALL)
_CROSS_REFERENCE = re.compile(r"@(?:sec|fig|tbl|eq)-[\w-]+")
_ASKED_OR_CITED = re.compile(r"\bwhether\b|\?|(?<![\w/])@\w", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?:])(?:\*\*|\)|\*)?\s+|\n\s*\n|\s\|\s|\n(?=- |\||: )")


def untraced_digits(text: str) -> Iterator[tuple[int, str]]:
    """Find digits that stand in the prose of a template.

    Yields
    ------
    tuple
        The line, counted from one, and the word that has the digit.
    """
    text = _prose(_blanked(_NOTE, text), _EXEMPT)
    for number, line in enumerate(text.splitlines(), start=1):
        for word in re.findall(r"\S*\d\S*", line):
            yield number, word


def ungrounded_comparisons(text: str) -> Iterator[tuple[int, str]]:
    """Find words of comparison that rest on nothing.

    Yields
    ------
    tuple
        The line, counted from one, and the word.
    """
    uncited = [exempt for exempt in _EXEMPT if "@" not in exempt.pattern]  # a citation excuses its sentence
    text = _blanked(_WORDING, _without_passages(_blanked(_NOTE, text)))
    text = _blanked(_CROSS_REFERENCE, _prose(text, uncited))
    start = 0
    for end in [*(found.end() for found in _SENTENCE_END.finditer(text)), len(text)]:
        sentence = text[start:end]
        if not _ASKED_OR_CITED.search(sentence):
            for word in _COMPARISON.finditer(sentence):
                yield text.count("\n", 0, start + word.start()) + 1, word[0]
        start = end


def _without_passages(text: str) -> str:
    """Blank the first text of each passage; its fallback has to be plain."""
    kept, grounded, start = [], [False], 0
    for tag in _PASSAGE.finditer(text):
        part = text[start : tag.start()]
        kept.append(_spaces(part) if any(grounded) else part)
        kept.append(_spaces(tag[0]))
        start = tag.end()
        if tag["tag"] == "passage":
            grounded.append(True)
        elif len(grounded) > 1:
            if tag["tag"] == "otherwise":
                grounded[-1] = False
            else:
                grounded.pop()
    return "".join([*kept, text[start:]])


def check_templates(folder: Path) -> None:
    """Check all templates of the report.

    Parameters
    ----------
    folder
        ``report/``.

    Raises
    ------
    ReportError
        Digits or words of comparison stand in prose without a ground; the message lists all with file and line.
    """
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.qmd"))}
    _refuse(
        folder, texts, untraced_digits, "Digits stand in the prose of the report:",
        'A result comes in with value("/studies/...", ...); what is no result is marked: [3×3]{.literal}.',
    )  # fmt: skip
    _refuse(
        folder, texts, ungrounded_comparisons, "Words of comparison in the report rest on nothing:",
        'Write them in a passage: <% passage supported("CLAIM") %> ... <% otherwise %> ... <% endpassage %>; '
        'what is so by definition rests on theory("why").',
    )  # fmt: skip


def _refuse(
    folder: Path, texts: dict[Path, str], rule: Callable[[str], Iterator[tuple[int, str]]], what: str, hint: str
) -> None:
    found = [
        f"{path.relative_to(folder.parent)}:{number}: {word}"
        for path, text in texts.items()
        for number, word in rule(text)
    ]
    if found:
        raise ReportError(f"{what}\n    " + "\n    ".join(found), hint)


def _spaces(text: str) -> str:
    """Return white space of the same lines."""
    return re.sub(r"[^\n]", " ", text)


def _blanked(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda found: _spaces(found[0]), text)


def _prose(text: str, exempt: Iterable[re.Pattern[str]]) -> str:
    """Blank what is no prose: holes, but for the words in them, and what is exempt."""
    text = _HOLE.sub(_keep_prose, text)
    for pattern in exempt:
        text = _blanked(pattern, text)
    return text


def _keep_prose(hole: re.Match[str]) -> str:
    """Blank a hole except for words in it: captions and wordings are prose too."""
    kept = list(_spaces(hole[0]))
    for string in _STRING.finditer(hole[0]):
        if _WORDS.search(string[0][1:-1]):
            kept[string.start() + 1 : string.end() - 1] = string[0][1:-1]
    return "".join(kept)
