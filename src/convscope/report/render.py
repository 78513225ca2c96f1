"""Fill the report and its supplement and render them: HTML, PDF, and a page each for the site."""

from __future__ import annotations

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

from convscope.errors import ReportError
from convscope.files import Json, replacing_folder
from convscope.report import pandoc, quarto
from convscope.report.author import read_author
from convscope.report.backend import Backend, chosen_backend
from convscope.report.checks import check_html
from convscope.report.crosslinks import link_documents
from convscope.report.document import DOCUMENTS, documents_in
from convscope.report.evidence import pack_evidence
from convscope.report.fill import PASSAGES, fill
from convscope.report.lint import check_templates
from convscope.report.math_font import keep_glyphs_of_formulas
from convscope.report.origins import DATA, put_data_inside, put_figures_inside, repository_of
from convscope.report.page import read_page
from convscope.report.paper import check_pdf
from convscope.report.slim import slim
from convscope.report.traced import check_numbers

MOST_NAMED = 20
"""Passages that gave way and are named on the terminal; passages.json has all."""

PAGES = "pages"
"""Folder of what the site shows of the documents."""


def render(
    templates: Path,
    metrics: Json,
    figures: Path,
    output: Path,
    commit: str,
    *,
    flipped: list[dict[str, str]] | None = None,
    backend: Backend = "auto",
) -> None:
    """Render the report into a folder, complete or not at all.

    Parameters
    ----------
    templates
        The folder ``report/``; author.yml in it, where there is one, names who hands the report in.
    output
        Gets ``report.html``, ``report.pdf``, ``supplement.html``, ``supplement.pdf``; ``pages/`` for the site;
        ``data/`` (each figure and table as CSV) and ``source/`` (the filled .qmd).
    flipped
        Claims whose verdict is another than in the previous build; None where there was none.

    Raises
    ------
    ReportError
        A hole without a value, a digit without a source, an unresolved reference, a missing image, or a backend's
        complaint.
    """
    chosen = chosen_backend(backend)
    facts: Json = {
        "commit": commit,
        "repository": repository_of(templates.parent),
        "author": read_author(templates),
        "flipped": flipped,
    }
    check_templates(templates)
    with replacing_folder(output) as folder:
        try:
            _render(templates, metrics, figures, folder, facts | {"backend": chosen})
        except ReportError as error:
            if backend != "auto" or chosen != "quarto":
                raise
            sys.stderr.write(f"report: Quarto cannot render it ({error.message}); Pandoc and Typst do.\n")
            shutil.rmtree(folder)
            folder.mkdir()
            _render(templates, metrics, figures, folder, facts | {"backend": "pandoc"})


def _render(templates: Path, metrics: Json, figures: Path, folder: Path, facts: Json) -> None:
    renderer: ModuleType = quarto if facts["backend"] == "quarto" else pandoc
    source = folder / "source"
    fill(templates, metrics, figures, facts, source)
    (source / DATA).rename(folder / DATA)  # pages link to it; what renders them need not copy it
    link_documents(source)
    names = documents_in(source)
    with ThreadPoolExecutor() as pool:  # each rendering is a process of its own
        renderings = [
            rendering
            for name in names
            for rendering in (
                pool.submit(renderer.render_html, source, folder / f"{name}.html", name),
                pool.submit(renderer.render_pdf, source, folder / f"{name}.pdf", name),
                pool.submit(pandoc.render_site_page, source, folder / PAGES / DOCUMENTS[name], name),
            )
        ]
        for rendering in renderings:
            rendering.result()
    for name in names:
        page = folder / PAGES / DOCUMENTS[name]
        put_data_inside(folder / f"{name}.html", folder / DATA)
        put_figures_inside(folder / f"{name}.html", source / "figures")
        pack_evidence(folder / f"{name}.html")
        slim(folder / f"{name}.html")
        keep_glyphs_of_formulas(folder / f"{name}.html")
        check_html(folder / f"{name}.html")
        check_html(page)
        check_numbers(page, metrics)
        check_pdf(folder / f"{name}.pdf", read_page(page.read_text(encoding="utf-8")).tables)
    _say_fallbacks(source / PASSAGES)


def _say_fallbacks(passages: Path) -> None:
    """List the passages whose plain fallback stands in this build, and why."""
    gave_way = [each for each in json.loads(passages.read_bytes()) if each["state"] == "gave way"]
    if gave_way:
        passages_gave = "passage gave" if len(gave_way) == 1 else "passages gave"
        sys.stderr.write(f"report: {len(gave_way)} {passages_gave} way to their plain fallback:\n")
    for each in gave_way[:MOST_NAMED]:
        sys.stderr.write(f"  report/{each['template']}:{each['line']}: {'; '.join(each['grounds'])}\n")
