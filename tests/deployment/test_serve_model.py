"""``convscope serve-model``: trained runs by name, served as they were stored."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
import tiny_run

from convscope.checkout import MARKS
from convscope.datasets.load import load
from convscope.deployment.commands import run_named, trained_runs
from convscope.errors import ConvscopeError
from convscope.runs.plan import PlannedRun, plan_study
from convscope.runs.store import RunStore
from convscope.runs.worker import trained
from convscope.studies import STUDIES

PROGRAM = """
import typer
from convscope.deployment.commands import serve_model
typer.run(serve_model)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PlannedRun]:
    """A folder in which one run of the smoke profile is trained, for one epoch."""
    root = tmp_path_factory.mktemp("checkout")
    for mark in MARKS:
        (root / mark).parent.mkdir()
        (root / mark).touch()
    run = plan_study(STUDIES["fashion"], "smoke", "cpu")["mlp"][0]
    data = replace(run.spec.data, train_images=None)
    shorter = replace(run.spec, data=data, training=replace(run.spec.training, epochs=1))
    result = trained(replace(run, spec=shorter), load(data.dataset, root), lambda *_: None)
    RunStore(root / "build" / "runs").write(result)
    return root, run


def test_trained_runs_by_name(checkout: tuple[Path, PlannedRun]) -> None:
    root, run = checkout
    found = trained_runs(root, "smoke", "", "cpu")
    assert {name: each.key for name, each in found.items()} == {"fashion/mlp/seed0": run.key}
    assert run_named(found, "fashion/mlp/seed0", "smoke").key == run.key
    with pytest.raises(ConvscopeError, match=r"'fashion/mlp' is no trained run.*trained are: fashion/mlp/seed0"):
        run_named(found, "fashion/mlp", "smoke")
    with pytest.raises(ConvscopeError, match="trained are: none"):
        run_named(trained_runs(root, "smoke", "mnist", "cpu"), "mnist/mlp/seed0", "smoke")


@pytest.mark.parametrize("folder", [".", "report"])
def test_names_are_listed_from_any_folder_of_the_checkout(checkout: tuple[Path, PlannedRun], folder: str) -> None:
    command = [sys.executable, "-c", PROGRAM, "--profile", "smoke", "--device", "cpu"]
    assert subprocess.check_output(command, cwd=checkout[0] / folder, text=True) == "fashion/mlp/seed0\n"


def test_outside_of_a_checkout_nothing_is_listed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, "--profile", "smoke", "--device", "cpu"]
    done = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, check=False)
    assert done.returncode
    assert "is in no convscope checkout" in done.stderr


@pytest.mark.slow
def test_run_is_served(checkout: tuple[Path, PlannedRun], tmp_path: Path) -> None:
    root, run = checkout
    command = [
        sys.executable,
        "-c",
        PROGRAM,
        "fashion/mlp/seed0",
        "--profile",
        "smoke",
        "--device",
        "cpu",
        "--port",
        "0",
    ]
    log, temporary = tmp_path / "log", tmp_path / "temporary"
    temporary.mkdir()
    own = os.environ | {"TMPDIR": str(temporary)}
    with log.open("w") as stream, subprocess.Popen(command, cwd=root, stdout=stream, stderr=stream, env=own) as process:
        try:
            while "curl" not in log.read_text():
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
            url = log.read_text().partition("POST ")[2].split()[0].removesuffix("/invocations")
            image = load(run.spec.data.dataset, root).test.pixels[0]
            with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
                while client.get("/ping").status_code != 200:
                    time.sleep(0.05)
                answer = client.post("/invocations", content=tiny_run.png(image), headers={"Content-Type": "image/png"})
        finally:
            process.terminate()
    assert list(temporary.glob("convscope-model-*")) == []
    expected = RunStore(root / "build" / "runs").read(run.key)
    assert answer.json()["model"]["name"] == "fashion/mlp/seed0"
    (prediction,) = answer.json()["predictions"]
    assert prediction["predicted_class"] == expected.predictions[0]
    np.testing.assert_allclose(prediction["confidence"], expected.confidences[0], atol=1e-3)
