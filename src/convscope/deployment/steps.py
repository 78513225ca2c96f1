"""The steps of a deployment: told while they happen, kept with their times."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Step:
    """One step.

    Parameters
    ----------
    name
        ``"training job"``.
    began, seconds
        Since the deployment's start, and how long it took.
    outcome
        One sentence; set while the step runs.
    """

    name: str
    began: float
    seconds: float = 0.0
    outcome: str = ""


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
        self.done: list[Step] = []

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started

    def say(self, line: str) -> None:
        """Report a line with its time."""
        self._report(f"{self.seconds:7.1f} s  {line}")

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Do a step; it is kept when it ends well."""
        step = Step(name, self.seconds)
        self.say(name)
        yield step
        step.seconds = self.seconds - step.began
        self.done.append(step)
        if step.outcome:
            self.say(f"{name}: {step.outcome}")

    def as_json(self) -> list[dict[str, Any]]:
        """Return the steps done, times rounded to milliseconds."""
        return [asdict(step) | {"began": round(step.began, 3), "seconds": round(step.seconds, 3)} for step in self.done]
