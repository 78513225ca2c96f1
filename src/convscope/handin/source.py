"""The commit that a submission was made from: its files, its time, and what in the work tree differs from it."""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from convscope.errors import ConvscopeError

NEXT_STEP = "Clone it with git, or `git init && git add . && git commit -m 'My version'`, and run `make submit` again."

OTHER_COMMIT = "Give --reference a commit that `git log` lists there, or a folder with the source that was given out."


@dataclass(frozen=True)
class Source:
    """A commit of the checkout."""

    commit: str  # full hash
    time: datetime  # of the commit, UTC
    # files of the work tree that are not as in the commit, each with what happened to it: ``"modified: README.md"``
    changed: tuple[str, ...]
    files: dict[str, bytes]  # content by name, as committed
    executable: frozenset[str]  # names of those that may be run


def read_source(root: Path, commit: str = "HEAD") -> Source:
    """Read a commit of a checkout, by default the one that it is at.

    Raises ConvscopeError: there is no git, no repository, or no such commit.
    """
    shown = _git(root, "show", "--no-patch", "--format=%H %ct", f"{commit}^{{commit}}", asked=commit)
    commit, seconds = shown.decode().split()
    # Line ends as they were committed, whatever this machine's git would make of them.
    archive = _git(root, "-c", "core.autocrlf=false", "-c", "core.eol=lf", "archive", "--format=tar", commit)
    files, executable = {}, set()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                files[member.name] = content.read()
                if member.mode & 0o100:
                    executable.add(member.name)
    if "report/report.qmd" not in files:
        raise ConvscopeError(f"The commit of {root} does not hold the project's own files.", NEXT_STEP)
    return Source(commit, datetime.fromtimestamp(int(seconds), UTC), _changed(root), files, frozenset(executable))


def _changed(root: Path) -> tuple[str, ...]:
    listed = _git(root, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", ".").decode()
    changed = []
    for line in filter(None, listed.split("\0")):
        state, name = line[:2], line[3:]
        what = (
            "not committed" if "?" in state else "deleted" if "D" in state else "added" if "A" in state else "modified"
        )
        changed.append(f"{what}: {name}")
    return tuple(sorted(changed))


def _git(root: Path, *arguments: str, asked: str = "HEAD") -> bytes:
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True).stdout
    except OSError as error:
        raise ConvscopeError(f"A submission names its commit, but git cannot be run: {error}.") from None
    except subprocess.CalledProcessError as error:
        if asked != "HEAD":
            raise ConvscopeError(f"{root} has no commit {asked!r}.", OTHER_COMMIT) from None
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise ConvscopeError(f"A submission names its commit, but {root} has none: {said[0]}", NEXT_STEP) from None
