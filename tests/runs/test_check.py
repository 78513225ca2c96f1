"""Data that do not fit the networks are named before anything is trained."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from convscope.datasets.folder import image_folder
from convscope.errors import SpecError
from convscope.runs.check import check_data
from convscope.runs.plan import plan
from convscope.specs import DataSpec, Glyphs, TrainSpec
from convscope.studies.architectures import cnn, mlp
from convscope.studies.study import Budget, Study, Variant


def checked(tmp_path: Path, shape: tuple[int, int, int] = (1, 8, 8), classes: int = 3, **data: Any) -> None:
    for name in ("one", "two", "three"):
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(10):
            Image.fromarray(np.full((8, 8), number, np.uint8)).save(folder / f"{number}.png")
    study = Study(
        id="mine",
        title="Mine",
        question="?",
        data=replace(DataSpec(image_folder(tmp_path / "images"), validation_images=6), **data),
        training=TrainSpec(epochs=1),
        variants=(
            Variant("mlp", "MLP", mlp(shape, hidden=[4], classes=classes)),
            Variant("cnn", "CNN", cnn(shape, filters=[2], kernel=3, dense=4, classes=classes)),
        ),
        baseline="mlp",
        reference="cnn",
        budgets={"quick": Budget(seeds=2, epochs=1)},
    )
    check_data(list(plan([study], "quick", "cpu").values()), tmp_path)


def test_what_fits_passes(tmp_path: Path) -> None:
    checked(tmp_path)
    checked(tmp_path, (1, 12, 12), canvas=12)
    checked(
        tmp_path, (3, 16, 16), classes=10, dataset=Glyphs(size=16, channels=3, train=60, test=20), validation_images=20
    )


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ({"shape": (1, 9, 8)}, r"'mlp' of study 'mine' takes images of shape \(1, 9, 8\).* have \(1, 8, 8\)"),
        ({"shape": (3, 8, 8)}, r"takes images of shape \(3, 8, 8\)"),
        ({"classes": 2}, "tells 2 classes apart; images has 3: one, three, two"),
        ({"classes": 4}, "tells 4 classes apart; images has 3"),
        ({"validation_images": 2}, "holds 2 images out for validation; images has 3 classes"),
        ({"validation_images": 24}, "24 for validation"),
        ({"test_images": 2}, "'mlp' of study 'mine' gets no test images of three, two"),
        ({"train_images": 19}, "19 for training are more"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, what: dict[str, Any], named: str) -> None:
    with pytest.raises(SpecError, match=named):
        checked(tmp_path, **what)


def test_a_class_whose_name_the_report_cannot_print_is_named(tmp_path: Path) -> None:
    checked(tmp_path)
    folder = tmp_path / "images" / "猫"
    folder.mkdir()
    for number in range(10):
        Image.new("L", (8, 8), number).save(folder / f"{number}.png")
    with pytest.raises(SpecError, match="name of a class of images is '猫'"):
        checked(tmp_path, classes=4)


@pytest.mark.parametrize("name", ["{{< include x >}}", "NaN", "<<x>>", "undefined"])
def test_a_class_that_the_report_would_take_for_a_hole_is_named(tmp_path: Path, name: str) -> None:
    save_class(tmp_path / "images" / name)
    with pytest.raises(SpecError, match=f"images is '{re.escape(name)}'.* is taken for a"):
        checked(tmp_path, classes=4)


def test_other_alphabets_and_signs_pass(tmp_path: Path) -> None:
    save_class(tmp_path / "images" / "Ω Жук é $x$ *b* {< y >} | # [z](w) <b>")
    checked(tmp_path, classes=4)


def save_class(folder: Path) -> None:
    folder.mkdir(parents=True)
    for number in range(10):
        Image.new("L", (8, 8), number).save(folder / f"{number}.png")
