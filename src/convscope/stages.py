"""A step of the build that is skipped while nothing it depends on has changed.

Make compares times, trusts a truncated file, and cannot see that a study asks for other runs than before. A stage
compares contents, its inputs and its outputs, and so notices a file that was cut off or edited by hand.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convscope.files import digest_of_files, write_json


@dataclass(frozen=True)
class Stage:
    """One step of the build.

    Parameters
    ----------
    name
        As it is shown and remembered.
    inputs
        Digest of all that the step's outputs follow from; computed when it is needed.
    outputs
        Files and folders that it writes.
    work
        Does the step.
    memory
        JSON file that remembers digests of inputs and outputs from the last time.
    before_overwriting
        Called where the inputs are those of the last time but the outputs are not what was written then: somebody
        edited or damaged them. It may raise; otherwise the step is done again.
    """

    name: str
    inputs: Callable[[], str]
    outputs: Sequence[Path]
    work: Callable[[], Any]
    memory: Path
    before_overwriting: Callable[[], None] | None = None

    def is_current(self) -> bool:
        """Tell whether inputs and outputs are those of the last time."""
        return bool(self._remembered() == {"inputs": self.inputs(), "outputs": self._outputs()})

    def run(self) -> bool:
        """Do the step unless it is current; return whether it was done."""
        inputs = self.inputs()  # before the work: a file edited meanwhile makes the next build do it again
        remembered = self._remembered()
        if remembered == {"inputs": inputs, "outputs": self._outputs()}:
            return False
        if self.before_overwriting and remembered.get("inputs") == inputs:
            self.before_overwriting()
        started = time.monotonic()
        self.memory.unlink(missing_ok=True)
        self.work()
        write_json(self.memory, {"inputs": inputs, "outputs": self._outputs()})
        _say(f"{self.name}: done in {time.monotonic() - started:.1f} s")
        return True

    def bring_up_to_date(self) -> None:
        """Do the step unless it is current, and say so if it is."""
        if not self.run():
            _say(f"{self.name}: up to date")

    def _remembered(self) -> dict[str, Any]:
        try:
            remembered = json.loads(self.memory.read_bytes())
        except (OSError, ValueError):
            return {}
        return remembered if isinstance(remembered, dict) else {}

    def _outputs(self) -> str:
        return digest_of_files(files_below(*self.outputs))


def _say(line: str) -> None:
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
