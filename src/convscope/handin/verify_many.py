"""Many submissions examined, each in a process of its own, and what they are held against."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

from convscope.errors import ConvscopeError
from convscope.files import sha256_of
from convscope.grade.assignment import read_assignment
from convscope.handin.examine import REFERENCE, Finding, Standard, examine
from convscope.handin.source import read_source


def standard_of(root: Path, reference: str, *, retrain: bool = False, seed: int = 0) -> Standard:
    """Return what submissions are held against.

    Raises ConvscopeError: it is neither a folder with the project in it nor a commit.

    Parameters
    ----------
    reference
        A folder, or a commit of that checkout; empty for none.
    retrain, seed
        Whether to train one run of each again, and what draws it.
    """
    return Standard(_reference(root, reference), read_assignment(root), root / "data", retrain, seed)


def _reference(root: Path, reference: str) -> dict[str, str]:
    if not reference:
        return {}
    folder = Path(reference)
    if folder.is_dir():
        if not (folder / "src" / "convscope").is_dir():
            raise ConvscopeError(f"{folder} does not hold this project: it has no src/convscope.")
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        return {name: sha256_of(path) for name, path in files.items() if _counts(name)}
    source = read_source(root, reference)
    return {name: sha256(content).hexdigest() for name, content in source.files.items() if _counts(name)}


def _counts(name: str) -> bool:
    return name.startswith(REFERENCE) and "__pycache__" not in name


def examine_all(archives: Sequence[Path], standard: Standard, jobs: int) -> list[Finding]:
    """Examine submissions, several at once; one that kills its process is a finding like any other."""
    found = {}
    # Started again, not forked: PyTorch does not survive a fork.
    with ProcessPoolExecutor(min(jobs, len(archives)), get_context("spawn"), max_tasks_per_child=20) as pool:
        futures = {pool.submit(examine, archive, standard): archive for archive in archives}
        for future in as_completed(futures):
            archive = futures[future]
            try:
                found[archive] = future.result()
            except BrokenProcessPool:
                found[archive] = Finding(archive.name, problems=["looking at it ended the process that did"])
            print(f"{archive.name}: {found[archive].state}", file=sys.stderr, flush=True)
    return [found[archive] for archive in archives]
