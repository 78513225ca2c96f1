"""A study to begin with: a commented file that runs as it is."""

from __future__ import annotations

import keyword
from importlib.resources import files
from pathlib import Path

from convscope.errors import SpecError
from convscope.files import write_text
from convscope.studies import STUDIES

_PLACEHOLDER = "NAME"


def write_study(folder: Path, name: str) -> tuple[Path, Path]:
    """Write ``NAME.py``, which declares the study, and ``NAME.qmd``, in which its chapter can be changed.

    Parameters
    ----------
    folder
        ``report/studies/`` of the checkout.
    name
        Id of the study: letters, digits and underscores, not beginning with a digit.

    Raises
    ------
    SpecError
        The name is no identifier, is that of a study that comes with the package, or a file of it is there.
    """
    if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
        raise SpecError(
            f"{name!r} cannot name a study.",
            "Use letters, digits and underscores, a letter first: my_flowers.",
        )
    if name in STUDIES:
        raise SpecError(
            f"{name!r} is a study that comes with convscope.",
            "Take another name, or edit that study in src/convscope/studies/.",
        )
    templates = {folder / f"{name}{suffix}": f"new_study{suffix}.txt" for suffix in (".py", ".qmd")}
    for file in templates:
        if file.exists():
            raise SpecError(f"{file} is there already.", "Take another name, or remove the file first.")
    for file, template in templates.items():
        text = files("convscope.submission").joinpath(template).read_text(encoding="utf-8")
        write_text(file, text.replace(_PLACEHOLDER, name))
    study, prose = templates
    return study, prose
