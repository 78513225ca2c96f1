"""How fast this machine is: measured before the first training, then learned from every run and every step.

What is expected of a run (`PlannedRun.expected_seconds`) is that of a server with bfloat16 that does nothing else.
What a run took, over what was expected of it, is this machine's factor, for each arithmetic by itself; the median of
the last ones counts, so that one run beside a video call does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from convscope.datasets.dataset import Images
from convscope.datasets.splits import Split
from convscope.files import Json, remembered, write_json
from convscope.runs.environment import cores, processor
from convscope.runs.executors import Executor
from convscope.runs.plan import PlannedRun
from convscope.runs.result import RunResult
from convscope.runs.worker import train
from convscope.specs import Conv2d, DataSpec, Dense, Flatten, Glyphs, ModelSpec, NumericMode, Pool2d, RunSpec, TrainSpec

KEPT = 40  # of the last measurements
USUAL_START = 3.0  # seconds, where it was not measured
_SAMPLE = RunSpec(
    DataSpec(Glyphs(size=28, train=2304, test=256), validation_images=256),
    ModelSpec(
        (1, 28, 28), (Conv2d(16, 3), Pool2d("max", 2), Conv2d(32, 3), Pool2d("max", 2), Flatten(), Dense(10, "none"))
    ),
    TrainSpec(epochs=1, batch_size=128),
    seed=0,
)


class Speed:
    """What is known of this machine's speed.

    Parameters
    ----------
    memory
        JSON file that remembers it; one of another processor does not count.
    """

    def __init__(self, memory: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._memory = memory
        self._clock = clock
        self._machine = f"{processor()}, {cores()} cores"
        self._known: Json = {"machine": self._machine, "start": USUAL_START, "runs": {}, "steps": {}}
        known = remembered(memory)
        if known.get("machine") == self._machine and known.keys() == self._known.keys():
            self._known = known

    def seconds(self, run: PlannedRun) -> float:
        """Return how long a run is expected to take here."""
        return run.expected_seconds * self.factor(run.mode)

    def factor(self, mode: NumericMode) -> float:
        """Return how much longer runs take than expected, 1 where nothing is known."""
        measured = self._known["runs"].get(_name(mode), [])
        return float(median(measured)) if measured else 1.0

    @property
    def start(self) -> float:
        """How many seconds pass until a new process trains: it imports torch, and its first pass is slow."""
        return float(self._known["start"])

    def measure(self, runs: Sequence[PlannedRun], executor: Executor) -> None:
        """Train a small network for each arithmetic that nothing is known of, and note how long the start took."""
        modes = {run.mode for run in runs if not self._known["runs"].get(_name(run.mode))}
        if not modes:
            return
        began, start = self._clock(), 0.0
        for name, took, expected in executor.results(_sampled, [(mode,) for mode in modes], 1):
            if took:
                start = start or self._clock() - began - took
                self._known["runs"][name] = [took / expected]
        self._known["start"] = start or self.start
        write_json(self._memory, self._known)

    def learn(self, run: PlannedRun, result: RunResult) -> None:
        """Take what a run took."""
        took = result.train_seconds + result.evaluate_seconds
        self._add(self._known["runs"], _name(run.mode), took / run.expected_seconds)

    def step(self, name: str) -> float | None:
        """Return how many seconds a step of the build took, as a rule; None where it was never done."""
        measured = self._known["steps"].get(name, [])
        return float(median(measured)) if measured else None

    def learn_step(self, name: str, seconds: float) -> None:
        """Take what a step took."""
        self._add(self._known["steps"], name, seconds)

    def _add(self, part: dict[str, list[float]], name: str, value: float) -> None:
        part[name] = [*part.get(name, []), round(value, 4)][-KEPT:]
        write_json(self._memory, self._known)


def _name(mode: NumericMode) -> str:
    return f"{mode.engine} {mode.device} {mode.dtype}"


def _sampled(mode: NumericMode) -> tuple[str, float, float]:
    """Return what a small training takes, and what is expected of it; 0 where it fails, as the runs then will."""
    try:
        random = np.random.default_rng(0)

        def images(count: int) -> Images:
            pixels = random.integers(0, 256, (count, 1, 28, 28), dtype=np.uint8)
            return Images(pixels, random.integers(0, 10, count).astype(np.uint8))

        ones = np.ones(1, dtype=np.float32)
        split = Split(images(2048), images(256), images(256), ones * 0.5, ones)
        run = PlannedRun("", _SAMPLE, mode)
        took = []
        for _ in range(2):  # the first one pays for what is loaded and compiled once
            outcome = train(run, split, lambda *_: None)
            took.append(outcome.train_seconds + outcome.evaluate_seconds)
        return _name(mode), min(took), run.expected_seconds
    except Exception:  # an estimate must not stop a build
        return _name(mode), 0.0, 0.0
