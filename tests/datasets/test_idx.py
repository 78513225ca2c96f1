from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from convscope.datasets.idx import parse_idx
from convscope.errors import DatasetError


def test_bytes_written_by_hand() -> None:
    content = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255])
    assert parse_idx(content, "f").tolist() == [[1, 2, 3], [4, 5, 255]]


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)))
def test_round_trip(values: NDArray[np.uint8]) -> None:
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
    parsed = parse_idx(header + values.tobytes(), "f")
    np.testing.assert_array_equal(parsed, values)
    assert parsed.shape == values.shape
    assert parsed.flags.writeable


@given(st.data())
def test_any_cut_is_an_error(data: st.DataObject) -> None:
    content = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(DatasetError, match="train-labels"):
        parse_idx(content[:cut], "train-labels")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with nothing"),
        (b"<!DOCTYPE html>", "begins with 3c 21 44 4f"),
        (bytes([0, 0, 13, 1, 0, 0, 0, 1, 0, 0, 0, 0]), "begins with 00 00 0d 01"),  # float32 values
        (bytes([0, 0, 8, 0]), "begins with 00 00 08 00"),
        (bytes([0, 0, 8, 3, 0, 0, 0, 1]), "ends within its header, after 8 bytes instead of 16"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 4, 7]), r"has 9 bytes; its header, shape \(4,\), asks for 12"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 1, 7, 7]), "has 10 bytes; .* asks for 9"),
        (bytes([0, 0, 8, 2] + [255] * 8), "asks for 18,446,744,065,119,617,037"),  # not allocated
    ],
)
def test_what_is_wrong_is_named(content: bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        parse_idx(content, "f")
