"""The IDX file format of MNIST (its description: http://yann.lecun.com/exdb/mnist/, "file formats")."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from convscope.errors import DatasetError

_UNSIGNED_BYTE = 0x08  # the third byte of the magic number; the fourth is the number of dimensions


def parse_idx(content: bytes, name: str) -> NDArray[np.uint8]:
    """Turn an IDX file of unsigned bytes into an array.

    Raises DatasetError: the magic number is another, or the content is shorter or longer than its header states.

    Parameters
    ----------
    content
        Magic number ``00 00 08 d``, then d sizes as big-endian uint32, then the values in C order.

    Returns
    -------
    uint8, of the shape that the header states.
    """
    magic = content[:4]
    if len(magic) < 4 or magic[:3] != bytes([0, 0, _UNSIGNED_BYTE]) or magic[3] == 0:
        raise DatasetError(
            f"{name} begins with {magic.hex(' ') or 'nothing'}; an IDX file of unsigned bytes begins with "
            "00 00 08 and its number of dimensions."
        )
    start = 4 + 4 * magic[3]
    if len(content) < start:
        raise DatasetError(f"{name} ends within its header, after {len(content)} bytes instead of {start}.")
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", count=magic[3], offset=4))
    expected = start + math.prod(shape)
    if len(content) != expected:
        raise DatasetError(
            f"{name} has {len(content):,} bytes; its header, shape {shape}, asks for {expected:,}.",
            "The file is truncated or damaged; fetch it again.",
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()  # bytes cannot be written to
