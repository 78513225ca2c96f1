"""Writing files so that they are complete or absent, whenever the process is killed."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

Json = dict[str, Any]
"""What an object of a JSON file holds where no record types it: for templates, for pointers into it, from others."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary file beside `path` to write to; it takes the place of `path` when the block ends well.

    Examples
    --------
    >>> with replacing(Path("report.pdf")) as temporary:
    ...     compile_pdf(output=temporary)
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=f".tmp{path.suffix}")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        _sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path`; it takes the place of `path` when the block ends well.

    A folder cannot replace another in one step on every system: the old one is moved aside first. A process killed
    between the two leaves no `path`, never a half-written one. Of several processes that write it at once, the last
    one wins.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp"))
    try:
        yield temporary
        temporary.chmod(0o755)
        for file in temporary.rglob("*"):
            if file.is_file():
                _sync(file)
        while not _renamed(temporary, path):  # again, where another process put its folder there meanwhile
            _move_away(path)
        _sync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _renamed(folder: Path, path: Path) -> bool:
    """Rename a folder, unless there is a folder with content in its place."""
    try:
        folder.rename(path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def _move_away(path: Path) -> None:
    """Rename a folder and remove it: nobody sees it while it is half gone."""
    aside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".old"))
    with suppress(FileNotFoundError):  # another process was faster
        path.rename(aside / path.name)
    shutil.rmtree(aside)


def write_text(path: Path, text: str) -> None:
    """Write text, complete or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write JSON, keys in the order they have. NaN and infinities are refused."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def remembered(path: Path) -> Json:
    """Return the object of a JSON file that only spares work; nothing where it is absent or damaged."""
    try:
        known = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as CSV; columns are all that any row has, in the order they appear."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sizes_and_digests(folder: Path) -> dict[str, dict[str, Any]]:
    """Return size and SHA-256 of each file of a folder, by name."""
    return {file.name: {"bytes": file.stat().st_size, "sha256": sha256_of(file)} for file in sorted(folder.iterdir())}


def digest(parts: Iterable[str]) -> str:
    """SHA-256 over several texts, in order; their boundaries count."""
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


def digest_of_files(paths: Iterable[Path]) -> str:
    """One digest for the names and contents of files; a file that is missing counts as such.

    Names are taken relative to the folder that holds all of them, so that a moved checkout is built already.
    """
    files = sorted(paths)
    folder = os.path.commonpath([path.absolute().parent for path in files]) if files else ""
    described = ((os.path.relpath(path, folder), sha256_of(path) if path.is_file() else "missing") for path in files)
    return digest(part for pair in described for part in pair)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
