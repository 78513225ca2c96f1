from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.datasets import load_breast_cancer

from convscope.datasets.catalogue import BREAST_CANCER, fingerprint
from convscope.datasets.dataset import Dataset, Images
from convscope.datasets.folds import all_tested, folds
from convscope.datasets.load import load
from convscope.datasets.splits import split
from convscope.errors import DatasetError, SpecError
from convscope.specs import DataSpec, Table

SPEC = DataSpec(Table("breast-cancer"), validation_images=50)


@pytest.fixture(scope="module")
def table() -> Dataset:
    return load(Table("breast-cancer"), Path("nowhere"))


def test_it_is_the_table_of_scikit_learn_in_ranks(table: Dataset) -> None:
    known = load_breast_cancer()
    rows = table.train.pixels.reshape(-1, 30)
    assert len(rows) == BREAST_CANCER.rows
    assert table.train.labels.tolist() == known.target.tolist()
    assert table.class_names == tuple(known.target_names)
    for column in range(30):
        assert spearmanr(rows[:, column], known.data[:, column]).statistic > 0.9999  # 256 steps for 569 ranks
    assert (rows.min(axis=0) <= 14).all()  # ties of the smallest value share a rank
    assert (rows.max(axis=0) == 255).all()


def test_a_fingerprint_is_of_the_content_alone() -> None:
    assert fingerprint(Table("breast-cancer")) == fingerprint(Table("breast-cancer", folds=3))


def test_an_unknown_table_is_named() -> None:
    with pytest.raises(DatasetError, match="'iris' is no table; known are breast-cancer"):
        fingerprint(Table("iris"))


@given(st.integers(0, 2**32), st.integers(2, 12))
def test_every_row_is_tested_once_by_a_network_that_has_not_seen_it(seed: int, count: int) -> None:
    spec = DataSpec(Table("breast-cancer", count), validation_images=50)
    parts = folds(numbered(), spec, seed)
    assert len(parts) == count
    assert sorted(np.concatenate([tested for tested, _ in parts])) == list(range(569))
    sizes = [len(tested) for tested, _ in parts]
    classes = [int(NUMBERS_LABELS[tested].sum()) for tested, _ in parts]
    for counts in (sizes, classes):
        assert max(counts) - min(counts) <= 1
    for tested, images in parts:
        seen = [rows_of(images.train), rows_of(images.validation), rows_of(images.test)]
        assert seen[2] == tested.tolist()
        assert sorted(chain_of(seen)) == list(range(569))
        assert len(seen[1]) == 50


NUMBERS_LABELS = (np.arange(569) % 3 == 0).astype(np.int64)


def numbered() -> Dataset:
    """A table whose rows tell their number."""
    pixels = np.zeros((569, 1, 1, 2), np.uint8)
    pixels[:, 0, 0] = np.stack([np.arange(569) // 256, np.arange(569) % 256], axis=1)
    images = Images(pixels, NUMBERS_LABELS)
    return Dataset("numbers", "Numbers", images, images, ("a", "b"), "f", "here", "table")


def rows_of(images: Images) -> list[int]:
    return [int(high) * 256 + int(low) for high, low in images.pixels[:, 0, 0]]


def chain_of(parts: list[list[int]]) -> list[int]:
    return [row for part in parts for row in part]


def test_normalisation_does_not_see_the_tested_rows(table: Dataset) -> None:
    for tested, images in folds(table, SPEC, seed=0):
        others = np.setdiff1d(np.arange(569), tested)
        assert images.mean[0] == pytest.approx((table.train.pixels[others] / 255).mean(), rel=1e-5)
        assert images.scale[0] == pytest.approx((table.train.pixels[others] / 255).std(), rel=1e-5)


def test_seeds_deal_the_rows_out_anew(table: Dataset) -> None:
    first, again, other = (folds(table, SPEC, seed)[0][0].tolist() for seed in (0, 0, 1))
    assert first == again != other


def test_too_few_rows_are_named(table: Dataset) -> None:
    with pytest.raises(SpecError, match=r"512 rows outside of a fold; 500 for validation and 100 for training"):
        folds(table, DataSpec(Table("breast-cancer"), 500, train_images=100), seed=0)


def test_all_tested_has_every_row_and_images_stay_as_they_are(table: Dataset) -> None:
    assert len(all_tested(table, SPEC, seed=0).test) == 569
    images = Dataset("n", "N", numbered().train, numbered().test, ("a", "b"), "f", "here")
    spec = DataSpec("mnist", 10)
    ((tested, part),) = folds(images, spec, seed=4)
    assert tested.tolist() == list(range(569))
    assert (
        rows_of(part.train) == rows_of(split(images, spec, seed=4).train) == rows_of(all_tested(images, spec, 4).train)
    )
