"""``convscope course``: what a lecturer gives out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convscope.checkout import find_root

course_app = typer.Typer(no_args_is_help=True, help="An edition of this project for a course.")


@course_app.callback()
def _course() -> None:
    """Keep ``new`` a sub-command, though it is the only one."""


@course_app.command("new")
def new(
    folder: Annotated[Path, typer.Argument(help="Where it is written; must not be there yet.")],
    language: Annotated[str, typer.Option(help="Of the document: en or de.")] = "en",
) -> None:
    """Write a student edition: study, essay and decisions are left to fill in, and their checks are in place.

    Tasks, points and criteria are in its report/assignment.yml, the language is `lang` in its report/_quarto.yml.
    """
    from convscope.course.edition import write_course

    for name in write_course(find_root(Path.cwd()), folder, language):
        print(f"To fill in  {name}")
    print(f"Try it      cd {folder} && git init && git add . && git commit -m 'Edition' && make all PROFILE=smoke")
    print(f"Compare     convscope verify *.zip --reference {folder}")
