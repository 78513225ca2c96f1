from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from convscope.files import digest, digest_of_files, replacing, replacing_folder, sha256_of, write_json, write_text


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_takes_its_place_when_the_block_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.pdf"
    with replacing(path) as temporary:
        assert temporary.suffix == ".pdf"  # programs choose a format by it
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert names(path.parent) == {"report.pdf"}


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert names(tmp_path) == {"a.txt"}


@pytest.mark.parametrize("old", [True, False])
def test_a_failure_leaves_the_old_folder(tmp_path: Path, old: bool) -> None:
    path = tmp_path / "figures"
    if old:
        path.mkdir()
        (path / "one.svg").write_text("old")

    def fail() -> None:
        with replacing_folder(path) as temporary:
            (temporary / "one.svg").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert names(tmp_path) == ({"figures"} if old else set())
    assert not old or (path / "one.svg").read_text() == "old"


def test_a_folder_replaces_the_whole_old_one(tmp_path: Path) -> None:
    path = tmp_path / "site"
    for content in ("first", "second"):
        with replacing_folder(path) as temporary:
            (temporary / content).mkdir()
            (temporary / content / "page.html").write_text(content)
        assert names(path) == {content}
        assert (path / content / "page.html").read_text() == content
    assert path.stat().st_mode & 0o777 == 0o755
    assert names(tmp_path) == {"site"}


def test_a_file_in_the_folders_place_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "site"
    path.write_text("a file")

    def replace() -> None:
        with replacing_folder(path) as temporary:
            (temporary / "page.html").write_text("x")

    with pytest.raises(NotADirectoryError, match="site"):
        replace()
    assert path.read_text() == "a file"
    assert names(tmp_path) == {"site"}


WRITER = """
import sys
from pathlib import Path
from convscope.files import replacing_folder
path, name, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
for count in range(times):
    with replacing_folder(path) as folder:
        for part in range(4):
            (folder / f"{part}.txt").write_text(f"{name} {count}\\n" * 2000)
"""


def writer(path: Path, name: str, times: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WRITER, str(path), name, str(times)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def is_whole(folder: Path) -> bool:
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    lines = {line for text in texts.values() for line in text.splitlines()}
    counts = {text.count("\n") for text in texts.values()}
    return set(texts) == {f"{part}.txt" for part in range(4)} and len(lines) == 1 and counts == {2000}


def test_a_killed_process_leaves_a_whole_folder_or_none(tmp_path: Path) -> None:
    path, waits = tmp_path / "result", random.Random(0)
    found = 0
    for attempt in range(20):
        process = writer(path, str(attempt), 10**9)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(waits.uniform(0, 0.05))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        if path.exists():
            found += 1
            assert is_whole(path)
    assert found > 5  # the kills did come while folders were written


def test_processes_that_write_the_same_folder_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "result"
    processes = [writer(path, name, 100) for name in "abc"]
    errors = [process.communicate()[1] for process in processes]
    assert errors == ["", "", ""]
    assert is_whole(path)
    assert names(tmp_path) == {"result"}


def test_text_and_json(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "3×3\n")
    assert (tmp_path / "a.txt").read_bytes() == "3×3\n".encode()
    write_json(tmp_path / "a.json", {"b": 1, "a": [0.1]})
    assert (tmp_path / "a.json").read_text() == '{\n "b": 1,\n "a": [\n  0.1\n ]\n}\n'
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not JSON compliant"):
            write_json(tmp_path / "a.json", [value])
    assert (tmp_path / "a.json").read_text().startswith('{\n "b"')


def test_digests(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    assert sha256_of(file) == hashlib.sha256(b"abc").hexdigest()
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert digest(["a", "b"]) != digest(["b", "a"])
    here = digest_of_files([file, tmp_path / "b"])
    assert here == digest_of_files([tmp_path / "b", file])
    (tmp_path / "b").write_bytes(b"")
    assert digest_of_files([file, tmp_path / "b"]) != here  # missing and empty are not the same
