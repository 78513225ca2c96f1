"""Fetches the packed files of a public data set over the network: from torchvision's mirrors or as a Debian package."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from convscope.datasets.catalogue import PublicDataset
from convscope.errors import DatasetError

SILENCE = 10.0  # seconds without an answer after which a server counts as unreachable
LONGEST = 1800.0  # seconds for a whole data set, however steadily a server drips
# A process of its own: urllib limits the wait for the next byte alone, and only a process can be ended for certain.
# Each file comes from the first of its addresses that gives it.
_FETCH = """
import json, shutil, sys, urllib.request
silence, addresses = json.loads(sys.argv[1])
for target, urls in addresses.items():
    failures = []
    for url in urls:
        request = urllib.request.Request(url, headers={"User-Agent": "convscope"})
        try:
            with urllib.request.urlopen(request, timeout=silence) as source, open(target, "wb") as file:
                shutil.copyfileobj(source, file)
            break
        except Exception as error:
            failures.append(f"{url}: {str(error) or type(error).__name__}")
    else:
        sys.exit("; ".join(failures))
"""


def by_torchvision(dataset: PublicDataset, folder: Path) -> None:
    """Download into a folder from the addresses that torchvision knows; what comes is verified by who unpacks it.

    Raises DatasetError: a file comes from no mirror within the time there is.
    """
    from torchvision import datasets  # seconds, and only needed here

    known = getattr(datasets, dataset.torchvision_class)
    if hasattr(known, "mirrors"):
        addresses = {name: [f"{mirror}{name}" for mirror in known.mirrors] for name, _ in known.resources}
    else:
        addresses = {known.filename: [known.url]}
    # Neither the user's start-up files nor installed packages: they only take time.
    _run([sys.executable, "-I", "-S", "-c", _FETCH, json.dumps([SILENCE, addresses])], folder, "the transfer")


def by_debian(dataset: PublicDataset, folder: Path) -> None:
    """Download and unpack the Debian package into a folder; needs neither root nor an installation.

    Raises DatasetError: there is no such package, no apt-get, or the package cannot be fetched.
    """
    if dataset.debian_package is None:
        raise DatasetError("there is no Debian package")
    limits = ["-o", "Acquire::Retries=0", "-o", f"Acquire::http::Timeout={SILENCE:.0f}"]
    _run(["apt-get", *limits, "download", dataset.debian_package], folder, "apt-get")
    for package in folder.glob("*.deb"):
        _run(["dpkg", "-x", package.name, "content"], folder, "dpkg")


def _run(command: list[str], folder: Path, name: str) -> None:
    """Run a program, which messages call by a name, in a folder for at most `LONGEST` seconds."""
    if shutil.which(command[0]) is None:
        raise DatasetError(f"this machine has no {name}")
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired as error:
        raise DatasetError(f"{name} took longer than {LONGEST:g} seconds") from error
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if not line.startswith("W:")]
        raise DatasetError(f"{name} failed: {' '.join(errors) or done.returncode}")
