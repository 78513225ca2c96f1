"""An executor of one's own, as a user would add one: the standard library's processes, and nothing of loky."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any, TypeVar

R = TypeVar("R")


class Spawned:
    def results(
        self, function: Callable[..., R], arguments: Sequence[tuple[Any, ...]], jobs: int
    ) -> Generator[R, None, None]:
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            for future in as_completed([pool.submit(function, *given) for given in arguments]):
                yield future.result()
