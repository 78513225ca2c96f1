"""Images as PNG files, and back."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def to_png(image: NDArray[np.uint8]) -> bytes:
    """Return an image (C, H, W) as PNG: grey for one channel, RGB for three."""
    pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG")
    return buffer.getvalue()


def from_png(content: bytes) -> NDArray[np.uint8]:
    """Return what `to_png` wrote."""
    with Image.open(io.BytesIO(content), formats=("PNG",)) as opened:
        pixels = np.asarray(opened)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
