"""What is asked: one declarative module a study."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from convscope.errors import ConvscopeError, SpecError, of_module
from convscope.studies import (
    cifar10,
    design,
    design_cifar10,
    dose,
    fashion,
    fashion_compact,
    fashion_compact_tuned,
    inductive_bias,
    inductive_bias_cifar10,
    inductive_bias_glyphs,
    mnist,
    mnist_numpy,
    sample_size,
    shift,
    shift_mnist,
    stronger_mlp,
    table,
    windows,
)
from convscope.studies.study import PROFILES, Profile, Study, Variant, profile_named

_IN_ORDER = (
    mnist.study,
    mnist_numpy.study,
    fashion.study,
    fashion_compact.study,
    fashion_compact_tuned.study,
    stronger_mlp.study,
    cifar10.study,
    design.study,
    design_cifar10.study,
    inductive_bias.study,
    inductive_bias_cifar10.study,
    inductive_bias_glyphs.study,
    dose.study,
    windows.study,
    shift.study,
    shift_mnist.study,
    sample_size.study,
    table.study,
)
STUDIES: dict[str, Study] = {study.id: study for study in _IN_ORDER}  # in the order of the report

__all__ = ["PROFILES", "STUDIES", "Profile", "Study", "Variant", "profile_named", "select"]


def select(names: str = "", folder: Path | None = None) -> tuple[Study, ...]:
    """Return the named studies, separated by spaces or commas; for an empty text all there are.

    Parameters
    ----------
    names
        Of studies of the package, or of files ``NAME.py`` in the folder.
    folder
        Where the user's own studies lie.

    Raises
    ------
    SpecError
        A name is unknown, or a file cannot be run or defines no study of its name; file and line are named. Without
        names such a file is left out.
    """
    wanted = list(dict.fromkeys(names.replace(",", " ").split()))
    if wanted:
        return tuple(STUDIES.get(name) or _from_file(name, folder) for name in wanted)
    return (*STUDIES.values(), *_own(folder))


def _own(folder: Path | None) -> list[Study]:
    """Return the studies of a folder; one that cannot be loaded is named and harms no other."""
    studies = []
    for file in sorted(folder.glob("*.py")) if folder else ():
        try:
            studies.append(_from_file(file.stem, folder))
        except ConvscopeError as error:
            print(f"{file} is left out: {error}\n  STUDIES={file.stem} makes this an error.", file=sys.stderr)
    return studies


def _from_file(name: str, folder: Path | None) -> Study:
    file = folder / f"{name}.py" if folder else None
    if file is None or not file.is_file():
        raise SpecError(
            f"STUDIES names {name!r}, which is no study.",
            f"Known are: {', '.join(STUDIES)}" + (f", and files NAME.py in {folder}." if folder else "."),
        )
    try:
        study = runpy.run_path(str(file)).get("study")
    except (Exception, SystemExit) as error:  # whatever the author's own file does
        raise of_module(error) from error
    if not isinstance(study, Study) or study.id != name:
        found = f"study {study.id!r}" if isinstance(study, Study) else "no study"
        raise SpecError(f"{file} defines {found}.", f"It must set `study = Study(id={name!r}, …)`.")
    return study
