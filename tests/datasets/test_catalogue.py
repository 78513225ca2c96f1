from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from torchvision import datasets

from convscope.datasets import catalogue
from convscope.datasets.catalogue import PUBLIC, DataFile, fingerprint, public
from convscope.datasets.unpack import fault_in
from convscope.errors import DatasetError
from convscope.specs import Glyphs

PROJECT = Path(__file__).parents[2]


def test_fingerprint_of_files_ignores_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = sorted(file.sha256 for file in PUBLIC["mnist"].files)
    assert fingerprint("mnist") == hashlib.sha256("\n".join(hashes).encode()).hexdigest()
    before = fingerprint("mnist")
    entry = PUBLIC["mnist"]
    monkeypatch.setitem(PUBLIC, "mnist", replace(entry, files=entry.files[::-1]))
    assert fingerprint("mnist") == before


def test_fingerprints_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets: list[str | Glyphs] = [*PUBLIC, Glyphs(), Glyphs(seed=1), Glyphs(shift=3)]
    assert len({fingerprint(dataset) for dataset in datasets}) == len(datasets)
    assert fingerprint(Glyphs(seed=0)) == fingerprint(Glyphs())
    before = fingerprint(Glyphs())
    monkeypatch.setattr(catalogue, "GLYPHS_REVISION", catalogue.GLYPHS_REVISION + 1)
    assert fingerprint(Glyphs()) != before
    after = fingerprint(Glyphs())
    monkeypatch.setattr(catalogue, "_matplotlib_version", lambda: "0.0")
    assert fingerprint(Glyphs()) != after


def test_fingerprints_need_no_library() -> None:
    script = (
        "import sys\n"
        "from convscope.datasets.catalogue import fingerprint\n"
        "from convscope.specs import Glyphs\n"
        "fingerprint('cifar10'), fingerprint(Glyphs())\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"numpy", "torch", "torchvision", "matplotlib"} & set(done.stdout.split())


def test_loading_needs_numpy_alone() -> None:
    script = "import sys, convscope.datasets.load, convscope.datasets.splits; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"torch", "torchvision", "matplotlib", "scipy", "PIL"} & set(done.stdout.split())


def test_unknown_name() -> None:
    with pytest.raises(DatasetError, match=f"'emnist' is no data set; known are {', '.join(sorted(PUBLIC))}"):
        public("emnist")


def test_the_table_of_files_is_the_catalogue() -> None:
    rows = re.findall(r"^\| `\S+` \| [\d,]+ \| `\S+` \|$", (PROJECT / "data/README.md").read_text(), re.M)
    due = [
        f"| `{data}/{file.name}` | {file.size:,} | `{file.digest}` |" for data in PUBLIC for file in PUBLIC[data].files
    ]
    assert rows == due, "the rows of data/README.md's table of files are to be:\n" + "\n".join(due)


def test_names_agree_with_torchvision() -> None:
    assert public("fashion-mnist").class_names == tuple(datasets.FashionMNIST.classes)
    assert public("kmnist").class_names == tuple(datasets.KMNIST.classes)
    for name in ("mnist", "fashion-mnist", "kmnist"):
        resources = getattr(datasets, public(name).torchvision_class).resources
        assert {file.name for file in public(name).files} == {Path(path).stem for path, _ in resources}
    batches = datasets.CIFAR10.train_list + datasets.CIFAR10.test_list
    assert [file.name for file in public("cifar10").files] == [name for name, _ in batches]


def test_a_content_known_by_its_git_name_alone_is_verified(tmp_path: Path) -> None:
    """Git itself is the judge, where it is installed."""
    (tmp_path / "x").write_bytes(b"content")
    named = subprocess.run(["git", "hash-object", "x"], cwd=tmp_path, capture_output=True, text=True, check=True)
    file = DataFile("x", 7, git_blob=named.stdout.strip())
    assert fault_in(b"content", file) == ""
    assert "git blob of x is" in fault_in(b"CONTENT", file)
