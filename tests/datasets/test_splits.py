from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.datasets.dataset import Dataset, Images
from convscope.datasets.splits import Stream, channel_statistics, split, stream
from convscope.errors import SpecError
from convscope.specs import DataSpec


def numbered(train: int, test: int = 7) -> Dataset:
    """A data set in which each image says which one it is: the label is its index, train first."""

    def images(first: int, count: int) -> Images:
        labels = np.arange(first, first + count)
        return Images((labels % 256).astype(np.uint8).reshape(-1, 1, 1, 1), labels.astype(np.int64))

    return Dataset("n", "Numbered", images(0, train), images(train, test), ("a",), "f", "generated")


sizes = st.integers(2, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n - 1)))
seeds = st.integers(0, 2**32)


@given(sizes, seeds, st.data())
def test_parts_are_disjoint_and_of_the_size_asked_for(size: tuple[int, int], seed: int, data: st.DataObject) -> None:
    total, validation = size
    train = data.draw(st.none() | st.integers(1, total - validation))
    test = data.draw(st.none() | st.integers(1, 7))
    parts = split(numbered(total), DataSpec("mnist", validation, train, test, "unit"), seed)
    drawn = [*parts.train.labels, *parts.validation.labels]
    assert len(set(drawn)) == len(drawn)
    assert set(drawn) <= set(range(total))
    assert len(parts.validation) == validation
    assert len(parts.train) == (total - validation if train is None else train)
    assert parts.test.labels.tolist() == list(range(total, total + (7 if test is None else test)))
    assert (parts.train.pixels.ravel() == parts.train.labels % 256).all()


@given(sizes, seeds, st.data())
def test_equal_seeds_share_their_images(size: tuple[int, int], seed: int, data: st.DataObject) -> None:
    total, validation = size
    few = data.draw(st.integers(1, total - validation))
    whole = split(numbered(total), DataSpec("mnist", validation), seed)
    again = split(numbered(total), DataSpec("mnist", validation), seed)
    subset = split(numbered(total), DataSpec("mnist", validation, few), seed)
    assert whole.train.labels.tolist() == again.train.labels.tolist()
    assert whole.validation.labels.tolist() == subset.validation.labels.tolist()
    assert set(subset.train.labels) <= set(whole.train.labels)
    if few < total - validation - 1:  # a smaller subset lies within a larger one
        larger = split(numbered(total), DataSpec("mnist", validation, few + 1), seed)
        assert set(subset.train.labels) < set(larger.train.labels)


def test_seeds_and_streams_differ() -> None:
    spec = DataSpec("mnist", 10, 50)
    first, second = (split(numbered(100), spec, seed) for seed in (0, 1))
    assert set(first.validation.labels) != set(second.validation.labels)
    draws = [stream(seed, name).integers(2**62) for seed in range(3) for name in get_args(Stream)]
    assert len(set(draws)) == len(draws)
    assert stream(5, "order").integers(2**62) == stream(5, "order").integers(2**62)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (DataSpec("mnist", 20), "20 training images; 20 for validation"),
        (DataSpec("mnist", 25), "20 training images; 25 for validation"),
        (DataSpec("mnist", 5, 16), "5 for validation and 16 for training are more"),
        (DataSpec("mnist", 5, test_images=8), "7 test images; test_images is 8"),
    ],
)
def test_too_many_images(spec: DataSpec, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        split(numbered(20), spec, seed=0)


@given(st.integers(1, 3), seeds)
def test_statistics_and_normalisation(channels: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(256, size=(9, channels, 4, 5), dtype=np.uint8)
    mean, deviation = channel_statistics(pixels)
    np.testing.assert_allclose(mean, (pixels / 255).mean(axis=(0, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(deviation, (pixels / 255).std(axis=(0, 2, 3)), rtol=1e-5)
    images = Images(pixels, np.arange(9))
    dataset = Dataset("n", "Numbered", images, images, ("a",), "f", "generated")
    parts = split(dataset, DataSpec("mnist", 2), seed)
    fed = parts.normalise(pixels)
    assert fed.dtype == np.float32
    np.testing.assert_allclose(fed.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(fed.std(axis=(0, 2, 3)), 1, atol=1e-5)
    plain = split(dataset, DataSpec("mnist", 2, normalisation="unit"), seed)
    np.testing.assert_allclose(plain.normalise(pixels), pixels / 255, rtol=1e-6)


def test_a_constant_channel_is_not_divided_by_zero() -> None:
    _, deviation = channel_statistics(np.full((3, 1, 2, 2), 7, np.uint8))
    assert deviation[0] > 0


@given(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6), st.integers(0, 5))
def test_a_canvas_has_the_image_in_its_middle(channels: int, height: int, width: int, more: int) -> None:
    pixels = np.random.default_rng(0).integers(1, 256, size=(6, channels, height, width), dtype=np.uint8)
    images = Images(pixels, np.arange(6))
    dataset = Dataset("n", "Numbered", images, images, ("a",), "f", "generated")
    side = max(height, width) + more
    parts = split(dataset, DataSpec("mnist", 2, canvas=side), seed=0)
    for part in (parts.train, parts.validation, parts.test):
        assert part.pixels.shape[1:] == (channels, side, side)
        for placed, label in zip(part.pixels, part.labels, strict=True):
            top, left = (side - height) // 2, (side - width) // 2
            assert (placed[:, top : top + height, left : left + width] == pixels[label]).all()
            assert np.count_nonzero(placed) == pixels[label].size  # nothing but background beside it
    fed = parts.normalise(np.concatenate([parts.train.pixels, parts.validation.pixels]))
    np.testing.assert_allclose(fed.mean(axis=(0, 2, 3)), 0, atol=1e-5)  # the margin counts: it is fed as well


def test_a_canvas_changes_nothing_else() -> None:
    plain, placed = (split(numbered(20), DataSpec("mnist", 5, 8, canvas=canvas), seed=3) for canvas in (0, 1))
    for part in ("train", "validation", "test"):
        assert (getattr(plain, part).pixels == getattr(placed, part).pixels).all()
        assert (getattr(plain, part).labels == getattr(placed, part).labels).all()


def test_a_canvas_smaller_than_its_images_is_refused() -> None:
    images = Images(np.zeros((4, 1, 5, 3), np.uint8), np.arange(4))
    dataset = Dataset("n", "Numbered", images, images, ("a",), "f", "generated")
    with pytest.raises(SpecError, match="canvas is 4; the images of Numbered have 5×3 pixels"):
        split(dataset, DataSpec("mnist", 2, canvas=4), seed=0)
