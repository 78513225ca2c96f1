from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from convscope.datasets import load as load_module
from convscope.datasets.catalogue import CIFAR10, PUBLIC, DataFile, fingerprint
from convscope.datasets.dataset import Dataset
from convscope.datasets.find import Found
from convscope.datasets.load import load
from convscope.datasets.splits import channel_statistics
from convscope.errors import DatasetError, DatasetUnavailable
from convscope.specs import Glyphs

DATA = Path(__file__).parents[2] / "data"


def real(name: str) -> Dataset:
    try:
        return load(name, DATA, download=False)
    except DatasetUnavailable as error:
        pytest.skip(str(error))


MNIST_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


@dataclass(frozen=True)
class Facts:
    """Published of a data set; mean and deviation are of the training part / 255, for each channel."""

    shape: tuple[int, ...]
    first_labels: list[int]
    counts: list[int]
    mean: list[float]
    deviation: list[float]


FACTS = {
    "mnist": Facts((60_000, 1, 28, 28), [5, 0, 4, 1, 9, 2, 1, 3, 1, 4], MNIST_COUNTS, [0.1307], [0.3081]),
    "fashion-mnist": Facts((60_000, 1, 28, 28), [9, 0, 0, 3, 0], [6000] * 10, [0.2860], [0.3530]),
    "cifar10": Facts(
        (50_000, 3, 32, 32), [6, 9, 9, 4, 1], [5000] * 10, [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]
    ),
}


@pytest.mark.data
@pytest.mark.parametrize("name", FACTS)
def test_public_datasets(name: str) -> None:
    dataset, facts = real(name), FACTS[name]
    assert dataset.train.pixels.shape == facts.shape
    assert dataset.test.pixels.shape == (10_000, *facts.shape[1:])
    assert dataset.train.labels[: len(facts.first_labels)].tolist() == facts.first_labels
    assert np.bincount(dataset.train.labels).tolist() == facts.counts
    assert len(dataset.class_names) == 10
    assert dataset.fingerprint == fingerprint(name)
    measured_mean, measured_deviation = channel_statistics(dataset.train.pixels)
    np.testing.assert_allclose(measured_mean, facts.mean, atol=6e-5)
    np.testing.assert_allclose(measured_deviation, facts.deviation, atol=6e-5)


@pytest.fixture
def tiny_cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Batches of two images each, as Python 2 wrote them: byte strings as keys."""
    folder = tmp_path / "data/cifar10/cifar-10-batches-py"
    folder.mkdir(parents=True)
    files = []
    for number, file in enumerate(CIFAR10.files):
        # First all red values, row by row, then green, then blue (home page of the set).
        pixels = np.stack([np.repeat([10 * number + c for c in range(3)], 1024) for _ in range(2)])
        content = pickle.dumps({"data": pixels.astype(np.uint8), "labels": [number, 9 - number]}, protocol=2)
        (folder / file.name).write_bytes(content)
        files.append(DataFile(file.name, len(content), hashlib.sha256(content).hexdigest()))
    monkeypatch.setitem(PUBLIC, "cifar10", replace(CIFAR10, files=tuple(files)))
    monkeypatch.delenv("CONVSCOPE_DATASETS", raising=False)
    return tmp_path / "data"


def test_cifar_batches(tiny_cifar: Path) -> None:
    dataset = load("cifar10", tiny_cifar, download=False)
    assert dataset.train.pixels.shape == (10, 3, 32, 32)
    assert dataset.train.labels.tolist() == [0, 9, 1, 8, 2, 7, 3, 6, 4, 5]
    assert dataset.test.labels.tolist() == [5, 4]
    for image, batch in zip(dataset.train.pixels, np.repeat(np.arange(5), 2), strict=True):
        for channel in range(3):
            assert (image[channel] == 10 * batch + channel).all()


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self.mark,))


def test_a_pickle_with_another_hash_is_never_executed(
    tiny_cifar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "executed"
    trap = pickle.dumps(Trap(mark))
    batch = tiny_cifar / "cifar10/cifar-10-batches-py/data_batch_3"
    files = {file.name: batch.with_name(file.name) for file in CIFAR10.files}

    def changed_after_it_was_found(name: str, data_folder: Path, download: bool, given: Path | None) -> Found:
        batch.write_bytes(trap)
        return Found(files, "data/cifar10")

    monkeypatch.setattr(load_module, "find", changed_after_it_was_found)
    with pytest.raises(DatasetError, match="data_batch_3 is truncated"):
        load("cifar10", tiny_cifar, download=False)
    assert not mark.exists()
    monkeypatch.undo()
    pickle.loads(trap)
    assert mark.exists()  # the trap works


def test_glyphs_are_generated() -> None:
    dataset = load(Glyphs(train=20, test=10), DATA)
    assert dataset.source == "generated"
    assert dataset.fingerprint == fingerprint(Glyphs(train=20, test=10))
