"""A report on pictures never seen before says nothing of data, results or choices that are not theirs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from checkout import ROOT
from convscope.analysis.metrics import Analysis
from convscope.course.new_study import write_study
from convscope.figures.draw import drawings
from convscope.figures.registry import Material
from convscope.report.document import DOCUMENTS
from convscope.report.fill import fill
from convscope.studies import select
from worlds import results_of

OF_OTHERS = (
    "MNIST", "CIFAR", "[Ff]ashion", "[Dd]igit", "clothing", "writer", "earlier projects", "published results",
    "PROFILE=published", "chosen on validation", "learning rates are chosen",
)  # fmt: skip


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout with tiles of two photographs as a study of one's own."""
    root = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "report", root / "report")
    random = np.random.default_rng(0)
    for name, photograph in zip(("temple (China)", "flower & leaf"), load_sample_images().images, strict=True):
        (root / "pictures" / name).mkdir(parents=True)
        for number in range(60):
            y, x = random.integers(0, 360, 2)
            tile = Image.fromarray(photograph[y : y + 24, x : x + 24 + number % 3])
            tile.save(root / "pictures" / name / f"{number}.png")
    write_study(root, "scenes", root / "pictures")
    return root


def told(checkout: Path, profile: str, folder: Path) -> str:
    """Return report and supplement, one line a paragraph, without the marks of numbers."""
    (study,) = select("scenes", checkout / "report" / "studies")
    analysis = Analysis("smoke")
    analysis.add(results_of(study, {each.id: 0.8 + 0.03 * place for place, each in enumerate(study.variants)}))
    metrics = analysis.metrics().as_json() | {"profile": profile}
    (folder / "figures").mkdir()
    for name in drawings(Material(analysis.metrics(), analysis.pictures)):
        (folder / "figures" / f"{name}.svg").write_text("<svg/>")
    facts = {"commit": "0123456", "backend": "pandoc", "flipped": None}
    fill(checkout / "report", metrics, folder / "figures", facts, folder / "source")
    texts = [(folder / "source" / f"{name}.qmd").read_text(encoding="utf-8") for name in DOCUMENTS]
    said = re.sub(r"\[([^\]]*)\]\{[^}]*\}", r"\1", "\n".join(texts))
    return re.sub(r"(?<=\S)\n(?=\S)", " ", re.sub(r"<!--.*?-->", "", said, flags=re.DOTALL))


@pytest.mark.parametrize("profile", ["smoke", "quick"])
def test_nothing_is_said_of_what_is_not_there(checkout: Path, profile: str, tmp_path: Path) -> None:
    text = told(checkout, profile, tmp_path)
    for phrase in OF_OTHERS:
        found = re.search(rf"[^\n]{{0,80}}{phrase}[^\n]{{0,80}}", text)
        assert not found, found[0]
    assert "Near pixels say more about each other than distant ones do: the assumption holds." in text
    assert not re.search(r"\d\.\d{8}", text)  # a fraction that nobody rounded
    assert "make all STUDIES=scenes PROFILE=full" in text
    assert "This build deployed nothing" in text
    inside = text.split("{#sec-scenes-inside}")[1].split("{#sec-")[0]
    assert re.match(r"\s*[^!#]*@fig-scenes-cnn3-filters", inside)  # a sentence, before the figures
