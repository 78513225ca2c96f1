"""A study outside of the package, as the documentation shows it, on a small data set of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from checkout import Checkout
from convscope.datasets.folder import image_folder, load_folder
from convscope.errors import DatasetError

ROOT = Path(__file__).parents[2]
SIDE = 16


def draw_shapes(folder: Path, count: int = 60) -> None:
    """Write images of bars and crosses at random places, the same each time."""
    random = np.random.default_rng(0)
    for name in ("bar", "cross"):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = random.integers(0, 30, (SIDE, SIDE)).astype(np.uint8)
            row, column = random.integers(4, SIDE - 4, 2)
            pixels[row - 3 : row + 4, column] = 255
            if name == "cross":
                pixels[row, column - 3 : column + 4] = 255
            Image.fromarray(pixels).save(folder / name / f"{number}.png")


@pytest.mark.slow
def test_documented_study_gets_a_report(tmp_path: Path) -> None:
    files = subprocess.run(["git", "ls-files", "report", "site"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in files.stdout.splitlines():
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    draw_shapes(tmp_path / "data" / "shapes")
    page = (ROOT / "site" / "docs" / "add-a-study.md").read_text()
    example = re.search(r"```python title=\"report/studies/shapes.py\"\n(.*?)```", page, re.DOTALL)
    assert example is not None
    assert len(example[1].splitlines()) < 40
    (tmp_path / "report" / "studies" / "shapes.py").write_text(example[1])
    command = [sys.executable, "-m", "convscope", "report", "--studies", "shapes", "--backend", "pandoc"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "build/quick/metrics.json").read_text())
    study = metrics["studies"]["shapes"]
    assert list(study["variants"]) == ["mlp", "cnn3", "cnn5"]
    assert study["images"] == {"train": 76, "validation": 20, "test": 24}
    assert str(tmp_path) not in (tmp_path / "build/quick/metrics.json").read_text()
    report = (tmp_path / "build/quick/report/report.html").read_text()
    assert "Bars and crosses" in report
    assert (tmp_path / "build/quick/report/report.pdf").stat().st_size > 50_000


@pytest.mark.slow
def test_two_factors_and_their_interaction_as_the_page_shows_them(tmp_path: Path) -> None:
    page = (ROOT / "site" / "docs" / "add-a-study.md").read_text()
    example = re.search(r"```python title=\"report/studies/two_factors.py\"\n(.*?)```", page, re.DOTALL)
    assert example is not None
    checkout = Checkout.copy_to(tmp_path / "checkout")
    (checkout.root / "report" / "studies" / "two_factors.py").write_text(example[1])
    checkout.built("metrics", PROFILE="quick", STUDIES="two_factors")
    metrics = json.loads((checkout.root / "build/quick/metrics.json").read_text())
    accuracy = {
        name: np.array(variant["test_accuracy"]["values"])
        for name, variant in metrics["studies"]["two_factors"]["variants"].items()
    }
    by_seed = (accuracy["k3d2"] - accuracy["k3d1"]) - (accuracy["k5d2"] - accuracy["k5d1"])
    claim = metrics["claims"]["two_factors-interaction"]
    assert claim["effect"] == pytest.approx(by_seed.mean(), abs=1e-9)
    low, high = claim["interval"]
    assert low < claim["effect"] < high
    assert claim["verdict"] == "inconclusive"  # three seeds are too few


def test_folder_is_split_by_class_and_read_exactly(tmp_path: Path) -> None:
    draw_shapes(tmp_path / "shapes", count=10)
    spec = image_folder(tmp_path / "shapes")
    dataset = load_folder(spec)
    assert dataset.class_names == ("bar", "cross")
    assert np.bincount(dataset.train.labels).tolist() == [8, 8]
    assert np.bincount(dataset.test.labels).tolist() == [2, 2]
    originals = {
        np.asarray(Image.open(file)).tobytes(): int(file.parent.name == "cross")
        for file in (tmp_path / "shapes").rglob("*.png")
    }
    for part in (dataset.train, dataset.test):
        assert part.pixels.shape[1:] == (1, SIDE, SIDE)
        for pixels, label in zip(part.pixels, part.labels, strict=True):
            assert originals.pop(pixels.tobytes()) == label
    assert not originals


def test_fingerprint_follows_content_not_place(tmp_path: Path) -> None:
    draw_shapes(tmp_path / "one" / "shapes", count=5)
    draw_shapes(tmp_path / "two" / "shapes", count=5)
    one, two = image_folder(tmp_path / "one" / "shapes"), image_folder(tmp_path / "two" / "shapes")
    assert one == two
    Image.new("L", (SIDE, SIDE), 7).save(tmp_path / "two" / "shapes" / "bar" / "0.png")
    assert image_folder(tmp_path / "two" / "shapes") != one


def test_colour_images_stay_colour(tmp_path: Path) -> None:
    draw_shapes(tmp_path / "shapes", count=5)
    Image.new("RGB", (SIDE, SIDE), (255, 0, 0)).save(tmp_path / "shapes" / "bar" / "red.png")
    assert load_folder(image_folder(tmp_path / "shapes")).train.pixels.shape[1] == 3


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda folder: Image.new("L", (9, 8)).save(folder / "bar" / "1.png"), r"1\.png has 9×8 pixels"),
        (lambda folder: (folder / "bar" / "0.png").write_bytes(b"no image"), r"0\.png cannot be read as an image"),
        (lambda folder: (folder / "bar" / "0.png").write_bytes(_truncated(folder)), r"0\.png cannot be read"),
    ],
)
def test_bad_images_are_named(tmp_path: Path, spoil: object, named: str) -> None:
    draw_shapes(tmp_path / "shapes", count=6)
    spoil(tmp_path / "shapes")  # type: ignore[operator]
    with pytest.raises(DatasetError, match=named):
        load_folder(image_folder(tmp_path / "shapes"))


def _truncated(folder: Path) -> bytes:
    content = (folder / "bar" / "1.png").read_bytes()
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("classes", "count", "named"),
    [(0, 5, "has 0 sub-folders"), (1, 5, "has 1 sub-folders"), (2, 4, "bar has 4 images")],
)
def test_too_little_is_refused(tmp_path: Path, classes: int, count: int, named: str) -> None:
    (tmp_path / "shapes").mkdir()
    for name in ("bar", "cross")[:classes]:
        (tmp_path / "shapes" / name).mkdir()
        for number in range(count):
            Image.new("L", (SIDE, SIDE)).save(tmp_path / "shapes" / name / f"{number}.png")
    with pytest.raises(DatasetError, match=named):
        image_folder(tmp_path / "shapes")


def _sixteen_bits(folder: Path) -> None:
    values = np.linspace(0, 65535, SIDE * SIDE).reshape(SIDE, SIDE).astype(np.uint16)
    Image.fromarray(values).save(folder / "bar" / "deep.png")


def _dangling(folder: Path) -> None:
    (folder / "bar" / "gone.png").symlink_to("nowhere.png")


def _dangling_class(folder: Path) -> None:
    (folder / "circle").symlink_to("nowhere")


def _loop(folder: Path) -> None:
    (folder / "bar" / "a.png").symlink_to("b.png")
    (folder / "bar" / "b.png").symlink_to("a.png")


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (_sixteen_bits, r"deep\.png has more than 8 bits a pixel"),
        (_dangling, r"gone\.png is named like an image, but is a link to nothing"),
        (_dangling_class, r"circle is a link to nothing"),
        (_loop, r"a\.png is named like an image, but is a link to nothing"),
        (lambda folder: (folder / "bar" / "x.png").mkdir(), r"x\.png is named like an image, but is a folder"),
        (lambda folder: os.mkfifo(folder / "bar" / "x.png"), r"x\.png is named like an image, but is no plain file"),
        (lambda folder: (folder / "bar").rename(folder / "bar\n"), r"'bar\\n', which cannot be printed"),
    ],
)
def test_what_is_no_image_of_8_bits_is_named(tmp_path: Path, spoil: Callable[[Path], None], named: str) -> None:
    """Before, these were clipped to white, or ended in a traceback, or waited for ever."""
    draw_shapes(tmp_path / "shapes", count=6)
    spoil(tmp_path / "shapes")
    with pytest.raises(DatasetError, match=named):
        load_folder(image_folder(tmp_path / "shapes"))


def test_links_to_images_are_images(tmp_path: Path) -> None:
    draw_shapes(tmp_path / "shapes", count=6)
    (tmp_path / "shapes" / "bar" / "again.png").symlink_to("0.png")
    assert len(load_folder(image_folder(tmp_path / "shapes")).train) == 11


def test_a_split_of_its_own_is_taken(tmp_path: Path) -> None:
    draw_shapes(tmp_path / "shapes" / "train", count=9)
    draw_shapes(tmp_path / "shapes" / "test", count=3)
    dataset = load_folder(image_folder(tmp_path / "shapes"))
    assert dataset.class_names == ("bar", "cross")
    assert np.bincount(dataset.train.labels).tolist() == [9, 9]
    assert np.bincount(dataset.test.labels).tolist() == [3, 3]
    stored = {np.asarray(Image.open(file)).tobytes() for file in (tmp_path / "shapes" / "test").rglob("*.png")}
    assert {pixels.tobytes() for pixels in dataset.test.pixels} == stored
    (tmp_path / "shapes" / "test" / "cross").rename(tmp_path / "shapes" / "test" / "star")
    with pytest.raises(DatasetError, match="cross, star is in one alone"):
        image_folder(tmp_path / "shapes")


def test_classes_may_be_called_train_and_test(tmp_path: Path) -> None:
    draw_shapes(tmp_path / "shapes", count=5)
    for old, new in (("bar", "train"), ("cross", "test")):
        (tmp_path / "shapes" / old).rename(tmp_path / "shapes" / new)
    assert load_folder(image_folder(tmp_path / "shapes")).class_names == ("test", "train")


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere is no folder"):
        image_folder(tmp_path / "nowhere")
