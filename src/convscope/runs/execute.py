"""Train the runs that are missing, several at a time, one thread each, and store their results as they come."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

from convscope.errors import ConvscopeError, Interrupted
from convscope.runs.executors import Executor, Processes, WorkerLost
from convscope.runs.plan import PlannedRun
from convscope.runs.progress import ProgressDisplay, idle_server
from convscope.runs.result import RunResult
from convscope.runs.speed import USUAL_START, Speed
from convscope.runs.store import RunStore
from convscope.runs.worker import result_of_run
from convscope.signals import handling

STALE_SECONDS = 3600


class TrainingFailed(ConvscopeError):
    """One or more runs failed; the others are stored."""


_ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Let a termination signal end the block as Ctrl-C does, with its cleaning up, which no second one disturbs."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    with handling(interrupt, *_ENDING):
        yield


@termination_as_interrupt()
def execute(
    runs: Sequence[PlannedRun],
    store: RunStore,
    data_folder: Path,
    jobs: int,
    executor: Executor | None = None,
    *,
    speed: Speed | None = None,
) -> None:
    """Train runs and store their results as they finish.

    Parameters
    ----------
    data_folder
        Where data sets lie; everything needed must be there already.
    speed
        What is known of this machine, for the time shown; it learns from the runs.

    Raises
    ------
    TrainingFailed
        Some runs failed, and all others were trained first; or a process was killed.
    Interrupted
        Ctrl-C or a termination signal.
    """
    remove_leftovers(store.root)
    seconds, start = (speed.seconds, speed.start) if speed else (idle_server, USUAL_START)
    # A stopped training leaves whole seeds, which can be compared; within a seed long runs first keep all cores busy.
    ordered = sorted(runs, key=lambda run: (run.spec.seed, -run.expected_seconds))
    store.root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".progress-", suffix=".tmp", dir=store.root))
    arguments = [(run, data_folder, folder / run.key) for run in ordered]
    planned = {run.key: run for run in runs}
    failures: list[str] = []

    def kept() -> str:
        return f"{len(runs) - len(store.missing(runs))} of {len(runs)} runs are trained and kept."

    try:
        with (
            ProgressDisplay(ordered, folder, jobs, seconds=seconds, start=start) as display,
            closing((executor or Processes()).results(_guarded, arguments, jobs)) as finished,
        ):
            for key, result in finished:
                if isinstance(result, RunResult):
                    store.write(result)
                    if speed:
                        speed.learn(planned[key], result)
                else:
                    failures.append(result)
                display.finished(key, failed=not isinstance(result, RunResult))
    except KeyboardInterrupt:
        raise Interrupted(f"Stopped. {kept()}", "The same command trains only what is missing.") from None
    except WorkerLost as error:
        raise TrainingFailed(f"{error.message} {kept()}", f"The same command trains the rest; {error.hint}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if failures:
        raise TrainingFailed(f"{len(failures)} of {len(runs)} runs failed; the others are kept.\n" + failures[0])


def _guarded(run: PlannedRun, data_folder: Path, progress_file: Path) -> tuple[str, RunResult | str]:
    """Train in a worker; a failure comes back as text, so that the other runs go on."""
    try:
        return run.key, result_of_run(run, data_folder, progress_file)
    except Exception:  # whatever it is, it must not stop the other runs
        return run.key, f"{run.title}:\n{traceback.format_exc()}"


def remove_leftovers(root: Path) -> None:
    """Remove temporary folders that killed processes left in a store more than an hour ago."""
    for leftover in (*root.glob(".*.tmp"), *root.glob("*/.*.tmp"), *root.glob("*/.*.old")):
        if time.time() - leftover.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(leftover, ignore_errors=True)
