"""Processes that stand for containers: a group each, a clean environment, output in a file."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

# A container sees nothing of its host's environment, so credentials and AWS_* stay outside. These are needed to
# start a program at all; one thread is what numeric modes ask for.
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT", "MPLCONFIGDIR")
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Container:
    """A running command.

    Parameters
    ----------
    command
        Program and arguments.
    environment
        Variables beside those that every process needs.
    log
        Gets what it prints.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                list(command),
                env={**kept, **_ONE_THREAD, "PYTHONUNBUFFERED": "1", **environment},
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in a terminal must not reach it, a signal to the group must
            )

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def stop(self, grace_seconds: float) -> None:
        """Ask it to end, and end it after a while."""
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it and everything it started, at once."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    def last_output(self, characters: int = 600) -> str:
        """Return the end of what it printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-characters:]

    def _signal(self, number: int) -> None:
        if self.is_running:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:  # it ended just now
                return
