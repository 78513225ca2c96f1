"""What a person sees while runs are trained: how many are done, where the others stand, and the time left."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from convscope.runs.plan import PlannedRun
from convscope.runs.speed import USUAL_START

POLL_SECONDS = 0.25
SILENCE_SECONDS = 30.0  # without a terminal, a line comes at least so often
Seconds = Callable[[PlannedRun], float]


def idle_server(run: PlannedRun) -> float:
    """Return what a run is expected to take on a server that does nothing else."""
    return run.expected_seconds


def duration(seconds: float) -> str:
    """Write a duration as people say it: ``"45 s"``, ``"3 min 20 s"``, ``"2 h 5 min"``."""
    whole = max(0, round(seconds))
    minutes = round(whole / 60)
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{minutes} min"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def expected_duration(
    runs: Sequence[PlannedRun], jobs: int, seconds: Seconds = idle_server, start: float = USUAL_START
) -> float:
    """Rough wall time in seconds of training runs in so many processes, with the time that these take to start."""
    expected = [seconds(run) for run in runs]
    return max(sum(expected) / max(jobs, 1), max(expected, default=0.0)) + start


@dataclass
class _State:
    epochs: int = 0
    accuracy: float = 0.0
    started: float = 0.0
    finished: bool = False
    failed: bool = False


class ProgressDisplay:
    """A live display in a terminal, plain lines elsewhere. Use it as a context manager.

    Parameters
    ----------
    folder
        Each worker writes ``[epochs done, validation accuracy]`` to the file of its run's key here.
    jobs
        Processes, for the time shown before the first epoch has ended.
    """

    def __init__(
        self,
        runs: Sequence[PlannedRun],
        folder: Path,
        jobs: int,
        console: Console | None = None,
        seconds: Seconds = idle_server,
        *,
        start: float = USUAL_START,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._expected = {run.key: seconds(run) for run in runs}
        self._total = expected_duration(runs, jobs, seconds, start)
        self._start = start
        self._runs = {run.key: run for run in runs}
        self._states = {run.key: _State() for run in runs}
        self._folder = folder
        self._jobs = jobs
        self._console = console or Console(stderr=True)
        self._started = self._reported = self._said = self._clock()
        self._stop = threading.Event()
        self._live: Live | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> ProgressDisplay:
        self._console.print(
            f"Training {len(self._runs)} runs in {self._jobs} processes, about {duration(self._total)}."
        )
        if self._console.is_terminal:
            self._live = Live(console=self._console, get_renderable=self._render, refresh_per_second=4, transient=True)
            self._live.start()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()
        if self._live:
            self._live.stop()
        if kind is None:
            spent = duration(self._clock() - self._started)
            trained = sum(state.finished and not state.failed for state in self._states.values())
            self._console.print(f"Trained {trained} runs in {spent}.")

    def finished(self, key: str, *, failed: bool) -> None:
        """Note that a run has ended; without a terminal, print a line about it."""
        self._poll()
        state = self._states[key]
        state.finished, state.failed, self._reported = True, failed, self._clock()
        if not self._console.is_terminal:
            self._said = self._clock()
            done = sum(other.finished for other in self._states.values())
            outcome = "FAILED" if failed else f"validation accuracy {state.accuracy:.1%}"
            took = duration(self._clock() - state.started) if state.started else ""
            left = f"; about {duration(self.seconds_left())} left" if done < len(self._runs) else ""
            self._console.print(
                f"[{done}/{len(self._runs)}] {self._runs[key].title}: {outcome}, {took}{left}",
                markup=False,
                soft_wrap=True,
            )

    def seconds_left(self) -> float:
        """Time left: what was expected of the rest, at the pace seen when a worker last reported, counted down."""
        expected = sum(self._expected.values())
        done = sum(seconds * self._fraction(key) for key, seconds in self._expected.items())
        spent = self._reported - self._started - self._start
        left = self._total
        if done > 0.02 * expected and spent > 0:
            left = self._start + spent * expected / done
        return max(0.0, left - (self._clock() - self._started)) if done < expected else 0.0

    def _fraction(self, key: str) -> float:
        state = self._states[key]
        return 1.0 if state.finished else state.epochs / self._runs[key].spec.training.epochs

    def _watch(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self._poll()
            if not self._console.is_terminal and self._clock() - self._said > SILENCE_SECONDS:
                self._say_where_it_stands()

    def _say_where_it_stands(self) -> None:
        self._said = self._clock()
        done = sum(state.finished for state in self._states.values())
        running = [self._where(key) for key, state in self._states.items() if state.started and not state.finished]
        seconds = self.seconds_left()  # 0 where it takes longer than foretold and no epoch has ended yet
        left = f"about {duration(seconds)} left" if seconds >= 1 else "longer than expected"
        self._console.print(f"[{done}/{len(self._runs)}] {'; '.join([*running, left])}", markup=False, soft_wrap=True)

    def _where(self, key: str) -> str:
        return f"{self._runs[key].title}: epoch {self._states[key].epochs} of {self._runs[key].spec.training.epochs}"

    def _poll(self) -> None:
        for key, state in self._states.items():
            file = self._folder / key
            if state.finished or not file.exists():
                continue
            state.started = state.started or self._clock()
            epochs, state.accuracy = json.loads(file.read_text())
            if epochs > state.epochs:
                state.epochs, self._reported = epochs, self._clock()

    def _render(self) -> Table:
        done = sum(state.finished for state in self._states.values())
        expected = sum(self._expected.values())
        table = Table.grid(padding=(0, 2))
        total = sum(seconds * self._fraction(key) for key, seconds in self._expected.items())
        table.add_row(
            Text(f"{done} of {len(self._runs)} runs"),
            ProgressBar(total=expected, completed=total, width=30),
            Text(f"{duration(self.seconds_left())} left"),
        )
        for key, state in self._states.items():
            if state.started and not state.finished:
                run = self._runs[key]
                epochs = run.spec.training.epochs
                seen = f"validation accuracy {state.accuracy:.1%}" if state.epochs else "first pass"
                table.add_row(
                    Text(run.title), ProgressBar(total=epochs, completed=state.epochs, width=30),
                    Text(f"epoch {state.epochs} of {epochs}, {seen}"),
                )  # fmt: skip
        return table
