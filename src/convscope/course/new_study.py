"""A study to begin with: a commented file that runs as it is, on generated digits or on the user's own images."""

from __future__ import annotations

import keyword
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from math import ceil
from pathlib import Path
from string import Template

from convscope.datasets.catalogue import PUBLIC, folder_key
from convscope.datasets.collect import Collected, collect
from convscope.datasets.dataset import Dataset
from convscope.datasets.folder import has_split, image_folder, load_folder
from convscope.errors import DatasetError, SpecError
from convscope.files import write_text
from convscope.studies import STUDIES

*_MOST, _LAST = (f'"{name}"' for name in PUBLIC)
_NAMES = f"{', '.join(_MOST)} or {_LAST}"
_GLYPHS = {
    "title": "My study",
    "imports": "",
    "spec": "Glyphs, ",
    "about": "# The images: digits drawn by a program, which are always there.\n"
    f"# `convscope new-study NAME --images FOLDER` takes your own; {_NAMES}\n"
    "# in place of Glyphs(...) is a public data set.",
    "dataset": "Glyphs(size=28, train=2000, test=500)",
    "shape": "(1, 28, 28)",
    "classes": "10",
    "validation": "400",
    "batch": "64",
    "smoke_epochs": "3",
    "smoke_images": "",
    "epochs": "3",
    "full_epochs": "10",
}
_CLOTHES = _GLYPHS | {  # of an edition for a course: a public data set, and digits for a look
    "about": f"# The images: {_NAMES}; the smoke profile draws digits instead.",
    "dataset": '"fashion-mnist"',
    "validation": "10_000",
    "batch": "128",
    "smoke_images": ", dataset=Glyphs(size=28), train_images=1600, validation_images=400",
}
_SEEN = 20_000  # training images that a run of the quick profile passes through, often enough for a small network
_FEW = 2_000  # training images of the smoke profile at the most


@dataclass(frozen=True)
class Written:
    """What was written, and what was found out about the images."""

    files: tuple[Path, ...]  # the study, its prose, and the data sheet where there is none yet
    said: tuple[str, ...] = ()  # lines for the user


def write_study(root: Path, name: str, images: Path | None = None, test: Path | None = None, size: int = 0) -> Written:
    """Write ``NAME.py``, which declares the study, and ``NAME.qmd``, in which its chapter can be changed.

    Parameters
    ----------
    root
        The checkout; the study is written to its ``report/studies/``.
    name
        Id of the study: letters, digits and underscores, not beginning with a digit.
    images, test, size
        The user's own images, see `convscope.datasets.collect.collect`; None takes generated digits.

    Raises
    ------
    SpecError
        The name is no identifier, is that of a study or data set that comes with the package, or a file of it is
        there.
    DatasetError
        The images cannot be used.
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
    if name in PUBLIC:
        raise SpecError(
            f"{name!r} is a data set that comes with convscope; no study can have its name.", "Take another."
        )
    study, prose = (root / "report" / "studies" / f"{name}{suffix}" for suffix in (".py", ".qmd"))
    for file in (study, prose):
        if file.exists():
            raise SpecError(f"{file} is there already.", "Take another name, or remove the file first.")
    written = {study: _filled("new_study.py.txt", _GLYPHS | {"name": name})}
    said: tuple[str, ...] = ()
    if images is not None:
        collected = collect(images, root / "data" / name, test, size)
        try:
            dataset = load_folder(image_folder(collected.folder))
        except DatasetError:
            if collected.changes:  # copies, of no use then
                shutil.rmtree(collected.folder)
            raise
        written = {study: _filled("new_study.py.txt", _settings(root, name, collected, dataset))}
        sheet = root / "report" / "datasheets" / f"{folder_key(dataset.name)}.qmd"
        if not sheet.exists() and sheet.stem not in PUBLIC:
            written[sheet] = _filled("new_study.sheet.qmd.txt", {"preprocessing": _preprocessing(collected)})
        said = _found(root, collected, dataset)
    written[prose] = _filled("new_study.qmd.txt", {"name": name})
    for file, text in written.items():
        write_text(file, text)
    return Written(tuple(written), said)


def template_of_study(name: str) -> str:
    """Return the study that an edition for a course begins with."""
    return _filled("new_study.py.txt", _CLOTHES | {"name": name})


def _filled(template: str, values: Mapping[str, str]) -> str:
    return Template(files("convscope.course").joinpath(template).read_text(encoding="utf-8")).substitute(values)


def _settings(root: Path, name: str, collected: Collected, dataset: Dataset) -> dict[str, str]:
    """Derive all settings from the images: a fifth for validation, and about `_SEEN` training images a run."""
    classes, given = len(dataset.class_names), len(dataset.train)
    validation = min(max(classes, round(given / 5)), 10_000, given - 1)
    trained = given - validation
    epochs = min(max(ceil(_SEEN / trained), 3), 40)
    smoke = min(trained, _FEW)
    place = collected.folder.resolve().relative_to(root.resolve()).as_posix()
    return {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "imports": "\nfrom pathlib import Path\n\nfrom convscope.datasets.folder import image_folder",
        "spec": "",
        "about": "# The images: one sub-folder for each class. Images that you add, replace or remove are noticed."
        + "".join(f"\n# Done to them: {change}." for change in collected.changes),
        "dataset": f"image_folder(Path(__file__).parents[2] / {_quoted(place)})",
        "shape": str(tuple(int(n) for n in dataset.train.pixels.shape[1:])),
        "classes": str(classes),
        "validation": str(validation),
        "batch": "64" if trained >= 2000 else "16",
        "epochs": str(epochs),
        "full_epochs": str(2 * epochs),
        "smoke_epochs": str(min(max(ceil(3000 / smoke), 1), 10)),
        "smoke_images": "" if smoke == trained else f", train_images={smoke}",
    }


def _quoted(text: str) -> str:
    """Write a text as Python source, with the quotes that the formatter would take."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _preprocessing(collected: Collected) -> str:
    """Say what was done to the images; the report asks for a mark on each number that is typed."""
    if not collected.changes:
        return "None: the files are used as they are."
    changes = "; ".join(collected.changes)
    return re.sub(r"\d+(×\d+)?", r"[\g<0>]{.literal}", f"{changes[0].upper()}{changes[1:]}.")


def _found(root: Path, collected: Collected, dataset: Dataset) -> tuple[str, ...]:
    channels, height, width = dataset.train.pixels.shape[1:]
    names = ", ".join(dataset.class_names[:8]) + (", …" if len(dataset.class_names) > 8 else "")
    how = "as they came" if has_split(collected.folder) else "a fifth of each class, drawn once"
    return (
        f"Images   {len(dataset.train) + len(dataset.test):,} in {len(dataset.class_names)} classes ({names}), "
        f"{height}×{width}, {'grey' if channels == 1 else 'colour'}",
        f"Parts    {len(dataset.train):,} to train and validate, {len(dataset.test):,} to test ({how})",
        f"Folder   {collected.folder.resolve().relative_to(root.resolve())}"
        + (f": {'; '.join(collected.changes)}" if collected.changes else ", as it is"),
    )
