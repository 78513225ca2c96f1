"""Pages of the site that say results: Markdown with the report's holes, and the same evidence behind every number."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from convscope.files import Json, write_text
from convscope.report.evidence import evidence, numbers_in, script
from convscope.report.fill import environment, rendered
from convscope.report.numbers import Numbers
from convscope.report.origins import DATA
from convscope.report.passages import Grounds
from convscope.studies.explored import EXPLORED

# A sign that Pandoc reads as text; MkDocs would leave the backslash before some.
_ESCAPED = re.compile(r"(?P<code>`[^`\n]*`)|\\(?P<sign>[^\w\s])")

# A number as Pandoc reads it; MkDocs takes the same as HTML.
_VALUE = re.compile(r"(?<!\\)\[(?P<text>(?:[^\[\]\\]|\\.)*)\]\{(?P<attributes>\.value [^{}]*|\.literal)\}")


def write_pages(templates: Path, metrics: Json, report: Path, output: Path, **more: Callable[..., str]) -> list[str]:
    """Fill every template of a folder.

    Parameters
    ----------
    templates
        The folder ``site/pages``: .md files with holes ``<< >>`` for numbers of metrics.json.
    metrics
        What may be said.
    report
        The folder of the report's pages with figures/ and data/; templates ask what is there.
    output
        The folder of MkDocs' sources.
    more
        ``link`` leads from the label of a heading of the report to its address on the site; ``told`` makes the
        alternative text of a figure from its name and what is drawn.

    Returns
    -------
    list
        Names of the pages that MkDocs will make of them.

    Raises
    ------
    ReportError
        A hole has no value.
    """
    jinja = environment(templates)
    given = {
        "metrics": metrics,
        "studies": metrics["studies"],
        "claims": metrics["claims"],
        **Numbers(metrics).functions,
        **Grounds(metrics).functions,
        **more,
        "explored": EXPLORED,
        "has_figure": lambda figure: (report / "figures" / f"{figure}.svg").is_file(),
        "has_data": lambda label: (report / DATA / f"{label}.csv").is_file(),
    }
    written = []
    for template in sorted(templates.rglob("*.md")):
        name = template.relative_to(templates).as_posix()
        text = in_html(rendered(jinja, templates, name, given))
        if pointers := numbers_in(text):
            text += f"\n\n{script(evidence(metrics, pointers))}\n"
        write_text(output / name, text)
        written.append(name.removesuffix(".md") + ".html")
    return written


def in_html(text: str) -> str:
    """Turn Pandoc's spans for numbers and literals into HTML, inner ones first: a wording may hold numbers."""
    while (replaced := _VALUE.sub(_span, text)) != text:
        text = replaced
    return text


def _span(found: re.Match[str]) -> str:
    classes, _, attributes = found["attributes"].partition(" ")
    text = _ESCAPED.sub(lambda escaped: escaped["code"] or f"&#{ord(escaped['sign'])};", found["text"])
    return f'<span class="{classes.removeprefix(".")}"{" " if attributes else ""}{attributes}>{text}</span>'
