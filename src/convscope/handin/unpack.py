"""A stranger's archive, unpacked: what could harm this machine is refused before anything is written."""

from __future__ import annotations

import re
import stat
import unicodedata
import zipfile
from pathlib import Path, PurePosixPath

from convscope.errors import ConvscopeError
from convscope.handin import verify

MOST_FILES = 50_000
MOST_BYTES = 2_000_000_000  # all weights of a full profile with every study are below one
MOST_RATIO = 200  # DEFLATE reaches 1032; text and arrays of a submission stay below 30
SMALL = 1_000_000  # bytes: a file of zeros may be squeezed well, as long as it is small
LONGEST_NAME = 240
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


class HostileArchive(ConvscopeError):
    """An archive that is not unpacked; the message says why."""


def unpack(path: Path, folder: Path) -> Path:
    """Unpack a submission, and return the folder that its manifest is in.

    Parameters
    ----------
    folder
        An empty folder.

    Raises
    ------
    HostileArchive
        It is no zip archive, is damaged, holds names that lead elsewhere, twice the same name, links, or more than a
        submission can be.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check(path, entries)
            left = MOST_BYTES
            for entry in entries:
                if not entry.is_dir():
                    left = _write(archive, entry, folder / entry.filename, left)
    except OSError as error:
        raise HostileArchive(f"{path.name} cannot be read: {error.strerror or error}.") from None
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise HostileArchive(f"{path.name} is no archive that can be read: {error}.") from None
    manifests = sorted(entry.filename for entry in entries if PurePosixPath(entry.filename).name == verify.MANIFEST)
    own = [name for name in manifests if name == verify.MANIFEST]
    places = own or [name for name in manifests if name.count("/") == 1]  # or in one folder
    if len(places) != 1:
        raise HostileArchive(f"{path.name} is no submission: it has {len(places)} {verify.MANIFEST}.")
    return (folder / places[0]).parent


def _check(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    """Look at the list of files alone."""
    if len(entries) > MOST_FILES:
        raise HostileArchive(f"{path.name} has {len(entries):,} files; a submission has at most {MOST_FILES:,}.")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise HostileArchive(f"{path.name} would unpack to more than {MOST_BYTES / 1e9:.0f} GB.")
    if sum(entry.compress_size for entry in entries) > path.stat().st_size:
        raise HostileArchive(f"{path.name} has files that share their bytes, as archives do that grow without end.")
    seen: dict[str, str] = {}
    for entry in entries:
        name = entry.filename
        if reason := _harm(entry):
            raise HostileArchive(f"{path.name} has {name!r:.200}, {reason}.")
        # As file systems see it that ignore case or compose accents.
        same = unicodedata.normalize("NFC", name.rstrip("/")).casefold()
        if same in seen:
            raise HostileArchive(f"{path.name} has {name!r} and {seen[same]!r}, which are one file.")
        seen[same] = name
    for same, name in seen.items():
        for parent in PurePosixPath(same).parents:
            if (above := seen.get(str(parent))) and not above.endswith("/"):
                raise HostileArchive(f"{path.name} has {above!r} as a file and as the folder of {name!r}.")


def _harm(entry: zipfile.ZipInfo) -> str:
    """Say why an entry is not unpacked; empty where it may be."""
    name = entry.filename
    parts = PurePosixPath(name).parts
    kind = stat.S_IFMT(entry.external_attr >> 16)
    reserved = any(_RESERVED.fullmatch(part) or part != part.rstrip(" .") for part in parts)
    size, squeezed = entry.file_size, entry.compress_size
    reasons = {
        "a name that leads out of its folder": not verify.is_inside(name.removesuffix("/")),
        "a name that not every system can have": reserved or len(name) > LONGEST_NAME,
        "a link or a device": kind not in (0, stat.S_IFREG, stat.S_IFDIR),
        "encrypted": entry.flag_bits & 0x1,
        "squeezed in a way that submissions are not": entry.compress_type not in _METHODS,
        f"{size:,} bytes out of {squeezed:,}: a bomb": size > max(SMALL, MOST_RATIO * squeezed),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Write a file, whatever size it claims to have; return how many bytes may still come."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, target.open("xb") as file:
        while chunk := source.read(1 << 20):
            left -= len(chunk)
            if left < 0:
                raise HostileArchive(f"{archive.filename} unpacks to more than it says.")
            file.write(chunk)
    return left
