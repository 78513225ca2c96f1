"""One number edited in the file of a study: the report is about the kernels that are there, and no others."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from checkout import ROOT
from convscope.analysis.metrics import Analysis
from convscope.figures.draw import drawings
from convscope.figures.registry import Material
from convscope.report.fill import fill, fill_plain
from convscope.studies import STUDIES, fashion, fashion_compact, mnist_numpy
from convscope.studies.study import Study
from worlds import results_of

EDITED = {"fashion": fashion, "fashion_compact": fashion_compact, "mnist_numpy": mnist_numpy}
# What others reported of their own kernels, and what is said of receptive fields in general.
ODD = {"3", "5", "7", "9", "11"}
OF_OTHERS = re.compile(r"reported|^\| |two stacked|two projects", re.IGNORECASE)


def edited(module: ModuleType, kernels: str) -> Study:
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    assert source.count("KERNELS = (3, 5, 7)") == 1
    names: dict[str, Study] = {}
    exec(source.replace("KERNELS = (3, 5, 7)", f"KERNELS = {kernels}"), names)
    return names["study"]


def told(module: ModuleType, kernels: str, profile: str, folder: Path) -> str:
    """Return report and supplement of the edited study alone, without the marks of numbers."""
    return text_of(edited(module, kernels), profile, folder)


def text_of(study: Study, profile: str, folder: Path) -> str:
    analysis = Analysis("smoke")
    levels = {each.id: 0.80 + 0.03 * place for place, each in enumerate(study.variants)}
    analysis.add(results_of(study, levels))
    metrics = analysis.metrics().as_json() | {"profile": profile}
    (folder / "figures").mkdir(parents=True)
    for name in drawings(Material(analysis.metrics(), analysis.pictures)):
        (folder / "figures" / f"{name}.svg").write_text("<svg/>")
    fill(ROOT / "report", metrics, folder / "figures", {"commit": "0123456", "backend": "pandoc", "flipped": None},
         folder / "source")  # fmt: skip
    texts = [(folder / "source" / f"{name}.qmd").read_text(encoding="utf-8") for name in ("report", "supplement")]
    texts.append(fill_plain(ROOT / "report", "readme.md", metrics, figure=lambda name, _: name))
    return re.sub(r"\[([^\]]*)\]\{[^}]*\}", r"\1", "\n".join(texts))


@pytest.mark.parametrize(
    ("name", "kernels"),
    [("fashion", "(3, 5, 9)"), ("fashion", "(5, 9)"), ("fashion_compact", "(3, 5, 9)"), ("mnist_numpy", "(3, 11)")],
)
def test_the_report_is_about_the_kernels_that_are_there(name: str, kernels: str, tmp_path: Path) -> None:
    text = told(EDITED[name], kernels, "quick", tmp_path)
    there = set(re.findall(r"\d+", kernels))
    lines = [line for line in text.splitlines() if not OF_OTHERS.search(line)]
    named = {side: line for line in lines for side in re.findall(r"\b(\d+)×\1\b", line) if side in ODD}
    assert set(named) - there == set(), {side: named[side] for side in set(named) - there}
    assert there <= set(named)
    for gone in ("cnn7", "seven by seven", "of the three" if kernels.count(",") == 1 else "of the two"):
        assert gone not in text


OWN_RATE = re.compile(
    r"each its own|each (network )?(at|has) (its own rate|a learning rate of its own)|each network's own|"
    r"at a (learning )?rate of its own|rate of each network was chosen|tuned by itself"
)


@pytest.mark.parametrize("name", [name for name, study in STUDIES.items() if study.tuning])
def test_a_network_that_was_not_tuned_is_said_to_be_none_with_a_rate_of_its_own(name: str, tmp_path: Path) -> None:
    """As a kernel that is written into fashion.py, which trains at the study's rate until it is tuned too."""
    study = STUDIES[name]
    assert study.tuning
    assert not re.search("not tuned", text_of(study, "quick", tmp_path / "tuned"))
    last = [variant.id for variant in study.variants if variant.id != study.reference][-1]
    chosen = {variant: rate for variant, rate in study.tuning.chosen.items() if variant != last}
    text = text_of(replace(study, tuning=replace(study.tuning, chosen=chosen)), "quick", tmp_path / "not tuned")
    note = f"(not tuned, at the study's rate of {study.training.learning_rate:g}: {study.variant(last).title})"
    said = {text[found.start() - 60 : found.end() + 160] for found in OWN_RATE.finditer(text)}
    assert said
    assert [sentence for sentence in said if note not in " ".join(sentence.split())] == []
