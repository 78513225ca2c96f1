"""Takes the files of a data set out of whatever they are packed in; only verified content arrives."""

from __future__ import annotations

import gzip
import lzma
import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from convscope.datasets.catalogue import DataFile
from convscope.errors import DatasetError

_COMPRESSED = (".gz", ".xz")
_TAR = (".tar", ".tar.gz", ".tgz", ".tar.xz")
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError)  # what reading a bad container raises


@dataclass(frozen=True)
class Problem:
    """A container that could not be used."""

    path: Path
    text: str  # what is wrong, as a clause ("is truncated: …")
    damaged: bool  # its content is wrong; otherwise the system could not read it (no permission, say)


def unpack_wanted(folder: Path, files: Iterable[DataFile], target: Path) -> list[Problem]:
    """Copy the wanted files from anywhere below a folder, unpacked and verified.

    A file may lie there plain, compressed by gzip or xz, or in a tar archive. What is wrong does not arrive.

    Raises DatasetError: ``target`` cannot be written.

    Parameters
    ----------
    folder
        Searched with its sub-folders; may be missing.
    target
        An existing folder outside ``folder``.
    """
    wanted = {file.name: file for file in files}
    problems = []
    for container in sorted(path for path in folder.rglob("*") if _may_hold(path, wanted) and path.is_file()):
        try:
            for name, stream in _contents(container, wanted):
                if not (target / name).exists() and (text := _copy(stream, target / name, wanted[name])):
                    problems.append(Problem(container, text, damaged=True))
        except _DAMAGED as error:
            from_system = isinstance(error, OSError) and error.errno is not None
            text = f"cannot be read: {' '.join(str(error).split())}"
            problems.append(Problem(container, text, damaged=not from_system))
    return problems


def fault_in(content: bytes, file: DataFile) -> str:
    """Say what is wrong with the content of a file, as a clause; nothing ("") if it is as published."""
    view = memoryview(content)
    if len(view) != file.size:
        return _wrong_size(len(view), file, bytes(view[:64]))
    digest = file.hasher()
    digest.update(view)
    return "" if digest.hexdigest() == file.digest else _wrong_content(digest.hexdigest(), file)


def _may_hold(path: Path, wanted: Mapping[str, DataFile]) -> bool:
    plain = path.stem if path.suffix in _COMPRESSED else path.name
    return plain in wanted or path.name.endswith(_TAR)


def _contents(container: Path, wanted: Mapping[str, DataFile]) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the wanted files of a container; compression shows in its first bytes, whatever its name."""
    if container.name.endswith(_TAR):
        with tarfile.open(container) as archive:
            for member in archive:
                name = Path(member.name).name
                if name in wanted and member.isfile() and (stream := archive.extractfile(member)):
                    yield name, stream
        return
    name = container.name if container.name in wanted else container.stem
    with container.open("rb") as stream:
        start = stream.read(6)
        stream.seek(0)
        if start.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=stream) as unzipped:
                yield name, cast(IO[bytes], unzipped)
        elif start == b"\xfd7zXZ\x00":
            with lzma.open(stream) as unzipped:
                yield name, unzipped
        else:
            yield name, stream


def _copy(source: IO[bytes], target: Path, file: DataFile) -> str:
    """Copy a stream to disk and say what is wrong with it, as `fault_in` does; a wrong one does not arrive."""
    digest, size, start = file.hasher(), 0, b""
    partial = target.with_name(f"{target.name}.partial")
    with partial.open("wb") as out:
        # One byte more than expected is enough to know: nothing unpacks to fill the disk.
        while size <= file.size and (chunk := source.read(min(1 << 20, file.size + 1 - size))):
            start = start or chunk[:64]
            digest.update(chunk)
            size += len(chunk)
            _write(out, chunk)
        os.fsync(out.fileno())
    if size != file.size:
        return _wrong_size(size, file, start)
    if digest.hexdigest() != file.digest:
        return _wrong_content(digest.hexdigest(), file)
    partial.replace(target)
    return ""


def _write(out: IO[bytes], chunk: bytes) -> None:
    try:
        out.write(chunk)
        out.flush()
    except OSError as error:  # told apart from a container that cannot be read: a full disk damages no container
        raise DatasetError(f"{out.name} cannot be written: {error.strerror}.", "Free some space.") from error


def _wrong_size(size: int, file: DataFile, start: bytes) -> str:
    if start.lstrip().startswith(b"<"):
        return f"is a web page, not {file.name}"
    if size < file.size:
        return f"is truncated: {size:,} bytes of {file.name} instead of {file.size:,}"
    return f"is too long: more than the {file.size:,} bytes of {file.name}"


def _wrong_content(found: str, file: DataFile) -> str:
    return f"is altered: {file.algorithm} of {file.name} is {found[:12]}… instead of {file.digest[:12]}…"
