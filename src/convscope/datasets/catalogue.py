"""The public data sets: their files, classes, licences and citations. Constants; no data is read."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Literal

from convscope.errors import DatasetError
from convscope.specs import DatasetSpec, Glyphs, ImageFolder, Table, canonical_json

# Raised by whoever changes what `glyphs.generate` draws from the same parameters.
GLYPHS_REVISION = 1
# Raised by whoever changes what `tables.load_table` makes of the same file.
TABLE_REVISION = 1


@dataclass(frozen=True)
class DataFile:
    """One file of a data set, as it is when unpacked."""

    name: str  # without a folder and without ``.gz``
    size: int  # bytes
    # of the content, in hexadecimal: containers (gzip, tar) differ from mirror to mirror, the content not
    sha256: str = ""
    git_blob: str = ""  # in place of it where nobody published a SHA-256 of the content: what ``git hash-object`` gives

    @property
    def digest(self) -> str:
        """The hash that decides, in hexadecimal."""
        return self.sha256 or self.git_blob

    @property
    def algorithm(self) -> str:
        """Its name, for people."""
        return "SHA-256" if self.sha256 else "git blob"

    def hasher(self) -> hashlib._Hash:
        """Return what computes `digest` from the content."""
        if self.sha256:
            return hashlib.sha256()
        return hashlib.sha1(f"blob {self.size}\0".encode(), usedforsecurity=False)


@dataclass(frozen=True)
class PublicDataset:
    """A data set that others published."""

    # ``"fashion-mnist"`` and ``"Fashion-MNIST"``
    name: str
    title: str
    # ``"idx"``: images and labels of each part as IDX files. ``"cifar"``: pickles of the Python version
    file_format: Literal["idx", "cifar"]
    files: tuple[DataFile, ...]  # all that is needed, nothing else
    class_names: tuple[str, ...]  # in the order of the labels
    # for the report; the licence as far as its authors state one
    licence: str
    citation: str
    torchvision_class: str  # class of `torchvision.datasets` whose mirrors serve the files
    debian_package: str | None = None  # Debian package with the same files, where there is one


def _idx_files(train_images: str, train_labels: str, test_images: str, test_labels: str) -> tuple[DataFile, ...]:
    """Files of 60,000 + 10,000 images of 28 x 28 pixels, from their SHA-256; headers have 16 and 8 bytes."""
    return (
        DataFile("train-images-idx3-ubyte", 16 + 60_000 * 28 * 28, train_images),
        DataFile("train-labels-idx1-ubyte", 8 + 60_000, train_labels),
        DataFile("t10k-images-idx3-ubyte", 16 + 10_000 * 28 * 28, test_images),
        DataFile("t10k-labels-idx1-ubyte", 8 + 10_000, test_labels),
    )


MNIST = PublicDataset(
    name="mnist",
    title="MNIST",
    file_format="idx",
    files=_idx_files(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    class_names=tuple("0123456789"),
    licence="Copyright Yann LeCun, Corinna Cortes, Christopher Burges; commonly cited as CC BY-SA 3.0",
    citation="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document "
    "recognition. Proceedings of the IEEE 86(11), 1998.",
    torchvision_class="MNIST",
)

FASHION_MNIST = PublicDataset(
    name="fashion-mnist",
    title="Fashion-MNIST",
    file_format="idx",
    files=_idx_files(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    class_names=(
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
    licence="MIT, Copyright Zalando SE",
    citation="H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a novel image dataset for benchmarking machine "
    "learning algorithms. arXiv:1708.07747, 2017.",
    torchvision_class="FashionMNIST",
    debian_package="dataset-fashion-mnist",
)  # fmt: skip

CIFAR10 = PublicDataset(
    name="cifar10",
    title="CIFAR-10",
    file_format="cifar",
    files=(
        DataFile("data_batch_1", 31_035_704, "54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd"),
        DataFile("data_batch_2", 31_035_320, "766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8"),
        DataFile("data_batch_3", 31_035_999, "0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9"),
        DataFile("data_batch_4", 31_035_696, "3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b"),
        DataFile("data_batch_5", 31_035_623, "d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154"),
        DataFile("test_batch", 31_035_526, "f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831"),
    ),
    class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    licence="None stated by its authors; a subset of 80 Million Tiny Images, which was withdrawn in 2020",
    citation="A. Krizhevsky: Learning multiple layers of features from tiny images. Technical report, "
    "University of Toronto, 2009.",
    torchvision_class="CIFAR10",
)

KMNIST = PublicDataset(
    name="kmnist",
    title="KMNIST",
    file_format="idx",
    files=(
        DataFile("train-images-idx3-ubyte", 47_040_016, git_blob="3cf037df1ccd08cf71c7e9465ca6bc729e79a251"),
        DataFile("train-labels-idx1-ubyte", 60_008, "2a16eeae62da984b8bd24fa32e31d47291f01dac3fe84d5594f304f71e7d374b"),
        DataFile(
            "t10k-images-idx3-ubyte", 7_840_016, "76fbd229ce87db80dd281af5e6670de4ad0e42fb30a7bd643972994c47c1f42e"
        ),
        DataFile("t10k-labels-idx1-ubyte", 10_008, "a11dc742be8e781a40a92f53d6a4957e7b7d36df2faa097659131ebfd8fd60c6"),
    ),
    class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    licence="CC BY-SA 4.0",
    citation="T. Clanuwat, M. Bober-Irizar, A. Kitamoto, A. Lamb, K. Yamamoto, D. Ha: Deep learning for classical "
    "Japanese literature. arXiv:1812.01718, 2018.",
    torchvision_class="KMNIST",
)

PUBLIC = {dataset.name: dataset for dataset in (MNIST, FASHION_MNIST, CIFAR10, KMNIST)}


def public(name: str) -> PublicDataset:
    """Return what is known of a public data set.

    Raises DatasetError: there is none of this name.
    """
    if name not in PUBLIC:
        raise DatasetError(f"{name!r} is no data set; known are {', '.join(sorted(PUBLIC))}.")
    return PUBLIC[name]


@dataclass(frozen=True)
class KnownTable:
    """A table that comes with scikit-learn."""

    # ``"breast-cancer"`` and ``"Breast cancer (table)"``
    name: str
    title: str
    # in scikit-learn's data folder, and the hash of its content
    file: str
    sha256: str
    rows: int  # number of rows, which `PlannedRun.expected_seconds` needs without reading them
    layout: tuple[int, int]  # (height, width) of a row as an image, row by row; their product is the number of columns
    class_names: tuple[str, ...]  # in the order of the labels
    # for the report
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

    Raises DatasetError: there is none of this name.
    """
    if name not in TABLES:
        raise DatasetError(f"{name!r} is no table; known are {', '.join(sorted(TABLES))}.")
    return TABLES[name]


def public_class_names(dataset: DatasetSpec) -> tuple[str, ...]:
    """Return the class names of a public data set, none for others."""
    return public(dataset).class_names if isinstance(dataset, str) else ()


@cache
def _matplotlib_version() -> str:
    """Version of matplotlib; asked for once, since reading a package's metadata takes 7 ms and a build has 200 runs."""
    return version("matplotlib")


def fingerprint(dataset: DatasetSpec) -> str:
    """SHA-256, in hexadecimal, of everything that decides a data set's content; reads no data.

    Of a public data set: over the sorted hashes of its files. Of glyphs: over their parameters, the revision
    of the generator and the version of matplotlib, which pins the fonts and the rasteriser. Of a folder: the one
    that was taken when its specification was made. Of a table: over the hash of its file and the revision of its
    layout.
    """
    if isinstance(dataset, ImageFolder):
        return dataset.fingerprint
    if isinstance(dataset, Glyphs):
        content = f"{canonical_json(dataset)}\nrevision {GLYPHS_REVISION}\nmatplotlib {_matplotlib_version()}"
    elif isinstance(dataset, Table):
        content = f"{known_table(dataset.name).sha256}\nrevision {TABLE_REVISION}"
    else:
        content = "\n".join(sorted(file.digest for file in public(dataset).files))
    return hashlib.sha256(content.encode()).hexdigest()


def dataset_key(dataset: DatasetSpec) -> str:
    """Name a data set in metrics.json, pictures, figures and anchors: two that differ never share a name.

    A public data set or a table has its own. Glyphs and folders, whose readable names say too little, add the
    first eight digits of a hash over their settings and content.
    """
    if isinstance(dataset, str | Table):
        return dataset if isinstance(dataset, str) else dataset.name
    if isinstance(dataset, Glyphs):
        content = f"-{dataset.content}" if dataset.content else ""
        readable = f"glyphs-{dataset.size}{content}-{'grey' if dataset.channels == 1 else 'rgb'}"
    else:
        readable = folder_key(dataset.name)
    identity = f"{canonical_json(dataset)}\n{fingerprint(dataset)}"
    return f"{readable}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"


def folder_key(name: str) -> str:
    """Turn the name of a folder into letters and digits alone: it stands in file names, JSON pointers and anchors."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "folder"
