"""A step of the build that is skipped while nothing it rests on has changed.

Make compares times, trusts a truncated file, and cannot see that a study asks for other runs than before. A stage
compares contents, its inputs and its outputs, and so notices a file that was cut off or edited by hand. It remembers
each input by its name, so that it can say why it is done again.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convscope.files import digest_of_files, remembered, write_json

SILENCE_SECONDS = 25.0


@dataclass(frozen=True)
class Stage:
    """One step of the build."""

    name: str  # as it is shown and remembered
    # all that the step's outputs follow from: digests by name, or one of all; computed when they are needed
    inputs: Callable[[], Mapping[str, str] | str]
    outputs: Sequence[Path]  # files and folders that it writes
    work: Callable[[], Any]
    memory: Path  # JSON file that remembers digests of inputs and outputs from the last time
    # called where the inputs are those of the last time but the outputs are not what was written then: somebody edited
    # or damaged them. It may raise; otherwise the step is done again
    before_overwriting: Callable[[], None] | None = None

    def due(self) -> list[str]:
        """Return why the step is due: names of inputs that changed, or what is the matter with its outputs."""
        return self._due(remembered(self.memory), self._inputs())

    def run(self) -> bool:
        """Do the step unless it is current; return whether it was done."""
        inputs = self._inputs()  # before the work: a file edited meanwhile makes the next build do it again
        before = remembered(self.memory)
        if not self._due(before, inputs):
            return False
        if self.before_overwriting and before.get("inputs") == inputs:
            self.before_overwriting()
        started = time.monotonic()
        self.memory.unlink(missing_ok=True)
        with heartbeat(self.name):
            self.work()
        self.remember(inputs)
        say(f"{self.name}: done in {time.monotonic() - started:.1f} s")
        return True

    def bring_up_to_date(self) -> None:
        """Do the step unless it is current, and say so if it is."""
        if not self.run():
            say(f"{self.name}: up to date")

    def remember(self, inputs: Mapping[str, str] | None = None) -> None:
        """Take the outputs that are there as what follows from the inputs."""
        write_json(self.memory, {"inputs": dict(inputs or self._inputs()), "outputs": self._outputs()})

    def _inputs(self) -> dict[str, str]:
        inputs = self.inputs()
        return {"inputs": inputs} if isinstance(inputs, str) else dict(inputs)

    def _due(self, known: Mapping[str, Any], inputs: dict[str, str]) -> list[str]:
        before = known.get("inputs")
        if not isinstance(before, dict):
            return ["not built yet"]
        changed = sorted(name for name in before.keys() | inputs if before.get(name) != inputs.get(name))
        if not changed and known.get("outputs") != self._outputs():
            return ["its result was changed or removed"]
        return changed

    def _outputs(self) -> str:
        return digest_of_files(files_below(*self.outputs))


@contextmanager
def heartbeat(name: str) -> Iterator[None]:
    """Say every half minute that a step is still at work: whoever reads a log knows that it has not stopped."""
    ended = threading.Event()

    def beat() -> None:
        started = time.monotonic()
        while not ended.wait(SILENCE_SECONDS):
            say(f"{name}: at work for {time.monotonic() - started:.0f} s")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def say(line: str) -> None:
    """Write a line in one piece: stages that run beside each other would mix their lines, as `print` writes two."""
    sys.stderr.write(f"{line}\n")


def files_below(*paths: Path) -> list[Path]:
    """Return files as they are, and all files below folders; hidden ones and byte code are left out."""
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        for file in path.rglob("*"):
            hidden = any(part.startswith(".") or part == "__pycache__" for part in file.relative_to(path).parts)
            if file.is_file() and not hidden:
                found.append(file)
    return found
