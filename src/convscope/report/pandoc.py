"""The report as HTML, PDF and site page with Pandoc and Typst, both from package registries.

Quarto makes the same from the same files where it is installed (see quarto.py); the Lua filters beside this
file teach Pandoc the part of Quarto's syntax that the report uses.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pypandoc
import typst
import yaml

from convscope.errors import ReportError
from convscope.files import Json, replacing, write_text
from convscope.language import ENGLISH, catalogue
from convscope.report import document
from convscope.report.document import DOCUMENTS, REPORT, Document
from convscope.report.evidence import DATA_FILE

_RESOURCES = Path(__file__).parent
# Quarto's options that are options of the Pandoc command here; as metadata they would reach the templates.
_OPTIONS = frozenset(
    {"toc", "toc-depth", "number-sections", "embed-resources", "html-math-method", "theme", "css", "include-after-body"}
)
_DEFAULT_TOC_DEPTH = 2


def render_html(source: Path, output: Path, name: str = REPORT) -> None:
    """Write a document as one HTML file that loads nothing: styles, images and the math font are inside.

    Parameters
    ----------
    source
        Folder with the filled .qmd files, _quarto.yml, the bibliography and figures/.
    output
        The file to write, outside of source. What was there stays until the new file is complete.

    Raises
    ------
    ReportError
        An unknown cross-reference or citation key, a duplicate label, a missing image, an unknown shortcode.
    """
    report = document.load(source, "html", name)
    depth = report.metadata.get("toc-depth", _DEFAULT_TOC_DEPTH)
    text = _pandoc(
        report,
        "html",
        "--to=html5",
        "--standalone",
        f"--template={_RESOURCES / 'template.html'}",
        f"--css={_RESOURCES / 'report.css'}",
        "--embed-resources",
        "--mathml",
        "--toc",
        f"--toc-depth={depth + 1}",  # the title is the first level of the page
        *(f"--include-after-body={included}" for included in report.metadata.get("include-after-body", [])),
    )
    write_text(output, text)


def render_pdf(source: Path, output: Path, name: str = REPORT) -> None:
    """Write a document as a tagged PDF (PDF/UA-1) whose bytes depend on the source alone.

    Raises what `render_html` raises, and ReportError for what Typst cannot compile.
    """
    report = document.load(source, "typst", name)
    depth = report.metadata.get("toc-depth", _DEFAULT_TOC_DEPTH)
    text = _pandoc(
        report,
        "typst",
        "--to=typst-citations",  # citeproc has written the citations out already, as in HTML
        "--standalone",
        f"--template={_RESOURCES / 'template.typ'}",
        "--syntax-highlighting=idiomatic",
        *(["--toc", f"--toc-depth={depth}"] if report.metadata.get("toc") else []),
    )
    try:
        pdf, warnings = typst.compile_with_warnings(  # type: ignore[type-var]  # its stub forbids bytes beside font paths
            text.encode(),
            root=str(report.folder),
            ignore_system_fonts=True,  # what the compiler brings along looks the same everywhere
            pdf_standards=["ua-1"],
            timestamp=0,
        )
    except typst.TypstError as error:
        raise ReportError(f"Typst cannot compile the report: {error.diagnostic}") from error
    if warnings:
        raise ReportError("Typst warns: " + "; ".join(warning.message for warning in warnings))
    with replacing(output) as temporary:
        temporary.write_bytes(pdf)


def render_site_page(source: Path, output: Path, name: str = REPORT) -> None:
    """Write a document as a page for MkDocs Material: Markdown headings and code, all else HTML.

    Figures are referred to as they are in the source, so figures/ belongs beside the page; so do report.pdf
    and report.html, to which the page links. MkDocs needs its extensions attr_list and pymdownx.superfences.
    """
    report = document.load(source, "html", name)
    text = _pandoc(
        report,
        "site",
        "--to=html5",
        "--standalone",
        f"--template={_RESOURCES / 'site_page.md'}",
        "--mathml",
        f"--lua-filter={_RESOURCES / 'site.lua'}",
        # What shows the evidence is the site's, the same for every page.
        *(
            f"--include-after-body={included}"
            for included in report.metadata.get("include-after-body", [])
            if included.endswith(DATA_FILE)
        ),
    )
    write_text(output, text)


def render_chapters(source: Path, labels: Iterable[str]) -> str:
    """Return chapters of the documents as one notebook that has not run, in JSON: its numbers are those of the report.

    Where a chapter shows a figure, a code cell has the call ``results.figure(NAME)``; its caption follows. The
    metadata of each cell has the label of its chapter as ``chapter``. Pandoc reads a document once for all: with
    twelve chapters it takes 2 seconds, where one run each took 29.

    Raises what `render_html` raises, and ReportError for a chapter that is not there.

    Parameters
    ----------
    source
        As for `render_html`, its documents linked.
    labels
        Of the chapters' headings: ``"sec-fashion"``.
    """
    notebooks: list[Json] = []
    filtered = f"--lua-filter={_RESOURCES / 'notebook.lua'}"
    for name, there in document.places_of(source, labels).items():
        report = document.load(source, "ipynb", name)
        text = _pandoc(report, "notebook", "--to=ipynb", filtered, f"--metadata=chapters:{' '.join(there)}")
        notebooks.append(json.loads(text))
    cells = [cell for notebook in notebooks for cell in notebook["cells"]]
    return json.dumps(notebooks[0] | {"cells": cells})


def count_labels(source: Path, name: str = REPORT) -> dict[str, str]:
    """Return what each label of a document is called there: ``{"fig-gains": "Figure 3"}``."""
    counted = _pandoc(document.load(source, "html", name), "labels", "--to=plain")
    labels: dict[str, str] = json.loads(counted)
    return labels


def _pandoc(report: Document, target: str, *options: str) -> str:
    metadata = {key: value for key, value in report.metadata.items() if key not in _OPTIONS}
    metadata |= {"author": report.authors, "date": report.date, "target": target, "document": report.name}
    texts = catalogue(str(metadata.get("lang") or ENGLISH))
    kinds = {"fig": "Figure", "tbl": "Table", "eq": "Equation", "sec": "Section"}
    metadata |= {"kinds": {kind: texts.text(name) for kind, name in kinds.items()}}
    metadata |= {"words": document.words_of(metadata), "pages": DOCUMENTS, "floats": report.name == REPORT}
    front_matter = yaml.safe_dump(metadata, allow_unicode=True, sort_keys=False)
    process = subprocess.run(
        [
            pypandoc.get_pandoc_path(),
            "--from=markdown",
            # Filters run in this order: cross-references are no citations any more when citeproc looks.
            f"--lua-filter={_RESOURCES / 'quarto.lua'}",
            "--citeproc",
            "--number-sections",
            "--wrap=none",
            "--fail-if-warnings",  # an unknown citation key is but a warning to Pandoc
            *options,
        ],
        input=f"---\n{front_matter}---\n\n{report.body}",
        capture_output=True,
        encoding="utf-8",
        cwd=report.folder,
        check=False,
    )
    if process.returncode != 0:
        raise ReportError(f"the report cannot be rendered: {_reason(process.stderr)}")
    return process.stdout


def _reason(stderr: str) -> str:
    """Reduce Pandoc's words to what is wrong with the report, without the place in the filter."""
    message = stderr.partition("stack traceback:")[0].replace("Failing because there were warnings.", "")
    return " ".join(re.sub(r"Error running filter .*:\n", "", message).split())
