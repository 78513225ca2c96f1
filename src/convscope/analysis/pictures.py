"""The arrays that figures draw: sample images, mean images, filters, feature maps.

They stand beside metrics.json in one safetensors file, so that figures need neither data sets nor networks, and
published results can be drawn again without training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from convscope.files import replacing

Pictures = dict[str, NDArray[Any]]


def write_pictures(path: Path, pictures: Pictures) -> None:
    """Write arrays by name."""
    with replacing(path) as temporary:
        save_file({name: np.ascontiguousarray(array) for name, array in pictures.items()}, temporary)


def read_pictures(path: Path) -> Pictures:
    """Read what `write_pictures` wrote."""
    return dict(load_file(path))
