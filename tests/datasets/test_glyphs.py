from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convscope.datasets.dataset import Images
from convscope.datasets.glyphs import FONTS, _outlines, generate
from convscope.errors import SpecError
from convscope.specs import Glyphs

HASH = """
import hashlib
from convscope.datasets.glyphs import generate
from convscope.specs import Glyphs
data = generate(Glyphs(train=50, test=20, channels=3, seed=7))
print(hashlib.sha256(data.train.pixels.tobytes() + data.test.pixels.tobytes()).hexdigest())
"""


def test_the_same_bytes_in_another_process() -> None:
    data = generate(Glyphs(train=50, test=20, channels=3, seed=7))
    done = subprocess.run([sys.executable, "-c", HASH], capture_output=True, text=True, check=True)
    here = hashlib.sha256(data.train.pixels.tobytes() + data.test.pixels.tobytes()).hexdigest()
    assert done.stdout.strip() == here


def test_parts_and_seeds_differ() -> None:
    data, other = generate(Glyphs(train=100, test=100)), generate(Glyphs(train=100, test=100, seed=1))
    for images in (data.test, other.train):
        assert (images.labels != data.train.labels).any()
        assert not (images.pixels[:, None] == data.train.pixels[None]).all(axis=(2, 3, 4)).any()
    longer = generate(Glyphs(train=100, test=150))
    assert (longer.train.pixels == data.train.pixels).all()  # the parts have streams of their own


@given(st.integers(1, 45), st.sampled_from([1, 3]), st.integers(20, 40))
@settings(max_examples=20, deadline=None)
def test_shape_and_balance(count: int, channels: int, size: int) -> None:
    data = generate(Glyphs(size=size, channels=channels, train=count, test=10))
    assert data.train.pixels.shape == (count, channels, size, size)
    assert data.train.pixels.dtype == np.uint8
    assert data.train.labels.dtype == np.int64
    counts = np.bincount(data.train.labels, minlength=10)
    assert counts.max() - counts.min() <= 1
    assert sorted(data.test.labels) == list(range(10))
    assert data.class_names == tuple("0123456789")


def test_labels_are_shuffled() -> None:
    labels = generate(Glyphs(train=100, test=1)).train.labels
    assert sorted(labels) != labels.tolist()
    assert labels.tolist() != (np.arange(100) % 10).tolist()


def boxes(images: Images) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last pixel with ink of each noiseless grey image, (N, 2) each: row, column."""
    ink = images.pixels[:, 0] > 0
    lines = np.stack([ink.any(axis=2), ink.any(axis=1)], axis=1)
    return lines.argmax(axis=2), ink.shape[1] - 1 - lines[:, :, ::-1].argmax(axis=2)


def test_digits_stay_in_their_square() -> None:
    low, high = boxes(generate(Glyphs(size=44, content=28, shift=0, noise=0, rotation=12)).train)
    assert low.min() >= 8
    assert high.max() <= 35
    height = (high - low)[:, 0] + 1
    assert height.min() >= 0.5 * 28 - 1  # a slanted digit gets lower when it is turned
    assert height.max() > 0.75 * 28


def test_a_shift_moves_them_no_further_than_it_says() -> None:
    still = boxes(generate(Glyphs(size=44, content=28, shift=0, noise=0)).train)
    moved = boxes(generate(Glyphs(size=44, content=28, shift=8, noise=0)).train)
    assert moved[0].min() >= 0
    for end_still, end_moved in zip(still, moved, strict=True):
        by = end_moved - end_still  # the stream draws the same number of values whatever the shift
        assert by.min() == -8
        assert by.max() == 8
        assert len(np.unique(by)) == 17


@given(st.integers(0, 6), st.floats(0, 30), st.integers(0, 3))
@settings(max_examples=15, deadline=None)
def test_no_digit_is_cut(shift: int, rotation: float, seed: int) -> None:
    spec = Glyphs(train=100, test=10, shift=shift, rotation=rotation, scale=(0.5, 0.75), noise=0, seed=seed)
    wide = Glyphs(
        size=68,
        content=28,
        train=100,
        test=10,
        shift=shift,
        rotation=rotation,
        scale=(0.5, 0.75),
        noise=0,
        seed=seed,
    )
    ink, all_ink = (generate(s).train.pixels.sum(axis=(1, 2, 3), dtype=np.int64) for s in (spec, wide))
    np.testing.assert_allclose(ink, all_ink, rtol=0.003)  # the same digits on a canvas with room to spare


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            Glyphs(scale=(0.9, 1.0), rotation=20),
            r"scale 1 with rotation 20 draws digits up to 3\d\.\d pixels",
        ),
        (Glyphs(scale=(0.9, 0.9), rotation=90, content=20), "their content square has 20"),
        (Glyphs(shift=7), "shift 7 moves even the smallest digit, 15.4 pixels high"),
    ],
)
def test_digits_that_do_not_fit(spec: Glyphs, message: str) -> None:
    with pytest.raises(SpecError, match=message) as raised:
        generate(spec)
    assert "Lower" in raised.value.hint


def test_digits_that_just_fit() -> None:
    low, high = boxes(generate(Glyphs(scale=(1, 1), rotation=0, shift=0, noise=0, train=200)).train)
    assert (low[:, 0] == 0).all()
    assert (high[:, 0] == 27).all()


def test_noise_has_the_deviation_asked_for() -> None:
    clean, noisy = (generate(Glyphs(noise=noise, train=200)).train.pixels for noise in (0, 0.1))
    middle = (clean > 100) & (clean < 155)  # where the limits of brightness clip nothing
    assert (noisy[middle] - clean[middle].astype(float)).std() == pytest.approx(25.5, rel=0.1)


def test_colours_have_contrast() -> None:
    images = generate(Glyphs(channels=3, noise=0, scale=(0.8, 0.8), train=300)).train
    luminance = np.tensordot(images.pixels / 255, [0.2126, 0.7152, 0.0722], axes=(1, 0)).reshape(300, -1)
    assert np.ptp(luminance, axis=1).min() > 0.25  # thin strokes reach the digit's colour in few pixels
    brighter = luminance[:, 0] > luminance.mean(axis=1)
    assert 0.3 < brighter.mean() < 0.7  # dark on bright as often as bright on dark


def test_digits_can_be_told_apart() -> None:
    data = generate(Glyphs(rotation=5, shift=1))
    train, test = (images.pixels.reshape(len(images), -1) / 255 for images in (data.train, data.test))
    means = np.stack([train[data.train.labels == digit].mean(axis=0) for digit in range(10)])
    nearest = ((test[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    accuracy = (nearest == data.test.labels).mean()
    assert accuracy > 0.6  # 0.1 by chance


def test_every_font_draws_every_digit_in_its_own_way() -> None:
    outlines = _outlines()
    assert len(outlines) == len(FONTS)
    shapes = [outline.polygon for font in outlines for outline in font]
    assert len({shape.tobytes() for shape in shapes}) == 10 * len(FONTS)
    for shape in shapes:
        width, height = np.ptp(shape, axis=0)
        assert height == pytest.approx(1)
        assert 0.4 < width < 1  # no symbol and no empty box
