"""`convscope new-study`: what it writes runs as it is, and names that would do harm are refused."""

from __future__ import annotations

import ast
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from sklearn.datasets import load_digits

from checkout import Checkout
from convscope.course.new_study import write_study
from convscope.datasets.folder import load_folder
from convscope.errors import DatasetError, SpecError
from convscope.report.lint import check_templates
from convscope.runs.check import check_data
from convscope.runs.plan import plan
from convscope.specs import ImageFolder
from convscope.studies import STUDIES, select


@pytest.mark.slow
@pytest.mark.extra
def test_the_written_study_gets_a_report_and_its_todos_are_missing(tmp_path: Path) -> None:
    checkout = Checkout.copy_to(tmp_path)
    said = checkout.built("new-study", "my_flowers").stdout
    assert "make all STUDIES=my_flowers PROFILE=smoke" in said
    checkout.built("all", STUDIES="my_flowers")
    study = checkout.metrics()["studies"]["my_flowers"]
    assert list(study["variants"]) == ["mlp", "cnn3", "cnn5", "cnn7"]
    assert list(study["experiments"]) == ["kernel"]
    # A study of the user's own has its chapter in the report itself.
    html = (checkout.build / "report" / "report.html").read_text(encoding="utf-8")
    assert "What these runs show." in html
    graded = json.loads((checkout.build / "grade.json").read_bytes())
    criteria = {criterion["id"]: criterion for task in graded["tasks"] for criterion in task["criteria"]}
    assert criteria["data-distribution"]["status"] == "evidence present"
    assert criteria["experiment-kernel"]["status"] == "evidence present"
    caption = re.search(r'id="tbl-my_flowers-decisions".*?(Table \d+)', html, re.DOTALL)
    assert caption is not None
    assert criteria["network-padding"]["missing"] == [f"My study: {caption[1]} gives no reason for 'Padding'."]
    assert "TODO" in criteria["experiment-observations"]["missing"][0]


def test_the_template_declares_a_study(tmp_path: Path) -> None:
    file, prose = write_study(tmp_path, "my_flowers").files
    assert (file.name, prose.name) == ("my_flowers.py", "my_flowers.qmd")
    (study,) = select("my_flowers", file.parent)
    assert {decision.decision for decision in study.decisions} >= {"Kernel size", "Padding", "Head"}
    assert set(study.budgets) == {"smoke", "quick", "full"}
    text = file.read_text(encoding="utf-8")
    assert "$" not in text + prose.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert text.count("#") > 10  # commented


@pytest.mark.parametrize("kernels", ["(1, 5)", "(5, 3, 7, 9)"])
def test_kernels_are_one_edit(tmp_path: Path, kernels: str) -> None:
    file, _ = write_study(tmp_path, "my_flowers").files
    file.write_text(file.read_text(encoding="utf-8").replace("(3, 5, 7)", kernels), encoding="utf-8")
    (study,) = select("my_flowers", file.parent)
    ids = tuple(f"cnn{kernel}" for kernel in ast.literal_eval(kernels))
    assert study.experiments[0].variants == ids
    (claim,) = study.claims
    assert f"{ids[0][-1]}×{ids[0][-1]}" in claim.statement
    assert study.reference == ids[0]


@pytest.mark.parametrize(
    "name", ["", "two words", "1st", "../up", "class", "größe", "a-b", "kmnist", *list(STUDIES)[:2]]
)
def test_names_that_would_do_harm_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpecError, match="study") as raised:
        write_study(tmp_path, name)
    assert repr(name) in raised.value.message
    assert raised.value.hint
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("suffix", [".py", ".qmd"])
def test_nothing_is_overwritten(tmp_path: Path, suffix: str) -> None:
    there = tmp_path / "report" / "studies" / f"mine{suffix}"
    there.parent.mkdir(parents=True)
    there.write_text("mine")
    with pytest.raises(SpecError, match=f"mine{suffix} is there already"):
        write_study(tmp_path, "mine")
    assert [file.name for file in there.parent.iterdir()] == [there.name]
    assert there.read_text() == "mine"


# ---------------------------------------------------------------- images of the user


def save_digits(folder: Path, count: int = 400) -> None:
    """Write the first handwritten digits of scikit-learn, which no part of this project reads, as 8x8 pixels."""
    digits = load_digits()
    for number in range(count):
        (folder / f"digit {digits.target[number]}").mkdir(parents=True, exist_ok=True)
        pixels = (digits.images[number] * 15).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"digit {digits.target[number]}" / f"{number}.png")


def test_what_a_folder_says_is_in_the_study(tmp_path: Path) -> None:
    """Shape, classes and numbers of images are held against what is on disk, and every run against the data."""
    outside = tmp_path / "elsewhere" / "My Digits"
    save_digits(outside)
    root = tmp_path / "checkout"
    written = write_study(root, "my_digits", outside)
    assert [file.relative_to(root).as_posix() for file in written.files] == [
        "report/studies/my_digits.py", "report/datasheets/my-digits.qmd", "report/studies/my_digits.qmd",
    ]  # fmt: skip
    assert "400 in 10 classes (digit 0, digit 1" in written.said[0]
    assert "8×8, grey" in written.said[0]
    (study,) = select("my_digits", root / "report" / "studies")
    assert isinstance(study.data.dataset, ImageFolder)
    assert study.variant("cnn3").model.input_shape == (1, 8, 8)
    dataset = load_folder(study.data.dataset)
    assert dataset.class_names == tuple(f"digit {digit}" for digit in range(10))
    assert len(dataset.train) + len(dataset.test) == 400
    for profile in ("smoke", "quick", "full"):
        check_data(list(plan([study], profile).values()), root / "data")
    assert len(list((root / "data" / "my_digits").rglob("*.png"))) == 400


def test_a_folder_in_the_checkout_is_used_where_it_lies(tmp_path: Path) -> None:
    save_digits(tmp_path / "data" / "digits8")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*")}
    written = write_study(tmp_path, "mine", tmp_path / "data" / "digits8")
    assert written.said[-1] == "Folder   data/digits8, as it is"
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*")} == before
    (study,) = select("mine", tmp_path / "report" / "studies")
    assert isinstance(study.data.dataset, ImageFolder)
    assert study.data.dataset.path == str(tmp_path / "data" / "digits8")


def test_images_of_no_use_leave_nothing(tmp_path: Path) -> None:
    np.savez(tmp_path / "few.npz", images=np.zeros((4, 9, 9), np.uint8), labels=np.array([0, 0, 1, 1]))
    with pytest.raises(DatasetError, match="has 2 images; a class needs at least 5"):
        write_study(tmp_path / "checkout", "few", tmp_path / "few.npz")
    assert [path for path in (tmp_path / "checkout").rglob("*") if not path.is_dir()] == []


def test_prose_and_data_sheet_keep_the_rules_of_the_report(tmp_path: Path) -> None:
    """Digits that are typed, and comparisons that rest on nothing, are refused at rendering, after training."""
    shutil.copytree(Path(__file__).parents[2] / "report", tmp_path / "report")
    save_digits(tmp_path / "pictures")
    written = write_study(tmp_path, "mine", tmp_path / "pictures", size=16)
    assert "16×16" in written.said[-1]
    check_templates(tmp_path / "report")


@pytest.mark.slow
@pytest.mark.extra
def test_a_folder_becomes_a_report_that_says_what_is_true(tmp_path: Path) -> None:
    checkout = Checkout.copy_to(tmp_path / "checkout")
    save_digits(tmp_path / "digits")
    (tmp_path / "digits" / "digit 9").rename(tmp_path / "digits" / "{< x >} $a$ *b* [c](d)")
    checkout.built("new-study", "mine", "--images", str(tmp_path / "digits"))
    checkout.built("report", STUDIES="mine")
    pages = [
        (checkout.build / "report" / f"{name}.html").read_text(encoding="utf-8") for name in ("report", "supplement")
    ]
    said = " ".join(" ".join(BeautifulSoup(page, "html.parser").get_text().split()) for page in pages)
    metrics = checkout.metrics()
    (facts,) = metrics["datasets"].values()
    assert facts["title"] == "mine"
    assert facts["class_names"] == [f"digit {digit}" for digit in range(9)] + ["{< x >} $a$ *b* [c](d)"]
    assert "digit 8, {< x >} $a$ *b* [c](d)" in said
    assert "enerated digits" not in said
    assert metrics["studies"]["mine"]["images"]["validation"] >= 10


def test_own_studies_are_part_of_all_and_a_broken_one_harms_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_study(tmp_path, "mine")
    folder = tmp_path / "report" / "studies"
    (folder / "bad.py").write_text("study = 7\n")
    assert [study.id for study in select("", folder)] == [*STUDIES, "mine"]
    assert "bad.py is left out" in capsys.readouterr().err
    with pytest.raises(SpecError, match=r"bad\.py defines no study"):
        select("bad", folder)
