"""What `import convscope` gives, as the page about it shows it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import convscope
from convscope.analysis.estimates import Measure
from convscope.analysis.records import Claim
from convscope.analysis.study_records import StudyRun, Variant
from convscope.api import StudyResults

ROOT = Path(__file__).parents[1]


def code(page: str) -> str:
    text = (ROOT / "site" / "docs" / page).read_text(encoding="utf-8")
    found = re.search(r"```python[^\n]*\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_ten_lines_define_train_and_compare(tmp_path: Path) -> None:
    program = code("api.md")
    assert len([line for line in program.splitlines() if line.strip()]) == 10
    run = [sys.executable, "-c", program]
    first = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=400)
    assert first.returncode == 0, first.stderr
    assert "Trained 6 runs" in first.stderr
    heads, mlp, cnn = (re.split(r"  +", line) for line in first.stdout.splitlines()[:3])
    assert heads == ["variant", "parameters", "accuracy", "gain"]
    assert mlp[:2] == ["MLP", "50,890"]
    accuracy, *interval = map(float, re.findall(r"[\d.]+", cnn[2]))
    assert 50 < interval[0] < accuracy < interval[1] <= 100
    gain = pytest.approx(float(re.findall(r"[-+\d.]+", cnn[3])[0]), abs=0.11)  # each is rounded to a tenth
    assert accuracy - float(re.findall(r"[\d.]+", mlp[2])[0]) == gain
    assert "The CNN reads more digits  inconclusive" in first.stdout  # of three seeds
    again = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=400)
    assert again.stdout == first.stdout
    assert "Train" not in again.stderr  # nothing was left to train


def test_a_notebook_shows_tables_and_nothing_of_them_is_markup() -> None:
    accuracy = Measure.model_construct(mean=0.6, interval=(0.5, 0.7))
    variant = Variant.model_construct(title="<b>", parameters=1234, test_accuracy=accuracy)
    study = StudyRun.model_construct(variants={"mlp": variant, "cnn": variant}, against_baseline=())
    claim = Claim.model_construct(statement="a & b", verdict="supported")
    shown = StudyResults(study, {"c": claim})._repr_html_()
    assert shown.count("<table>") == 2
    assert "&lt;b&gt;" in shown
    assert "a &amp; b" in shown
    assert "60.0 % (50.0 to 70.0)" in shown


def test_names_are_what_type_checkers_read() -> None:
    stub = ast.parse((ROOT / "src" / "convscope" / "__init__.pyi").read_text(encoding="utf-8"))
    imported = {
        alias.name: node.module for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert sorted(imported) == convscope.__all__ == dir(convscope)
    for name, module in imported.items():
        assert getattr(convscope, name) is getattr(sys.modules[str(module)], name)


def test_the_package_itself_imports_nothing_heavy() -> None:
    program = "import sys, convscope; convscope.Study; sys.exit('torch' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0


def test_the_documented_layer_is_one() -> None:
    program = f"""
import sys, types
import torch
module = types.ModuleType("channel_shuffle")
sys.modules["channel_shuffle"] = module
exec({code("own-layer.md")!r}, module.__dict__)
from convscope.models.modules import module_of
layer = module.ChannelShuffle(2)
assert layer.output_shape((6, 4, 4)) == (6, 4, 4)
assert layer.words == ("shuffle", "2 groups")
values = torch.arange(6.0).reshape(1, 6, 1, 1)
assert module_of(layer, (6, 1, 1))(values).flatten().tolist() == [0, 3, 1, 4, 2, 5]
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
