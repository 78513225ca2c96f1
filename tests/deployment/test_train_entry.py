"""The training entry point in a process of its own, in a folder that stands for /opt/ml."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_run

from convscope.datasets.catalogue import MNIST, PUBLIC, DataFile
from convscope.deployment import train_entry
from convscope.deployment.artefact import read_artefact
from convscope.specs import DataSpec, Flatten, ImageFolder, RunSpec, canonical_json

ENTRY = [sys.executable, "-W", "error", "-m", "convscope.deployment.train_entry"]
RUN = canonical_json(tiny_run.spec())


def environment(root: Path, **variables: str) -> dict[str, str]:
    """The variables of this process without those of SageMaker, and the given ones."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SM_")}
    return plain | {"CONVSCOPE_OPT_ML": str(root)} | variables


def enter(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ENTRY, *arguments], env=environment(root, **variables), capture_output=True, text=True, check=False
    )


def configure(root: Path, hyperparameters: Mapping[str, object]) -> None:
    file = root / "input" / "config" / "hyperparameters.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(hyperparameters))


def assert_trained(folder: Path, name: str = "") -> None:
    """The artefact must be, to the bit, what the engine gives in this process."""
    artefact, expected = read_artefact(folder), tiny_run.result()
    assert artefact.key == expected.key
    assert artefact.name == (name or expected.key[:12])
    assert artefact.test_accuracy == expected.test_accuracy
    for parameter, array in expected.weights.items():
        np.testing.assert_array_equal(artefact.weights[parameter], array)


def test_hyperparameters_from_the_file(tmp_path: Path) -> None:
    configure(tmp_path, {"run": RUN, "name": "tiny/cnn/seed0", "device": "cpu", "sagemaker_region": '"eu-west-1"'})
    done = enter(tmp_path, "train")
    assert done.returncode == 0, done.stderr
    assert_trained(tmp_path / "model", "tiny/cnn/seed0")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["model.json", "weights.safetensors"]
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[1:4]] == [f"epoch {n} of 3" for n in (1, 2, 3)]
    assert read_artefact(tmp_path / "model").sha256 in lines[-1]
    assert not (tmp_path / "output" / "failure").exists()


@pytest.mark.slow
def test_variables_come_before_the_folders(tmp_path: Path) -> None:
    configure(tmp_path, {"run": "no run at all"})
    config = tmp_path / "elsewhere" / "config"
    config.mkdir(parents=True)
    (config / "run.json").write_text(RUN)
    # SageMaker's SDK encodes each hyperparameter as JSON once more
    hyperparameters = json.dumps({"name": json.dumps("tiny/cnn/seed0"), "device": '"cpu"'})
    model = tmp_path / "elsewhere" / "model"
    done = enter(tmp_path, SM_HPS=hyperparameters, SM_MODEL_DIR=str(model), SM_CHANNEL_CONFIG=str(config))
    assert done.returncode == 0, done.stderr
    assert_trained(model, "tiny/cnn/seed0")
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
def test_command_line_comes_first(tmp_path: Path) -> None:
    configure(tmp_path, {"run": json.dumps("no run"), "name": "from the file"})
    done = enter(tmp_path, "--run", json.dumps(RUN), "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert_trained(tmp_path / "model", "from the file")


@pytest.fixture
def tiny_mnist(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Contents of the four files of a data set that has the place of MNIST: 12 and 5 images."""
    rng = np.random.default_rng(0)
    contents = {}
    for part, count in (("train", 12), ("t10k", 5)):
        pixels = rng.integers(256, size=count * 28 * 28, dtype=np.uint8).tobytes()
        contents[f"{part}-images-idx3-ubyte"] = struct.pack(">BBBB3I", 0, 0, 8, 3, count, 28, 28) + pixels
        labels = bytes(i % 10 for i in range(count))
        contents[f"{part}-labels-idx1-ubyte"] = struct.pack(">BBBBI", 0, 0, 8, 1, count) + labels
    files = (DataFile(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in contents.items())
    monkeypatch.setitem(PUBLIC, "mnist", replace(MNIST, files=tuple(files)))
    return contents


@pytest.mark.parametrize("layout", ["flat", "named"])
@pytest.mark.parametrize("packed", [True, False], ids=["packed", "plain"])
def test_data_from_the_channel(
    layout: str, packed: bool, tmp_path: Path, tiny_mnist: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = tmp_path / "input" / "data" / "training"
    folder = channel / "mnist" if layout == "named" else channel
    folder.mkdir(parents=True)
    for name, content in tiny_mnist.items():
        (folder / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(content) if packed else content)
    before = sorted(channel.rglob("*"))
    run = replace(tiny_run.spec(epochs=1), data=DataSpec("mnist", validation_images=2))
    run = replace(run, model=replace(run.model, input_shape=(1, 28, 28)))
    monkeypatch.setenv("CONVSCOPE_OPT_ML", str(tmp_path))
    monkeypatch.setenv("CONVSCOPE_DATASETS", str(tmp_path / "nowhere"))
    assert train_entry.main(["--run", canonical_json(run), "--device", "cpu"]) == 0
    assert read_artefact(tmp_path / "model").dataset == "MNIST"
    assert os.environ["CONVSCOPE_DATASETS"] == str(tmp_path / "nowhere")
    assert sorted(channel.rglob("*")) == before  # a channel may be read-only


# ---------------------------------------------------------------- failures


def deep_run() -> str:
    return "[" * 10_000


def too_many_images() -> str:
    run = tiny_run.spec()
    return canonical_json(replace(run, data=replace(run.data, train_images=5000)))


def on(dataset: str | ImageFolder) -> str:
    return canonical_json(RunSpec(DataSpec(dataset, 100), tiny_run.spec().model, tiny_run.spec().training, 0))


@pytest.mark.parametrize(
    ("hyperparameters", "reason"),
    [
        ({}, "No run is given"),
        ({"run": "learn!"}, "The run 'learn!' is no JSON"),
        ({"run": deep_run()}, "is no JSON"),
        ({"run": canonical_json(Flatten())}, "The run is a Flatten; a RunSpec is due"),
        ({"run": RUN.replace('"kernel":3', '"kernel":4')}, "kernel is 4 with padding 'same'"),
        ({"run": RUN, "epochs": "5"}, "Unknown hyperparameters ['epochs']"),
        ({"run": RUN, "device": "tpu"}, "DEVICE is 'tpu'"),
        ({"run": on("mnist")}, "The channel 'training' is missing"),
        ({"run": on(ImageFolder("cats", "0" * 64))}, "cats should be there"),
        (["run"], "are a list"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_reason_of_a_failure(
    hyperparameters: Mapping[str, object], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, hyperparameters)
    monkeypatch.setenv("CONVSCOPE_OPT_ML", str(tmp_path))
    monkeypatch.setenv("CONVSCOPE_DATASETS", "")
    assert train_entry.main(["train"]) == 1
    assert reason in (tmp_path / "output" / "failure").read_text()
    assert not (tmp_path / "model").exists()


def test_failure_that_the_user_can_mend(tmp_path: Path) -> None:
    configure(tmp_path, {"run": too_many_images()})
    done = enter(tmp_path)
    reason = (tmp_path / "output" / "failure").read_text()
    assert done.returncode == 1
    assert "900 training images" in reason
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_failure_that_nobody_thought_of(tmp_path: Path) -> None:
    configure(tmp_path, {"run": RUN})
    (tmp_path / "model").write_text("a file where a folder belongs")
    done = enter(tmp_path)
    reason = (tmp_path / "output" / "failure").read_text()
    assert done.returncode == 1
    assert "FileExistsError" in reason
    assert len(reason) <= 1024
    assert "Traceback" in done.stderr


@pytest.mark.slow
def test_stopped_from_outside(tmp_path: Path) -> None:
    endless = canonical_json(tiny_run.spec(epochs=100_000))
    with subprocess.Popen([*ENTRY, "--run", endless], env=environment(tmp_path), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith(b"epoch 1 "):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 143
    assert not (tmp_path / "model").exists()
    assert not (tmp_path / "output" / "failure").exists()
