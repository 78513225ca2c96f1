"""Tables of numbers laid out as small grey images: data whose columns have no places and no neighbours."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from convscope.datasets.catalogue import fingerprint, known_table
from convscope.datasets.dataset import Dataset, Images
from convscope.errors import DatasetError
from convscope.specs import Table


def load_table(spec: Table) -> Dataset:
    """Read a table as images, uint8 (rows, 1, height, width); all rows are training and test part at once.

    Each column is replaced by the ranks of its values over all rows, scaled to 0 to 255: columns of any unit and
    skewness get the same range. No label enters.

    Raises DatasetError: the table is unknown, scikit-learn is not there, or it has another file.
    """
    from scipy.stats import rankdata  # for tables alone

    known = known_table(spec.name)
    found = find_spec("sklearn")  # without importing it, which takes 2 s
    if found is None or found.origin is None:
        raise DatasetError(f"{known.title} comes with scikit-learn, which is not installed.", "Install scikit-learn.")
    content = (Path(found.origin).parent / "datasets" / "data" / known.file).read_bytes()
    if hashlib.sha256(content).hexdigest() != known.sha256:
        raise DatasetError(
            f"{known.file} of the installed scikit-learn is not the file that is known here.",
            "Install the version in requirements.lock.",
        )
    values = np.genfromtxt(content.decode().splitlines(), delimiter=",", skip_header=1)  # the label comes last
    ranks = rankdata(values[:, :-1], axis=0) - 1
    pixels = np.rint(ranks / (len(values) - 1) * 255).astype(np.uint8).reshape(-1, 1, *known.layout)
    images = Images(pixels, values[:, -1].astype(np.int64))
    return Dataset(
        known.name,
        known.title,
        images,
        images,
        known.class_names,
        fingerprint(spec),
        "comes with scikit-learn",
        "table",
    )
