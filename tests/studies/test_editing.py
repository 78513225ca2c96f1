"""Editing one number in the file of a study changes everything that rests on it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import convscope.studies
from convscope.studies import fashion, fashion_compact, mnist_numpy
from convscope.studies.architectures import cnn
from convscope.studies.decisions import block_decisions
from convscope.studies.study import Study

EDITED = (fashion, fashion_compact, mnist_numpy)
BEFORE = "KERNELS = (3, 5, 7)"


def edited(module: ModuleType, kernels: str) -> Study:
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    assert source.count(BEFORE) == 1
    names: dict[str, Study] = {}
    exec(source.replace(BEFORE, f"KERNELS = {kernels}"), names)
    return names["study"]


def all_text(study: Study) -> str:
    """Return everything that a reader is told of it, apart from the question and what others reported."""
    claims = [(c.id, c.statement, c.refuted_by, c.counts) for c in study.claims]
    variants = [(v.id, v.title) for v in study.variants]
    return repr((variants, study.experiments, study.decisions, claims, study.reported))


@pytest.mark.parametrize("module", EDITED)
def test_another_kernel_is_named_everywhere_and_the_old_one_nowhere(module: ModuleType) -> None:
    before, after = all_text(module.study), all_text(edited(module, "(3, 5, 9)"))
    for gone in ("7×7", "cnn7", "49/9", "kernel=7"):
        assert gone not in after
    assert len(re.findall("9×9", after)) == len(re.findall("7×7", before)) > 4
    assert edited(module, "(3, 5, 9)").variant("cnn9").title == "CNN 9×9"


@pytest.mark.parametrize("module", EDITED)
@pytest.mark.parametrize("kernels", ["(3, 9)", "(3, 5, 7, 9)", "(9, 5, 3)", "(5, 11)"])
def test_any_number_of_kernels_in_any_order(module: ModuleType, kernels: str) -> None:
    study = edited(module, kernels)
    sizes = sorted(map(int, re.findall(r"\d+", kernels)))
    assert [v.id for v in study.variants] == ["mlp", *(f"cnn{size}" for size in sizes)]
    assert study.reference == f"cnn{sizes[0]}"
    assert set(map(int, re.findall(r"(\d+)×\d+ kernels", all_text(study)))) <= set(sizes)
    (kernel,) = [each.choice for each in study.decisions if each.decision == "Kernel size"]
    assert sorted(map(int, re.findall(r"(\d+)×", kernel))) == sizes
    (best,) = [claim for claim in study.claims if claim.kind == "best of k"]
    assert best.statement.count("×") == 1 + len(sizes)
    for claim in study.claims:
        assert "both" not in claim.statement or len(claim.others) == 2
    assert set(study.runs("smoke")) == {v.id for v in study.variants}


def test_decisions_are_read_from_the_network() -> None:
    compared = {each.decision: (each.choice, each.reason) for each in fashion.study.decisions}
    assert compared["Layers"][0] == "two convolutional blocks"
    assert "3×3 kernels one value before the head depends on 10×10 input pixels" in compared["Layers"][1]
    assert compared["Kernel size"][0] == "3×3 (5×5 and 7×7 compared)"
    assert (
        "9 weights a channel pair. Pooling widens the next one: in the second layer it sees 8×8 input pixels"
        in compared["Kernel size"][1]
    )
    chosen = {name: choice for name, (choice, _) in compared.items()}
    assert (chosen["Filters"], chosen["Padding"]) == ("32, then 64", "same")
    assert (chosen["Stride"], chosen["Activation"], chosen["Pooling"]) == ("1", "ReLU", "max, 2×2")
    assert chosen["Head"] == "flatten, dense 128, dense 10"
    assert not any("TODO" in reason for _, reason in compared.values())
    image = (1, 28, 28)
    other = block_decisions(cnn(image, filters=[8, 9, 10], kernel=5, dense=7, activation="tanh"), compared=[7])
    reasons = {each.decision: each.reason for each in other}
    assert "TODO" in reasons["Activation"]  # the reason was for ReLU
    assert "TODO" in reasons["Filters"]
    assert {each.decision: each.choice for each in other}["Filters"] == "8, then 9, then 10"


def test_a_study_of_the_package_that_cannot_be_is_told_without_a_traceback(tmp_path: Path) -> None:
    package = Path(convscope.studies.__file__).parents[1]
    copy = tmp_path / "copied" / "convscope"
    copy.mkdir(parents=True)
    for entry in package.iterdir():
        if entry.name != "studies":
            (copy / entry.name).symlink_to(entry.resolve())
    (copy / "studies").mkdir()
    for file in (package / "studies").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        if file.name == "mnist.py":
            assert text.count("variants=tuple(CNN.values())") == 1
            text = text.replace("variants=tuple(CNN.values())", 'variants=("cnn3", "cnn9")')
        (copy / "studies" / file.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "convscope", "data"],
        env=os.environ | {"PYTHONPATH": str(copy.parent)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    line = 1 + (copy / "studies" / "mnist.py").read_text(encoding="utf-8").split("study = Study(")[0].count("\n")
    assert f"studies/mnist.py, line {line}: Study 'mnist' has no variant 'cnn9'" in done.stderr
    assert "experiment 'kernel' names" in done.stderr
