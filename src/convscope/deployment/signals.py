"""Signals that end a process, as exceptions: only then do clean-ups run."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

from convscope.errors import ConvscopeError

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(ConvscopeError):
    """The deployment was stopped by Ctrl-C or a termination signal."""


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
        self._previous: dict[signal.Signals, object] = {}

    def check(self) -> None:
        """Raise what a signal raised before, if somebody swallowed it."""
        if self.received is not None and not self._held:
            raise self.received

    def hold(self) -> None:
        """From here on let no signal interrupt the block."""
        self._held = True

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._handle) for number in _ENDING}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._previous.items():
            signal.signal(number, before)  # type: ignore[arg-type]  # what signal.signal gave

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if self._held or self.received is not None:
            print(f"{name}: tearing down, please wait.", flush=True)
            return
        self.received = Interrupted(f"Stopped by {name}.")
        raise self.received
