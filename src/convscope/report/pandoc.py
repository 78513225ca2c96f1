"""The report as HTML, PDF and site page with Pandoc and Typst, both from package registries.

Quarto makes the same from the same files where it is installed (see quarto.py); the Lua filter beside this file teaches
Pandoc the part of Quarto's syntax that the report uses.
"""

from __future__ import annotations

import base64
import subprocess
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

import pypandoc
import typst
import yaml

from convscope.errors import ReportError
from convscope.report import document
from convscope.report.atomic import write_atomically
from convscope.report.document import Document

_RESOURCES = files("convscope.report")
# Tells Pandoc what is drawn where; the rest of the metadata (Quarto's options) is passed through to the templates.
_OWN_OPTIONS = frozenset({"toc", "toc-depth", "number-sections", "embed-resources", "html-math-method", "theme", "css"})


def render_html(source: Path, output: Path) -> None:
    """Write the report as one HTML file that loads nothing: styles, images and the math font are inside.

    Parameters
    ----------
    source
        Folder with the filled report.qmd, _quarto.yml, the bibliography and figures/.
    output
        The file to write, outside of source. What was there stays until the new file is complete.

    Raises
    ------
    ReportError
        An unknown cross-reference or citation key, a duplicate label, a missing image, an unknown shortcode.
    """
    report = document.load(source, "html")
    depth = int(report.metadata.get("toc-depth", 2)) + 1  # the title is the first level of the page
    with as_file(_RESOURCES) as resources, tempfile.TemporaryDirectory() as scratch:
        styles = Path(scratch) / "styles.css"
        styles.write_text(_math_font_css() + (resources / "report.css").read_text(encoding="utf-8"), encoding="utf-8")
        text = _pandoc(
            report,
            "html",
            "--to=html5",
            "--standalone",
            f"--template={resources / 'template.html'}",
            f"--css={styles}",
            "--embed-resources",
            "--mathml",
            "--toc",
            f"--toc-depth={depth}",
        )
    write_atomically(output, text.encode())


def render_pdf(source: Path, output: Path) -> None:
    """Write the report as a tagged PDF (PDF/UA-1) whose bytes depend on the source alone.

    Parameters
    ----------
    source, output
        As for :func:`render_html`.

    Raises
    ------
    ReportError
        As for :func:`render_html`; also for what Typst cannot compile.
    """
    report = document.load(source, "typst")
    with as_file(_RESOURCES / "template.typ") as template:
        text = _pandoc(
            report,
            "typst",
            "--to=typst-citations",  # citeproc has written the citations out; Typst is to keep its own style off
            "--standalone",
            f"--template={template}",
            "--syntax-highlighting=idiomatic",
            *(["--toc", f"--toc-depth={report.metadata.get('toc-depth', 2)}"] if report.metadata.get("toc") else []),
        )
    try:
        pdf, warnings = typst.compile_with_warnings(
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
    write_atomically(output, pdf)


def render_site_page(source: Path, output: Path) -> None:
    """Write the report as a page for MkDocs Material: Markdown headings and code, all else HTML.

    Figures are referred to as they are in the source, so figures/ belongs beside the page; so do report.pdf and
    report.html, to which the page links.

    Parameters
    ----------
    source, output
        As for :func:`render_html`.

    Raises
    ------
    ReportError
        As for :func:`render_html`.
    """
    report = document.load(source, "html")
    with as_file(_RESOURCES / "site.lua") as site_filter, as_file(_RESOURCES / "site_page.md") as template:
        text = _pandoc(
            report,
            "site",
            "--to=html5",
            "--standalone",
            f"--template={template}",
            "--mathml",
            late_filters=[f"--lua-filter={site_filter}"],
        )
    write_atomically(output, text.encode())


def _pandoc(report: Document, target: str, *options: str, late_filters: list[str] | None = None) -> str:
    metadata = {key: value for key, value in report.metadata.items() if key not in _OWN_OPTIONS}
    metadata |= {"author": report.authors, "date": report.date, "target": target}
    front_matter = yaml.safe_dump(metadata, allow_unicode=True, sort_keys=False)
    with as_file(_RESOURCES) as resources:
        command = [
            pypandoc.get_pandoc_path(),
            "--from=markdown",
            f"--lua-filter={resources / 'quarto.lua'}",
            "--citeproc",
            *(late_filters or []),
            "--number-sections",
            "--wrap=none",
            "--fail-if-warnings",  # an unknown citation key is but a warning to Pandoc
            *options,
        ]
        process = subprocess.run(
            command,
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
    return " ".join(line.strip() for line in stderr.splitlines() if "stack traceback" not in line)


def _math_font_css() -> str:
    font = (_RESOURCES / "fonts" / "stix-two-math.woff2").read_bytes()
    data = base64.b64encode(font).decode()
    return f'@font-face {{ font-family: "Report Math"; src: url("data:font/woff2;base64,{data}") format("woff2"); }}\n'
