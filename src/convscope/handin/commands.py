"""``convscope diff`` and ``convscope verify``: submissions compared, and checked, as commands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from convscope.checkout import find_root


def diff(
    old: Annotated[Path, typer.Argument(help="A submission.zip.")],
    new: Annotated[Path, typer.Argument(help="Another one.")],
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with 1 where something differs.")] = False,
) -> None:
    """Say what differs between two submissions: specifications, results, verdicts, source, criteria, figures."""
    from rich.console import Console

    from convscope.handin.diff import compare, read_submission, show

    difference = compare(read_submission(old), read_submission(new))
    show(difference, Console())
    if exit_code and difference:
        raise SystemExit(1)


def verify(
    archives: Annotated[list[Path], typer.Argument(help="Submissions, as `make submit` writes them.")],
    reference: Annotated[
        str,
        typer.Option(
            help="What source/ is held against: a commit of this checkout, or a folder. HEAD is what was given out if "
            "nothing was committed since; empty compares nothing."
        ),
    ] = "HEAD",
    csv: Annotated[Path | None, typer.Option(help="Write a row for each, with empty columns for points.")] = None,
    feedback: Annotated[Path | None, typer.Option(help="A folder: write a page of Markdown for each.")] = None,
    retrain: Annotated[bool, typer.Option("--retrain", help="Train one random run of each again.")] = False,
    seed: Annotated[int, typer.Option(help="Decides which run.")] = 0,
    jobs: Annotated[int, typer.Option(envvar="JOBS", min=0, help="How many at once; 0 takes one a core.")] = 0,
) -> None:
    """Check submissions from a lecturer's checkout: files, numbers, runs, grade sheet, source. Nothing in them is run.

    The grade sheet is computed again, by this checkout's criteria; the answers of the runs are counted against the
    labels of the data sets that are here. It ends with 1 if one does not hold.
    """
    from rich.console import Console

    from convscope.handin.marks import show, write_csv, write_feedback
    from convscope.handin.verify_many import examine_all, standard_of

    standard = standard_of(find_root(Path.cwd()), reference, retrain=retrain, seed=seed)
    found = examine_all(archives, standard, jobs or os.cpu_count() or 1)
    show(found, Console())
    if csv:
        write_csv(found, standard.assignment, csv)
        print(f"Marks     {csv}")
    if feedback:
        print(f"Feedback  {feedback}: a page for each of {len(write_feedback(found, feedback))}")
    if any(each.problems for each in found):
        raise SystemExit(1)
