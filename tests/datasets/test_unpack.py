from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.datasets.catalogue import DataFile
from convscope.datasets.unpack import fault_in, unpack_wanted

CONTENT = bytes(range(256)) * 20
FILE = DataFile("batch", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


def without_content(value: object) -> str | None:
    """Names no content: what gzip writes holds the time, and the names of tests must be the same in every process."""
    return "content" if isinstance(value, bytes) else None


def tar(compression: str, name: str = "a/batch", content: bytes = CONTENT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{compression}") as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    packed, plain = tmp_path / "packed", tmp_path / "plain"
    packed.mkdir()
    plain.mkdir()
    return packed, plain


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("batch", CONTENT),
        ("batch.gz", gzip.compress(CONTENT)),
        ("batch.xz", lzma.compress(CONTENT)),
        ("batch.gz", CONTENT),  # unpacked by a browser that kept the name
        ("sub/folder/batch.gz", gzip.compress(CONTENT)),
        ("all.tar", tar("")),
        ("all.tar.gz", tar("gz")),
        ("all.tgz", tar("gz")),
        ("all.tar.xz", tar("xz")),
        ("all.tar.gz", tar("gz", "../../batch")),  # only names count, no path of an archive is followed
    ],
    ids=without_content,
)
def test_containers(folders: tuple[Path, Path], name: str, content: bytes) -> None:
    packed, plain = folders
    (packed / name).parent.mkdir(parents=True, exist_ok=True)
    (packed / name).write_bytes(content)
    assert unpack_wanted(packed, [FILE], plain) == []
    assert [(path.name, path.read_bytes()) for path in plain.iterdir()] == [("batch", CONTENT)]


FLIPPED = CONTENT[:1000] + bytes([CONTENT[1000] ^ 1]) + CONTENT[1001:]
PAGE = b"<!DOCTYPE html><html><body>Sign in to the network</body></html>"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("batch", CONTENT[:-1], "is truncated: 5,119 bytes of batch instead of 5,120"),
        ("batch", b"", "is truncated: 0 bytes"),
        ("batch", CONTENT + b"\0", "is too long: more than the 5,120 bytes"),
        ("batch", FLIPPED, "is altered: SHA-256 of batch is"),
        ("batch.gz", gzip.compress(FLIPPED), "is altered"),
        ("batch.gz", gzip.compress(CONTENT)[:-20], "cannot be read: Compressed file ended before"),
        ("batch.gz", gzip.compress(CONTENT)[:20], "cannot be read"),
        ("batch.gz", gzip.compress(CONTENT * 3), "is too long"),
        ("batch.gz", lzma.compress(FLIPPED), "is altered"),
        ("batch.gz", b"\x1f\x8bnot gzip at all", "cannot be read"),
        ("batch.gz", PAGE, "is a web page, not batch"),
        ("batch.xz", lzma.compress(CONTENT)[:-30], "cannot be read"),
        ("all.tar.gz", tar("gz", content=FLIPPED), "is altered"),
        ("all.tar.xz", tar("xz")[:200], "cannot be read"),
        ("all.tar.gz", PAGE, "cannot be read"),
    ],
    ids=without_content,
)
def test_what_is_wrong_is_named_and_does_not_arrive(
    folders: tuple[Path, Path], name: str, content: bytes, message: str
) -> None:
    packed, plain = folders
    (packed / name).write_bytes(content)
    (problem,) = unpack_wanted(packed, [FILE], plain)
    assert problem.path == packed / name
    assert message in problem.text
    assert problem.damaged
    assert not (plain / "batch").exists()


def test_a_right_copy_beside_a_wrong_one_is_used(folders: tuple[Path, Path]) -> None:
    packed, plain = folders
    (packed / "batch").write_bytes(FLIPPED)
    (packed / "batch.gz").write_bytes(gzip.compress(CONTENT))
    (problem,) = unpack_wanted(packed, [FILE], plain)
    assert problem.path.name == "batch"
    assert (plain / "batch").read_bytes() == CONTENT


@given(st.integers(0, len(CONTENT) - 1), st.integers(0, 7))
def test_any_flipped_bit_is_seen(place: int, bit: int) -> None:
    changed = bytearray(CONTENT)
    changed[place] ^= 1 << bit
    assert fault_in(CONTENT, FILE) == ""
    assert "is altered" in fault_in(bytes(changed), FILE)
    assert "is truncated" in fault_in(CONTENT[:place] or b"\0", FILE)
