"""One executed notebook a study: the chapter of the report, with code that draws its figures and trains on request."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from convscope.analysis.metrics_file import Metrics, read_metrics
from convscope.files import replacing_folder, sha256_of, write_text
from convscope.report.pandoc import render_chapter
from convscope.submission.notebooks.cells import opening_cells, training_cells
from convscope.submission.notebooks.run import KERNEL, run_notebook


def write_notebooks(build: Path, output: Path, *, profile: str, repository: str, jobs: int) -> list[Path]:
    """Write and execute a notebook for each study that was run.

    Parameters
    ----------
    build
        build/PROFILE/, with metrics, pictures and the filled source of the report.
    output
        The folder to write, complete or not at all.
    profile
        Name of the build.
    repository
        Address that the project can be cloned from; empty where it has none.
    jobs
        How many run at a time.

    Returns
    -------
    list
        The files. A study that was not run has none.

    Raises
    ------
    ReportError
        The report has no chapter for a study.
    NotebookError
        A notebook does not run from top to bottom.
    """
    import convscope.figures.style  # noqa: F401, PLC0415  # matplotlib makes its font cache here, and not in a cell

    metrics = read_metrics(build / "metrics.json")
    studies = [study for study, facts in metrics["studies"].items() if facts["status"] == "run"]

    def write(study: str) -> str:
        notebook = assemble(build, metrics, study, profile=profile, repository=repository)
        run_notebook(notebook, build, f"{study}.ipynb")
        return text_of(notebook)

    with replacing_folder(output) as folder:
        pool = ThreadPoolExecutor(jobs)  # each kernel is a process
        try:
            for study, text in zip(studies, pool.map(write, studies), strict=True):
                write_text(folder / f"{study}.ipynb", text)
        finally:
            pool.shutdown(cancel_futures=True)
    return [output / f"{study}.ipynb" for study in studies]


def assemble(build: Path, metrics: Metrics, study: str, *, profile: str, repository: str) -> NotebookNode:
    """Return the notebook of a study, not yet executed.

    Parameters and errors as for `write_notebooks`.
    """
    chapter = nbformat.reads(render_chapter(build / "report" / "source", f"sec-{study}"), as_version=4)
    facts = metrics["studies"][study]
    opening = opening_cells(
        study, facts, profile=profile, repository=repository, sha256=sha256_of(build / "metrics.json")
    )
    title, *rest = chapter.cells
    references = [cell for cell in rest if cell.source.startswith("## References")]
    body = [cell for cell in rest if cell not in references]
    notebook: NotebookNode = nbformat.v4.new_notebook(
        cells=[title, *opening, *body, *training_cells(facts), *references],
        metadata={"kernelspec": {"name": KERNEL, "display_name": "Python 3 (ipykernel)", "language": "python"}},
    )
    for place, cell in enumerate(notebook.cells):
        cell.id = f"{study}-{place}"[-64:]  # the format allows so many characters
    return notebook


def text_of(notebook: NotebookNode) -> str:
    """Return the content of the file: the same for the same notebook.

    Raises
    ------
    nbformat.ValidationError
        It does not fit the format's schema.
    """
    nbformat.validate(notebook)
    written: str = nbformat.writes(notebook)
    return written + "\n"
