"""The script in the documentation that computes the published numbers a second time, without this package."""

from __future__ import annotations

import ast
import copy
import subprocess
import sys
from pathlib import Path

import pytest

import made_up
from checkout import ROOT
from convscope.files import Json, write_json
from convscope.publication import published_metrics
from convscope.runs.published import PublishedRuns
from convscope.studies import select

SCRIPT = ROOT / "site" / "docs" / "recompute.py"


def recompute(root: Path, metrics: Json) -> subprocess.CompletedProcess[str]:
    write_json(root / "metrics.json", metrics)
    command = [sys.executable, str(SCRIPT), str(root), str(root / "metrics.json")]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)


def test_it_needs_numpy_and_scipy_alone() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        )
    }  # fmt: skip
    assert imported - set(sys.stdlib_module_names) == {"numpy", "scipy"}


@pytest.mark.parametrize("seeds", [3, made_up.SEEDS])
def test_it_agrees_with_the_analysis_and_notices_every_kind_of_change(seeds: int, tmp_path: Path) -> None:
    """Below eight seeds the variances are pooled; with nine one network has a run that failed to train."""
    declared = made_up.study(seeds)
    made_up.publish(tmp_path, declared)
    metrics = published_metrics([declared], PublishedRuns(tmp_path))[0].as_json()
    done = recompute(tmp_path, metrics)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 1 studies compared, 0 differ" in done.stdout

    forged = copy.deepcopy(metrics)
    study, claims = forged["studies"]["made-up"], forged["claims"]
    study["variants"]["cnn3"]["test_accuracy"]["interval"][0] -= 0.001
    study["comparisons"]["cnn3:mlp"]["errors_removed"]["share"] += 0.01
    study["gaps"]["comparisons"]["cnn5:cnn3"]["effect"] *= -1
    for name in ("gains", "moves", "shares", "contrast", "lost", "won"):
        claims[name]["comparisons"][0]["interval"][1] += 0.001
    claims["wins"]["verdict"] = "refuted"
    cnn3 = study["variants"]["cnn3"]
    cnn3["confusion"][0][0] -= 1
    cnn3["class_accuracy"][1]["mean"] += 0.01
    cnn3["test_loss"]["values"][0] *= 2
    cnn3["curves"]["validation_accuracy"][0][0] -= 0.01
    done = recompute(tmp_path, forged)
    assert done.returncode == 1
    assert " 14 differ" in done.stdout, done.stdout


@pytest.mark.slow
def test_what_is_published_is_recomputed(tmp_path: Path) -> None:
    kept = ROOT / "data" / "published"
    metrics = published_metrics(select(), PublishedRuns(kept))[0].as_json()
    write_json(tmp_path / "metrics.json", metrics)
    command = [sys.executable, str(SCRIPT), str(kept), str(tmp_path / "metrics.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 differ" in done.stdout
