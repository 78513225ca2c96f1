"""One executed notebook a study: a lesson with its data, then its chapter, drawn again from the stored results."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from convscope.analysis.metrics_file import read_metrics
from convscope.analysis.records import Metrics
from convscope.files import digest, replacing_folder, sha256_of, write_text
from convscope.language import catalogue, language_of
from convscope.notebooks.cells import opening_cells, training_cells
from convscope.notebooks.lesson import SECTIONS, lesson_cells
from convscope.notebooks.numbering import renumber
from convscope.notebooks.run import KERNEL, run_notebook
from convscope.report.document import places_of
from convscope.report.pandoc import render_chapters
from convscope.stages import Stage


def write_notebooks(build: Path, output: Path, *, code: str, profile: str, repository: str, jobs: int) -> list[Path]:
    """Write and execute a notebook for each study that was run.

    Only code is executed, and only where the code or the results are others than the last time: a changed sentence
    of the report goes into its notebook in no time.

    Parameters
    ----------
    build
        build/PROFILE/, with metrics, pictures and the filled source of the report.
    output
        The folder to write, complete or not at all.
    repository
        Address that the project can be cloned from; empty where it has none.

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
    import convscope.figures.style  # noqa: F401  # matplotlib makes its font cache here, and not in a cell

    metrics = read_metrics(build / "metrics.json")
    studies = list(metrics.ran)
    notebooks = assemble_notebooks(build, metrics, studies, profile=profile, repository=repository)
    code = digest([code, sha256_of(build / "metrics.json"), sha256_of(build / "pictures.safetensors")])
    pool = ThreadPoolExecutor(jobs)  # each kernel is a process
    try:
        for _ in pool.map(lambda study: _execute(notebooks[study], build, study, code), studies):
            pass
    finally:
        pool.shutdown(cancel_futures=True)
    with replacing_folder(output) as folder:
        for study in studies:
            write_text(folder / f"{study}.ipynb", text_of(notebooks[study]))
    return [output / f"{study}.ipynb" for study in studies]


def assemble_notebooks(
    build: Path, metrics: Metrics, studies: Iterable[str], *, profile: str, repository: str
) -> dict[str, NotebookNode]:
    """Return the notebook of each study by its id, not yet executed.

    Parameters and errors as for `write_notebooks`.
    """
    source = build / "report" / "source"
    labels = {f"sec-{study}": study for study in studies}
    texts = catalogue(language_of(source))
    documents = {labels[label]: name for name, there in places_of(source, labels).items() for label in there}
    chapters: dict[str, list[NotebookNode]] = {study: [] for study in labels.values()}
    if labels:
        for cell in nbformat.reads(render_chapters(source, labels), as_version=4).cells:
            chapters[labels[cell.metadata.pop("chapter")]].append(cell)
    sha256 = sha256_of(build / "metrics.json")
    notebooks = {}
    for study, (title, *rest) in chapters.items():
        facts = metrics.ran[study]
        document = documents[study]
        opening = opening_cells(
            study, facts, texts, document=document, profile=profile, repository=repository, sha256=sha256
        )
        references = [cell for cell in rest if cell.source.startswith(f"## {texts.text('References')}")]
        body = [cell for cell in rest if cell not in references]
        renumber([title, *body], SECTIONS + 1, document, texts)
        lesson = lesson_cells(facts, texts)
        notebook: NotebookNode = nbformat.v4.new_notebook(
            cells=[title, *opening, *lesson, *body, *training_cells(facts, SECTIONS + 2, texts), *references],
            metadata={"kernelspec": {"name": KERNEL, "display_name": "Python 3 (ipykernel)", "language": "python"}},
        )
        for place, cell in enumerate(notebook.cells):
            cell.id = f"{study}-{place}"[-64:]  # the format allows so many characters
        notebooks[study] = notebook
    return notebooks


def _execute(notebook: NotebookNode, build: Path, study: str, code: str) -> None:
    """Give a notebook its outputs: those of the last time where nothing that they follow from has changed."""
    folder = build / ".executed"
    path = folder / f"{study}.ipynb"
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]

    def work() -> None:
        executed = nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata)
        run_notebook(executed, build, f"{study}.ipynb")
        write_text(path, text_of(executed))

    Stage(
        f"notebook {study}", lambda: digest([code, *(cell.source for cell in cells)]), [path], work,
        folder / f"{study}.json",
    ).run()  # fmt: skip
    executed = nbformat.read(path, as_version=4)
    notebook.metadata = executed.metadata  # the kernel says which Python it is
    for cell, same in zip(cells, executed.cells, strict=True):
        cell.outputs, cell.execution_count = same.outputs, same.execution_count


def text_of(notebook: NotebookNode) -> str:
    """Return the content of the file: the same for the same notebook.

    Raises nbformat.ValidationError: it does not fit the format's schema.
    """
    nbformat.validate(notebook)
    written: str = nbformat.writes(notebook)
    return written + "\n"
