"""A submission made by the real command, unpacked, changed and sealed again, as somebody would who wants to hide it."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from checkout import SMOKE_STUDIES, Checkout, SmokeBuild
from convscope.handin.bundle import Bundled, sealed, write_bundle
from convscope.runs.store import RunStore

AUTHOR = """title: My title
course: Neural Networks 101
authors:
  - {given-names: Ada, family-names: Lovelace}
extra:
  Matriculation number: "0123456"
"""
FOLDER = "lovelace-neural-networks-101"


@dataclass(frozen=True)
class Submitted:
    """A checkout under git, whose build was handed in by the real command."""

    checkout: Checkout
    process: subprocess.CompletedProcess[str]

    @classmethod
    def of(cls, checkout: Checkout) -> Submitted:
        (checkout.root / "report" / "author.yml").write_text(AUTHOR)
        git(checkout.root, "init", "--quiet")
        git(checkout.root, "add", "--all")
        git(checkout.root, "commit", "--quiet", "--message", "My version")
        return cls(checkout, checkout.run("submit", limit=900, STUDIES=SMOKE_STUDIES))

    @property
    def path(self) -> Path:
        return self.checkout.build / "submission.zip"

    def again(self, **options: Any) -> Bundled:
        """Write the archive again from the same build."""
        root = self.checkout.root
        return write_bundle(root, self.checkout.build, RunStore(self.checkout.runs), **{"profile": "smoke"} | options)


@pytest.fixture(scope="session")
def submitted(smoke_session: SmokeBuild, tmp_path_factory: pytest.TempPathFactory) -> Submitted:
    return Submitted.of(Checkout.twin_of(smoke_session.checkout, tmp_path_factory.mktemp("submitted")))


@pytest.fixture
def unpacked(submitted: Submitted, tmp_path: Path) -> Path:
    assert submitted.process.returncode == 0, submitted.process.stderr[-3000:]
    return unpack(submitted.path, tmp_path / "unpacked")


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def unpack(path: Path, folder: Path) -> Path:
    """Unpack an archive, which has one folder, and return that."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    (inside,) = folder.iterdir()
    return inside


def reseal(folder: Path, **facts: Any) -> None:
    """Write the manifest again."""
    manifest = json.loads((folder / "MANIFEST.json").read_bytes())
    del manifest["files"], manifest["seal"]
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != "MANIFEST.json")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    (folder / "MANIFEST.json").write_bytes(sealed(manifest | facts, files)[1])


def pack(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, f"{folder.name}/{file.relative_to(folder).as_posix()}")
    return path


def edit_json(path: Path, edit: Callable[[Any], object]) -> None:
    found = json.loads(path.read_bytes())
    edit(found)
    path.write_text(json.dumps(found))
