"""What a deployment is about to create, on the disk before it is created.

A process can be killed between a request and its answer. Whoever cleans up afterwards reads here what may exist.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout


class Journal:
    """One deployment's intentions, a line of JSON each.

    Parameters
    ----------
    path
        The file; beside it lies a lock that the deployment holds while its process lives.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def deployment(self) -> str:
        """Name of the deployment."""
        return self.path.stem

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; the system drops it when the process dies, however it dies."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock):
            yield

    @property
    def is_active(self) -> bool:
        """Whether the deployment's process lives, on this machine."""
        try:
            with FileLock(self._lock, timeout=0):
                return False
        except Timeout:
            return True

    def note(self, event: str, **facts: Any) -> None:
        """Write a line and wait until it is on the disk."""
        line = json.dumps({"time": time.time(), "event": event, **facts}) + "\n"
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def intents(self) -> list[tuple[str, str]]:
        """Return kind and name of everything that may have been created, oldest first."""
        return [(entry["kind"], entry["name"]) for entry in self._entries() if entry["event"] == "create"]

    def last_event(self) -> str:
        """Return what was noted last; empty where nothing was."""
        return next((str(entry["event"]) for entry in reversed(list(self._entries()))), "")

    def account(self) -> dict[str, str]:
        """Return account, region and bucket of the deployment; empty where none was reached."""
        return next((entry["cloud"] for entry in self._entries() if entry["event"] == "begin"), {})

    def remove(self) -> None:
        """Forget the deployment: nothing of it is left."""
        self.path.unlink(missing_ok=True)
        self._lock.unlink(missing_ok=True)

    @property
    def _lock(self) -> Path:
        return self.path.with_suffix(".lock")

    def _entries(self) -> Iterator[dict[str, Any]]:
        for line in self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else ():
            try:
                yield json.loads(line)
            except ValueError:  # the last line, cut off
                return


def journals(folder: Path) -> list[Journal]:
    """Return the journals in a folder, oldest first."""
    return [Journal(path) for path in sorted(folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)]
