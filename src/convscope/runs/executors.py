"""Where runs are trained: in processes on this machine, in this process, or by a class of one's own.

An executor is a class with one method, which calls a function for each of many arguments and gives back what it
returns, as it comes. Function, arguments and results can be pickled; a result brings everything along, so that workers
need no folder in common with this machine but that of the data. Dask, MPI and SLURM's submitit offer the interface of
`concurrent.futures`: an executor for one of them is `Processes` without its care for this machine.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import as_completed
from importlib import import_module
from typing import Any, Protocol, TypeVar

from convscope.errors import ConvscopeError
from convscope.signals import handling

R = TypeVar("R")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
# glibc gives freed memory back to the system and takes it again for every batch: page faults were a third of the
# training time. 4 GiB as threshold keeps it.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(4 << 30), "MALLOC_TRIM_THRESHOLD_": str(4 << 30)}
_ORPHAN_SECONDS = 1.0


class WorkerLost(ConvscopeError):
    """A process ended by itself or was killed."""


class Executor(Protocol):
    """Calls a function many times, somewhere."""

    def results(
        self, function: Callable[..., R], arguments: Sequence[tuple[Any, ...]], jobs: int
    ) -> Generator[R, None, None]:
        """Yield what the function returns for each of the arguments, in the order in which they are done.

        Where the caller closes the iterator, or Ctrl-C strikes, calls that have not ended are given up at once.

        Parameters
        ----------
        function
            Raises nothing.
        arguments
            Of each call; the first ones are begun first.
        jobs
            How many at a time.

        Raises
        ------
        WorkerLost
            A call was lost, as when memory runs out.
        """


class Processes:
    """Processes on this machine, kept for many calls: loky's, which notice a worker that was killed."""

    def results(
        self, function: Callable[..., R], arguments: Sequence[tuple[Any, ...]], jobs: int
    ) -> Generator[R, None, None]:
        """Call the function in processes of their own; they end with this one, however it ends."""
        from joblib.externals.loky import BrokenProcessPool, ProcessPoolExecutor

        pool = ProcessPoolExecutor(
            jobs, initializer=_become_worker, initargs=(os.getpid(),), env=ONE_THREAD | KEEP_MEMORY
        )
        try:
            for future in as_completed([pool.submit(function, *given) for given in arguments]):
                yield future.result()
        except BaseException as error:  # also GeneratorExit: nobody wants the others
            # Not by loky's get_reusable_executor, which keeps a lock that its own threads wait for.
            # Whoever presses Ctrl-C twice must not leave half of the workers.
            with handling(signal.SIG_IGN, signal.SIGINT, signal.SIGTERM):
                pool.shutdown(wait=True, kill_workers=True)
            if isinstance(error, BrokenProcessPool):
                raise WorkerLost(
                    "A training process ended by itself or was killed, as when memory runs out.",
                    "JOBS=1 needs the least memory.",
                ) from error
            raise
        pool.shutdown()


class Here:
    """One call after the other, in this process: a debugger sees everything."""

    def results(
        self,
        function: Callable[..., R],
        arguments: Sequence[tuple[Any, ...]],
        jobs: int,  # noqa: ARG002  # it is one
    ) -> Generator[R, None, None]:
        """Call the function when its next result is asked for."""
        for given in arguments:
            yield function(*given)


EXECUTORS: dict[str, Callable[[], Executor]] = {"processes": Processes, "here": Here}


def executor_named(name: str) -> Executor:
    """Return an executor: one of `EXECUTORS`, or ``package.module:Class``.

    Raises
    ------
    ConvscopeError
        There is none of this name.
    """
    if name in EXECUTORS:
        return EXECUTORS[name]()
    module, _, attribute = name.partition(":")
    try:
        found: Executor = getattr(import_module(module), attribute)()
    except (ImportError, AttributeError, ValueError) as error:
        raise ConvscopeError(
            f"EXECUTOR is {name!r}, which is none: {error}.",
            f"It must be {', '.join(EXECUTORS)}, or package.module:Class with a method `results`.",
        ) from error
    return found


def _become_worker(parent: int) -> None:
    """Leave Ctrl-C to the parent, which ends its workers, and end with it even where it was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it reaches the whole group of processes

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_ORPHAN_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
