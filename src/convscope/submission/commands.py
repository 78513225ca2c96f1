"""``convscope diff``: two submissions compared, as a command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def diff(
    old: Annotated[Path, typer.Argument(help="A submission.zip.")],
    new: Annotated[Path, typer.Argument(help="Another one.")],
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with 1 where something differs.")] = False,
) -> None:
    """Say which results, verdicts and figures differ between two submissions."""
    from rich.console import Console  # noqa: PLC0415

    from convscope.submission.diff import compare, read_submission, show  # noqa: PLC0415

    difference = compare(read_submission(old), read_submission(new))
    show(difference, Console())
    if exit_code and difference:
        raise SystemExit(1)
