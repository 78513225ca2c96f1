"""Fetches the packed files of a public data set over the network, by torchvision or as a Debian package."""

from __future__ import annotations

import contextlib
import io
import shutil
import socket
import subprocess
from pathlib import Path

from convscope.datasets.catalogue import PublicDataset
from convscope.errors import DatasetError

SILENCE = 10.0  # seconds without an answer after which a server counts as unreachable
LONGEST = 1800.0  # seconds for a whole package


def by_torchvision(dataset: PublicDataset, folder: Path) -> None:
    """Download into a folder from the mirrors that torchvision knows.

    Raises
    ------
    DatasetError
        No mirror answers, or what it sends has not the MD5 that torchvision knows.
    """
    silence_before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE)  # torchvision passes no time limit to urllib
    try:
        # Its progress bars go to either stream.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            from torchvision import datasets  # noqa: PLC0415  # seconds, and only needed here

            getattr(datasets, dataset.torchvision_class)(folder, download=True)
    except Exception as error:  # whatever urllib, ssl, gzip and torchvision itself raise
        raise DatasetError(" ".join(str(error).split()) or type(error).__name__) from error
    finally:
        socket.setdefaulttimeout(silence_before)


def by_debian(dataset: PublicDataset, folder: Path) -> None:
    """Download and unpack the Debian package into a folder; needs neither root nor an installation.

    Raises
    ------
    DatasetError
        There is no such package, no apt-get, or the package cannot be fetched.
    """
    if dataset.debian_package is None:
        raise DatasetError("there is no Debian package")
    limits = ["-o", "Acquire::Retries=0", "-o", f"Acquire::http::Timeout={SILENCE:.0f}"]
    _run(["apt-get", *limits, "download", dataset.debian_package], folder)
    for package in folder.glob("*.deb"):
        _run(["dpkg", "-x", package.name, "content"], folder)


def _run(command: list[str], folder: Path) -> None:
    program = command[0]
    if shutil.which(program) is None:
        raise DatasetError(f"this machine has no {program}")
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired as error:
        raise DatasetError(f"{program} took longer than {LONGEST:.0f} seconds") from error
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if not line.startswith("W:")]
        raise DatasetError(f"{program} failed: {' '.join(errors) or done.returncode}")
