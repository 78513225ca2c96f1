"""Train the runs that are missing, several at a time, one thread each.

joblib's loky runs the processes: it restarts cleanly after Ctrl-C, notices a killed worker, and its place can be
taken by Ray or Dask (`joblib.parallel_config`) without a change here.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from convscope.errors import ConvscopeError
from convscope.runs.plan import PlannedRun
from convscope.runs.progress import ProgressDisplay
from convscope.runs.store import RunStore
from convscope.runs.worker import train_run

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
# glibc gives freed memory back to the system and takes it anew for every batch: page faults were a third of the
# training time. 4 GiB as threshold keeps it.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(4 << 30), "MALLOC_TRIM_THRESHOLD_": str(4 << 30)}
STALE_SECONDS = 3600


class TrainingFailed(ConvscopeError):
    """One or more runs failed; the others are stored."""


class Interrupted(ConvscopeError):
    """The user stopped the training; finished runs are stored."""


def missing(runs: Sequence[PlannedRun], store: RunStore) -> list[PlannedRun]:
    """Return the runs without a readable result."""
    return [run for run in runs if store.state(run.key) is None]


def execute(runs: Sequence[PlannedRun], store: RunStore, data_folder: Path, jobs: int) -> None:
    """Train runs and store their results as they finish.

    Parameters
    ----------
    runs
        What to train.
    store
        Takes each result when it is there.
    data_folder
        Where data sets lie; everything needed must be there already.
    jobs
        Processes, one thread each.

    Raises
    ------
    TrainingFailed
        Some runs failed, and all others were trained first; or a process was killed.
    Interrupted
        Ctrl-C or a termination signal.
    """
    from joblib import Parallel, delayed  # noqa: PLC0415  # a training container needs none
    from joblib.externals.loky import BrokenProcessPool  # noqa: PLC0415

    remove_leftovers(store.root)
    # A stopped training leaves whole seeds, which can be compared; within a seed long runs first keep all cores busy.
    ordered = sorted(runs, key=lambda run: (run.spec.seed, -run.expected_seconds))
    folder = Path(tempfile.mkdtemp(prefix="convscope-progress-"))
    os.environ.update(ONE_THREAD | KEEP_MEMORY)  # workers inherit it; it must be set before they start
    failures: list[str] = []
    try:
        with termination_as_interrupt(), ProgressDisplay(ordered, folder, jobs) as display:
            tasks = (delayed(_guarded)(run, store.root, data_folder, folder / run.key) for run in ordered)
            finished = Parallel(
                # For one job joblib would train in this process, which takes neither the settings above nor Ctrl-C:
                # two processes, and one run at a time between them.
                n_jobs=max(jobs, 2),
                pre_dispatch=1 if jobs == 1 else "all",
                return_as="generator_unordered",
                batch_size=1,  # batches would hold back results
            )(tasks)
            for key, failure in finished:
                display.finished(key, failed=failure is not None)
                if failure is not None:
                    failures.append(failure)
    except KeyboardInterrupt:
        _kill_workers()
        done = len(runs) - len(missing(runs, store))
        raise Interrupted(
            f"Stopped. {done} of {len(runs)} runs are trained and kept.",
            "The same command trains only what is missing.",
        ) from None
    except BrokenProcessPool as error:
        done = len(runs) - len(missing(runs, store))
        raise TrainingFailed(
            f"A training process ended by itself or was killed, as when memory runs out. {done} of {len(runs)} runs "
            "are trained and kept.",
            "The same command trains the rest; JOBS=1 needs the least memory.",
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if failures:
        raise TrainingFailed(f"{len(failures)} of {len(runs)} runs failed; the others are kept.\n" + failures[0])


def _guarded(run: PlannedRun, store_root: Path, data_folder: Path, progress_file: Path) -> tuple[str, str | None]:
    """Train in a worker process; a failure comes back as text, so that the other runs go on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent ends the workers
    try:
        train_run(run, store_root, data_folder, progress_file)
    except Exception:  # whatever it is, it must not stop the other runs
        return run.key, f"{run.title}:\n{traceback.format_exc()}"
    return run.key, None


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Let a termination signal end the block as Ctrl-C does, with its cleaning up."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous: Callable[[int, FrameType | None], object] | int | None = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _kill_workers() -> None:
    from joblib.externals.loky import get_reusable_executor  # noqa: PLC0415

    get_reusable_executor().shutdown(wait=True, kill_workers=True)


def remove_leftovers(root: Path) -> None:
    """Remove temporary folders that killed processes left in a store more than an hour ago."""
    for leftover in (*root.glob("*/.*.tmp"), *root.glob("*/.*.old")):
        if time.time() - leftover.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(leftover, ignore_errors=True)
