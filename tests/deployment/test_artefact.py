"""Artefacts: what is written is read, and what is damaged is refused."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_run
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from convscope.datasets.splits import split
from convscope.deployment.artefact import (
    HEADER,
    WEIGHTS,
    ArtefactError,
    read_artefact,
    unpack_archive,
)
from convscope.files import sha256_of
from convscope.models.torch_model import build
from convscope.specs import from_json
from sagemaker_emulator.storage import pack_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny_run.artefact(tmp_path / "model")
    return tmp_path / "model"


def test_what_is_written_is_read(folder: Path) -> None:
    result, artefact = tiny_run.result(), read_artefact(folder)
    images = split(tiny_run.dataset(), result.spec.data, result.spec.seed)
    assert artefact.run == result.spec
    assert artefact.model == result.spec.model
    assert artefact.mode == result.mode
    assert artefact.key == result.key
    assert artefact.test_accuracy == result.test_accuracy
    assert artefact.class_names == tuple("0123456789")
    np.testing.assert_array_equal(artefact.mean, images.mean)
    np.testing.assert_array_equal(artefact.scale, images.scale)
    assert artefact.weights.keys() == result.weights.keys()
    for name, array in result.weights.items():
        np.testing.assert_array_equal(artefact.weights[name], array)


def test_header_is_what_others_rely_on(folder: Path) -> None:
    header = json.loads((folder / HEADER).read_bytes())
    assert header["format"] == 1
    assert header["name"] == "tiny/cnn/seed0"
    assert header["dataset"] == tiny_run.dataset().title
    assert from_json(header["run"]) == tiny_run.spec()
    assert sorted(path.name for path in folder.iterdir()) == [HEADER, WEIGHTS]


def test_written_again_it_is_the_same(folder: Path) -> None:
    before = read_artefact(folder).sha256
    assert tiny_run.artefact(folder).sha256 == before
    assert tiny_run.artefact(folder, channels=3).sha256 != before


def test_arrays_are_those_of_pytorch() -> None:
    for channels in (1, 3):
        model = tiny_run.spec(channels).model
        expected = {name: tuple(array.shape) for name, array in build(model).state_dict().items()}
        assert model.arrays == expected


# ---------------------------------------------------------------- archives


def test_what_system_tar_packs_is_unpacked(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "model.tar.gz"
    subprocess.run(["tar", "czf", archive, "-C", folder, "."], check=True)  # members are ./model.json and the like
    unpack_archive(archive, tmp_path / "unpacked")
    assert read_artefact(tmp_path / "unpacked").sha256 == read_artefact(folder).sha256


def member(name: str, **fields: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


@pytest.mark.parametrize(
    "evil",
    [
        member("../evil", size=4),
        member("folder/../../evil", size=4),
        member("link", type=tarfile.SYMTYPE, linkname="../../evil"),
        member("link", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        member("link", type=tarfile.LNKTYPE, linkname="../evil"),
        member("device", type=tarfile.CHRTYPE),
    ],
    ids=lambda info: f"{info.name} {info.linkname}",
)
def test_archive_that_escapes_its_folder_is_refused(evil: tarfile.TarInfo, tmp_path: Path) -> None:
    archive = tmp_path / "evil.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(member(HEADER, size=4), io.BytesIO(b"good"))
        tar.addfile(evil, io.BytesIO(b"evil"))
    with pytest.raises(ArtefactError):
        unpack_archive(archive, tmp_path / "inner" / "model")
    assert not (tmp_path / "inner" / "model").exists()
    assert not [path for path in tmp_path.rglob("*") if path.name == "evil"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    tiny_run.artefact(folder / "model")
    pack_folder(folder / "model", folder / "model.tar.gz")
    return folder / "model.tar.gz"


def test_missing_archive(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"nothing\.tar\.gz cannot be unpacked"):
        unpack_archive(tmp_path / "nothing.tar.gz", tmp_path / "model")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_archive_cut_off_anywhere_is_refused(archive: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = archive.read_bytes()
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(ArtefactError):
        unpack_archive(cut, tmp_path / "cut")
    assert not (tmp_path / "cut").exists()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_archive_with_a_wrong_bit_gives_no_wrong_model(archive: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(archive.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (tmp_path / "flipped.tar.gz").write_bytes(content)
    try:
        unpack_archive(tmp_path / "flipped.tar.gz", tmp_path / "flipped")
    except ArtefactError:
        return  # some bits of gzip's header mean nothing: then the content must be right
    assert read_artefact(tmp_path / "flipped").sha256 == read_artefact(archive.parent / "model").sha256


# ---------------------------------------------------------------- damaged folders


def edited(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    header = json.loads((folder / HEADER).read_bytes())
    change(header)
    (folder / HEADER).write_text(json.dumps(header))


def with_weights(folder: Path, weights: dict[str, np.ndarray]) -> None:
    """Put other weights into an artefact, with the hash that belongs to them."""
    save_file(weights, folder / WEIGHTS)
    edited(folder, lambda header: header.update(weights_sha256=sha256_of(folder / WEIGHTS)))


@pytest.mark.parametrize("name", [HEADER, WEIGHTS])
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ArtefactError, match=name):
        read_artefact(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b"[" * 10_000, b'{"format": 2}', b'{"a":' * 10_000],
    ids=lambda content: str(content[:12]),
)
def test_header_that_is_none(folder: Path, content: bytes) -> None:
    (folder / HEADER).write_bytes(content)
    with pytest.raises(ArtefactError, match=HEADER):
        read_artefact(folder)


@pytest.mark.parametrize(
    "key",
    [
        "name",
        "dataset",
        "class_names",
        "mean",
        "scale",
        "model",
        "run",
        "mode",
        "key",
        "test_accuracy",
        "weights_sha256",
    ],
)
def test_missing_entry_is_named(folder: Path, key: str) -> None:
    edited(folder, lambda header: header.pop(key))
    with pytest.raises(ArtefactError, match=f"lacks '{key}'"):
        read_artefact(folder)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"class_names": ["cat", "dog"]}, "names 2 classes; its model has 10"),
        ({"mean": [0.1, 0.2, 0.3]}, "1 finite numbers are due"),
        ({"mean": ["grey"]}, "cannot be understood"),
        ({"scale": [0.0]}, "above zero"),
        ({"scale": [float("nan")]}, "finite"),
        ({"model": {"type": "Flatten"}}, "Flatten where ModelSpec is expected"),
        ({"model": {"type": "Transformer"}}, "no specification"),
        ({"model": 3}, "int where ModelSpec is expected"),
        ({"test_accuracy": "good"}, "cannot be understood"),
    ],
)
def test_header_that_does_not_fit(folder: Path, entries: dict[str, Any], message: str) -> None:
    edited(folder, lambda header: header.update(entries))
    with pytest.raises(ArtefactError, match=message):
        read_artefact(folder)


def test_weights_of_another_model(folder: Path, tmp_path: Path) -> None:
    tiny_run.artefact(tmp_path / "colour", channels=3)
    weights = load_file(tmp_path / "colour" / WEIGHTS)
    (folder / WEIGHTS).write_bytes((tmp_path / "colour" / WEIGHTS).read_bytes())
    with pytest.raises(ArtefactError, match="SHA-256 differs"):
        read_artefact(folder)
    with_weights(folder, weights)
    with pytest.raises(ArtefactError, match=r"no weights of this model.*0\.weight"):
        read_artefact(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers(folder: Path, value: float) -> None:
    weights = load_file(folder / WEIGHTS)
    weights["0.bias"][2] = value
    with_weights(folder, weights)
    with pytest.raises(ArtefactError, match=r"0\.bias"):
        read_artefact(folder)


def test_weights_that_are_a_pickle(folder: Path) -> None:
    torch.save(tiny_run.result().weights, folder / WEIGHTS)
    edited(folder, lambda header: header.update(weights_sha256=sha256_of(folder / WEIGHTS)))
    with pytest.raises(ArtefactError, match="cannot be read"):
        read_artefact(folder)
