"""A deployment under way: what it is about to create, what it has done, and the signals that end it.

A process can be killed between a request and its answer. What is about to be created is on the disk before, where
whoever cleans up afterwards reads what may exist.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from filelock import FileLock, Timeout

from convscope.deployment.records import TimedStep
from convscope.errors import Interrupted
from convscope.files import Json
from convscope.signals import handling

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Journal:
    """One deployment's intentions, a line of JSON each.

    Parameters
    ----------
    path
        The file; beside it lie a lock that the deployment holds while its process lives, and its folder for that time.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def deployment(self) -> str:
        """Name of the deployment."""
        return self.path.stem

    @contextmanager
    def held(self) -> Iterator[Path]:
        """Hold the lock, which the system drops however the process dies; gives a folder for the while."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock):
            try:
                yield self._scratch
            finally:
                shutil.rmtree(self._scratch, ignore_errors=True)

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
        shutil.rmtree(self._scratch, ignore_errors=True)  # of a process that was killed

    @property
    def _lock(self) -> Path:
        return self.path.with_suffix(".lock")

    @property
    def _scratch(self) -> Path:
        return self.path.with_suffix(".tmp")

    def _entries(self) -> Iterator[Json]:
        for line in self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else ():
            try:
                yield json.loads(line)
            except ValueError:  # the last line, cut off
                return


def journals(folder: Path) -> list[Journal]:
    """Return the journals in a folder, oldest first."""
    return [Journal(path) for path in sorted(folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)]


@dataclass
class StepUnderWay:
    """A step that is not done."""

    outcome: str = ""  # one sentence


class Steps:
    """The steps so far.

    Parameters
    ----------
    report
        Called with one line for each thing that happens.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._started = time.monotonic()
        self.done: list[TimedStep] = []

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started

    def say(self, line: str) -> None:
        """Report a line with its time."""
        self._report(f"{self.seconds:7.1f} s  {line}")

    @contextmanager
    def step(self, name: str) -> Iterator[StepUnderWay]:
        """Do a step, ``"training job"``; it is kept when it ends well."""
        step, began = StepUnderWay(), self.seconds
        self.say(name)
        yield step
        seconds = round(self.seconds - began, 3)
        self.done.append(TimedStep(name=name, began=round(began, 3), seconds=seconds, outcome=step.outcome))
        if step.outcome:
            self.say(f"{name}: {step.outcome}")


class Signals:
    """Lets the first Ctrl-C, termination or closed terminal raise `Interrupted` in the block, and no second one.

    What is being torn down must be torn down to the end: after the first signal, or after `hold`, signals are only
    remarked on. An exception that a handler raises can be swallowed by whatever library it strikes (the SDK has an
    ``except BaseException``), so `check` raises it again. Outside of the main thread, where Python lets nobody handle
    signals, the block runs as it is.
    """

    def __init__(self) -> None:
        self.received: Interrupted | None = None
        self._held = False
        self._handling = handling(self._handle, *_ENDING)

    def check(self) -> None:
        """Raise what a signal raised before, if somebody swallowed it."""
        if self.received is not None and not self._held:
            raise self.received

    def hold(self) -> None:
        """From here on let no signal interrupt the block."""
        self._held = True

    def __enter__(self) -> Signals:
        self._handling.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._handling.__exit__(kind, error, trace)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if self._held or self.received is not None:
            print(f"{name}: tearing down, please wait.", flush=True)
            return
        self.received = Interrupted(f"Stopped by {name}.")
        raise self.received
