"""Archives of strangers: what could harm the machine that looks at them is refused before a file is written."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from convscope.handin import unpack as unpacking
from convscope.handin.unpack import HostileArchive, unpack

Write = Callable[[zipfile.ZipFile], object]


def archive(path: Path, write: Write, folder: str = "ada/") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr(f"{folder}MANIFEST.json", "{}")
        target.writestr(f"{folder}source/MANIFEST.json", "{}")
        write(target)
    return path


def link(target: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("ada/link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    target.writestr(entry, "/etc/passwd")


def device(target: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("ada/null")
    entry.external_attr = (stat.S_IFCHR | 0o666) << 16
    target.writestr(entry, "")


def named(*names: str) -> Write:
    def write(target: zipfile.ZipFile) -> None:
        for name in names:
            target.writestr(name, "x")

    return write


def bomb(target: zipfile.ZipFile) -> None:
    target.writestr("ada/zeros", b"0" * 20_000_000)


@pytest.mark.parametrize("folder", ["", "ada/"])
def test_an_archive_with_or_without_a_folder_is_unpacked(tmp_path: Path, folder: str) -> None:
    path = archive(tmp_path / "a.zip", named(f"{folder}report/Übung é.html"), folder)
    inside = unpack(path, tmp_path / "out")
    assert inside == tmp_path / "out" / folder.rstrip("/")
    assert (inside / "report" / "Übung é.html").read_text() == "x"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("write", "said"),
    [
        (named("../x"), "a name that leads out of its folder"),
        (named("ada/../../x"), "a name that leads out of its folder"),
        (named("/etc/x"), "a name that leads out of its folder"),
        (named("ada/C:x"), "a name that leads out of its folder"),
        (named("ada/a\\..\\x"), "a name that leads out of its folder"),
        (named("ada/con.txt"), "a name that not every system can have"),
        (named("ada/x "), "a name that not every system can have"),
        (named("ada/" + "x" * 300), "a name that not every system can have"),
        (named("ada/x", "ada/x"), "which are one file"),
        (named("ada/x", "ada/X"), "which are one file"),
        (named("ada/\u00e9", "ada/e\u0301"), "which are one file"),
        (named("ada/x", "ada/x/y"), "as a file and as the folder of"),
        (link, "a link or a device"),
        (device, "a link or a device"),
        (bomb, "a bomb"),
        (named("eve/MANIFEST.json"), "it has 2 MANIFEST.json"),
    ],
)
def test_what_could_do_harm_is_refused_and_nothing_is_left_outside(tmp_path: Path, write: Write, said: str) -> None:
    path = archive(tmp_path / "a.zip", write)
    (tmp_path / "in").mkdir()
    with pytest.raises(HostileArchive) as raised:
        unpack(path, tmp_path / "in" / "out")
    assert said in raised.value.message
    assert raised.value.message.startswith("a.zip ")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.zip", "in"]
    if "MANIFEST" not in said:
        assert not list((tmp_path / "in").iterdir())


def test_sizes_that_lie_are_noticed_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path / "a.zip", lambda target: target.writestr("ada/x", b"1" * 5000, zipfile.ZIP_STORED))
    content = bytearray(path.read_bytes())
    at = content.rindex(struct.pack("<II", 5000, 5000))  # in the central directory
    content[at : at + 8] = struct.pack("<II", 50, 50)
    path.write_bytes(content)
    with pytest.raises(HostileArchive):
        unpack(path, tmp_path / "out")
    monkeypatch.setattr(unpacking, "MOST_BYTES", 100)
    with pytest.raises(HostileArchive, match="would unpack to more than"):
        unpack(archive(tmp_path / "b.zip", named("ada/y" * 30, *(f"ada/{n}" for n in range(100)))), tmp_path / "out2")


def test_too_many_files_shared_bytes_and_what_is_no_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_FILES", 5)
    with pytest.raises(HostileArchive, match="a submission has at most 5"):
        unpack(archive(tmp_path / "a.zip", named(*(f"ada/{n}" for n in range(9)))), tmp_path / "out")
    text = tmp_path / "text.zip"
    text.write_text("no archive")
    with pytest.raises(HostileArchive, match="is no archive that can be read"):
        unpack(text, tmp_path / "out")
    with pytest.raises(HostileArchive, match="cannot be read: No such file"):
        unpack(tmp_path / "absent.zip", tmp_path / "out")
    whole = archive(tmp_path / "b.zip", named("ada/x")).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(HostileArchive, match="is no archive that can be read"):
        unpack(tmp_path / "cut.zip", tmp_path / "out")


def test_entries_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """As in archives that grow without end: every entry points to the same block."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
        target.writestr("ada/MANIFEST.json", b"0" * 900)
        first = target.infolist()[0]
        for number in range(20):
            again = zipfile.ZipInfo(f"ada/{number}")
            again.compress_size = again.file_size = first.file_size
            again.CRC, again.header_offset = first.CRC, first.header_offset
            target.filelist.append(again)
    with pytest.raises(HostileArchive, match=r"share their bytes|no archive"):
        unpack(path, tmp_path / "out")
