"""The code that a training job runs: this package's source and the versions that it is locked to, in one archive."""

from __future__ import annotations

import zipfile
from pathlib import Path

import convscope
from convscope.files import replacing

PACKAGE = Path(convscope.__file__).parent
_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that zip knows: equal sources give equal bytes


def package_code(archive: Path) -> None:
    """Write the package as a zip, from which Python imports without unpacking it (PEP 273).

    Parameters
    ----------
    archive
        ``code.zip``. A checkout's ``requirements.lock`` goes along: it says which versions the image should have.
    """
    files = {path.relative_to(PACKAGE.parent).as_posix(): path for path in PACKAGE.rglob("*") if _belongs(path)}
    lock = PACKAGE.parent.parent / "requirements.lock"
    if lock.is_file():
        files["requirements.lock"] = lock
    with replacing(archive) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            zipped.writestr(entry, files[name].read_bytes())


def _belongs(path: Path) -> bool:
    """Source and the data beside it; fonts and templates of the report are of no use to a training job."""
    inside = path.relative_to(PACKAGE)
    return path.is_file() and "__pycache__" not in inside.parts and inside.parts[0] not in {"report", "figures"}
