"""Tables of numbers laid out as small grey images: data whose columns have no places and no neighbours."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from convscope.datasets.dataset import Dataset, Images
from convscope.errors import DatasetError
from convscope.specs import Table


@dataclass(frozen=True)
class KnownTable:
    """A table that comes with scikit-learn.

    Parameters
    ----------
    name, title
        ``"breast-cancer"`` and ``"Breast cancer (table)"``.
    file, sha256
        In scikit-learn's data folder, and the hash of its content.
    rows
        Number of rows, which `PlannedRun.expected_seconds` needs without reading them.
    layout
        (height, width) of a row as an image, row by row; their product is the number of columns.
    class_names
        In the order of the labels.
    licence, citation
        For the report.
    """

    name: str
    title: str
    file: str
    sha256: str
    rows: int
    layout: tuple[int, int]
    class_names: tuple[str, ...]
    licence: str
    citation: str


BREAST_CANCER = KnownTable(
    name="breast-cancer",
    title="Breast cancer (table)",
    file="breast_cancer.csv",
    sha256="fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed",
    rows=569,
    layout=(5, 6),
    class_names=("malignant", "benign"),
    licence="CC BY 4.0",
    citation="W. Wolberg, O. Mangasarian, N. Street, W. Street: Breast Cancer Wisconsin (Diagnostic). UCI Machine "
    "Learning Repository, 1993.",
)
TABLES = {table.name: table for table in (BREAST_CANCER,)}


def known_table(name: str) -> KnownTable:
    """Return what is known of a table.

    Raises
    ------
    DatasetError
        There is none of this name.
    """
    if name not in TABLES:
        raise DatasetError(f"{name!r} is no table; known are {', '.join(sorted(TABLES))}.")
    return TABLES[name]


def load_table(spec: Table, fingerprint: str) -> Dataset:
    """Read a table as images, uint8 (rows, 1, height, width); all rows are training and test part at once.

    Each column is replaced by the ranks of its values over all rows, scaled to 0 to 255: columns of any unit and
    skewness get the same range. No label enters.

    Parameters
    ----------
    spec
        Names the table.
    fingerprint
        Of the data set, as the catalogue gives it.

    Raises
    ------
    DatasetError
        The table is unknown, scikit-learn is not there, or it has another file.
    """
    from scipy.stats import rankdata  # noqa: PLC0415  # for tables alone

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
        known.name, known.title, images, images, known.class_names, fingerprint, "comes with scikit-learn", "table"
    )
