"""The cells of a notebook that are not the report's: what it is, set-up, loading, training."""

from __future__ import annotations

import json

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from convscope.analysis.study_records import StudyRun
from convscope.language import Catalogue
from convscope.report.numbers import literally

NEEDED = ("matplotlib", "numpy", "pandas", "pydantic", "safetensors", "scipy", "torch")
"""What redrawing and, of torch, the lesson import beyond the standard library; a package has the name of its module."""

_ABOUT = """\
## About this notebook

Sections 1 to 5 are a lesson: the data, the networks written out, a convolution in NumPy with its way back, one image on
its way through the layers, and a training of under a minute. Section 6 is the chapter *{title}* {where}, its numbers
those of profile `{profile}`, its figures drawn from the stored results. Section 7 trains a network as the study did, on
request. Sections, figures and tables are numbered for this notebook.

`results.study` holds everything that was measured in this study, and `results.figure(name).figure` is a figure of
matplotlib, to be changed as you like.

- **JupyterLab, VS Code.** Open the notebook inside a checkout of the project and run all cells.
- **Google Colab.** *File*, *Upload notebook*; then *Runtime*, *Run all*.
- **SageMaker Studio.** Upload it to a JupyterLab space, choose the kernel *Python 3 (ipykernel)*, *Run All Cells*.

Python 3.11 or newer is needed. Where the project is not found, the next cell clones it; packages that are missing are
installed."""

_SET_UP = """\
import importlib.util
import subprocess
import sys
from pathlib import Path

REPOSITORY = {repository}  # cloned where the project is not found
NEEDED = {needed}


def is_project(folder: Path) -> bool:
    marks = ("report/report.qmd", "src/convscope/__init__.py")
    return all((folder / mark).is_file() for mark in marks)


def find_project() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        for candidate in (folder, folder / "source", folder / "convscope"):
            if is_project(candidate):
                return candidate
    if not REPOSITORY:
        raise SystemExit("Set REPOSITORY, or put the project's folder beside this notebook.")
    clone = ["git", "clone", "--quiet", "--depth", "1", REPOSITORY, "convscope"]
    subprocess.run(clone, check=True)
    return here / "convscope"


assert sys.version_info >= (3, 11), f"Python 3.11 or newer is needed; this is {{sys.version}}"
PROJECT = find_project()
sys.path.insert(0, str(PROJECT / "src"))
missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
if missing:
    install = [sys.executable, "-m", "pip", "install", "--quiet", *missing]
    subprocess.run(install, check=True)"""

_LOAD = """\
import pandas as pd
from convscope.notebooks.results import StoredResults

STUDY, PROFILE = {study}, {profile}
# SHA-256 of the metrics.json that the text was written from
WRITTEN_FROM = {sha256}

results = StoredResults.find(PROJECT, PROFILE, STUDY, WRITTEN_FROM)
if results.as_written:
    print("These are the results that the text of this notebook was written from.")
else:
    print(f"The text was written from other results; figures show those in {{results.source}}.")

test_accuracy = {{
    variant["title"]: pd.Series(variant["test_accuracy"]["values"])
    for variant in results.study["variants"].values()
}}
pd.DataFrame(test_accuracy).rename_axis("seed")"""

_TRAIN = """\
## {number} The whole training

What section 6 shows was drawn from stored results. With `RETRAIN = True` the next two cells train one network of the
study again, with the same images, settings and seed, and compare its test accuracy with the stored ones. That needs the
data set, which is downloaded where it is missing."""

_PARAMETERS = """\
RETRAIN = False
VARIANT = {variant}  # of {variants}
SEED = 0"""

_RETRAIN = """\
if RETRAIN:
    from convscope.datasets.load import load
    from convscope.runs.plan import plan_study
    from convscope.runs.worker import trained
    from convscope.studies import select

    def progress(epoch: int, accuracy: float) -> None:
        print(f"epoch {epoch}: validation accuracy {accuracy:.4f}")

    study = select(STUDY, PROJECT / "report" / "studies")[0]
    run = plan_study(study, results.metrics["profile"])[VARIANT][SEED]
    images = load(run.spec.data.dataset, PROJECT / "data")
    new = trained(run, images, progress)

    stored = results.study["variants"][VARIANT]
    accuracies = stored["test_accuracy"]["values"]
    print(f"test accuracy {new.test_accuracy:.4f}")
    lowest, highest = min(accuracies), max(accuracies)
    print(f"stored, over {len(accuracies)} seeds: {lowest:.4f} to {highest:.4f}")
    if run.key in stored["runs"]:
        before = accuracies[stored["runs"].index(run.key)]
        print(f"stored, with the same data, settings, seed and arithmetic: {before:.4f}")
    else:
        print("No stored run has the same arithmetic and version: expect a similar accuracy.")
else:
    seconds = results.seconds[VARIANT]
    print(f"Nothing is trained: RETRAIN is False. The stored run took {seconds:.0f} s.")"""


def opening_cells(
    study: str, facts: StudyRun, texts: Catalogue, *, document: str, profile: str, repository: str, sha256: str
) -> list[NotebookNode]:
    """Return the cells that say what the notebook is, find the project and load the results.

    Parameters
    ----------
    study, facts
        Id of the study, and what metrics.json has of it.
    texts
        Of the language that the document is in.
    document
        Report or supplement, which has its chapter.
    repository
        Address to clone the project from; empty where it has none.
    """
    about = texts.template(_ABOUT).format(
        title=literally(facts.title), where=texts.text(f"of the {document}"), profile=profile
    )
    values = {"study": study, "profile": profile, "sha256": sha256}
    return [
        new_markdown_cell(about),
        new_code_cell(_SET_UP.format(repository=json.dumps(repository), needed=json.dumps(NEEDED))),
        new_code_cell(_LOAD.format(**{name: json.dumps(text) for name, text in values.items()})),
    ]


def training_cells(facts: StudyRun, number: int, texts: Catalogue) -> list[NotebookNode]:
    """Return the cells that train one network on request.

    The settings stand in a cell with the tag ``parameters``, where papermill, and with it notebook jobs of SageMaker
    Studio, put values of their own.
    """
    variants = ", ".join(facts.variants)
    return [
        new_markdown_cell(texts.template(_TRAIN).format(number=number)),
        new_code_cell(
            _PARAMETERS.format(variant=json.dumps(facts.reference), variants=variants),
            metadata={"tags": ["parameters"]},
        ),
        new_code_cell(_RETRAIN),
    ]
