"""Signals that end a process, as exceptions: only then do clean-ups run."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from convscope.errors import ConvscopeError

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(ConvscopeError):
    """The deployment was stopped by Ctrl-C or a termination signal."""


@contextmanager
def signals_as_exceptions() -> Iterator[None]:
    """Let Ctrl-C, termination and a closed terminal raise `Interrupted` in the block.

    Outside of the main thread, where Python lets nobody handle signals, the block runs as it is.
    """

    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise Interrupted(f"Stopped by {signal.Signals(number).name}.")

    with _handling(interrupt):
        yield


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Let signals wait until the block is done: what is being torn down must be torn down to the end."""

    def remark(number: int, _frame: FrameType | None) -> None:
        print(f"{signal.Signals(number).name}: still tearing down, please wait.", flush=True)

    with _handling(remark):
        yield


@contextmanager
def _handling(handler: object) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, handler) for number in _ENDING}  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)
