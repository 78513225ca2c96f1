"""Images as command lines, containers as processes: a group each, a clean environment, output in a file."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# A container sees nothing of its host's environment, so credentials and AWS_* stay outside. These are needed to start a
# program at all.
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT", "MPLCONFIGDIR")


@dataclass(frozen=True)
class Image:
    """What ``docker run IMAGE train`` and ``docker run IMAGE serve`` start.

    Parameters
    ----------
    In all of them ``{opt_ml}`` stands for the folder that is /opt/ml in a container, ``{port}`` for what is port 8080.
    """

    # command lines; empty where the image cannot do it
    train: Sequence[str] = ()
    serve: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)  # variables that the image sets


def image_name(uri: str) -> str:
    """Return the name of an image without registry, tag and digest."""
    return uri.rpartition("/")[2].partition("@")[0].partition(":")[0]


class Container:
    """A running command.

    Parameters
    ----------
    opt_ml
        Its /opt/ml; what it prints goes to ``log.txt`` there.
    """

    def __init__(
        self, image: Image, command: Sequence[str], environment: Mapping[str, str], opt_ml: Path, port: int = 0
    ) -> None:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        own = {name: _filled(text, opt_ml, port) for name, text in image.environment.items()}
        self.log = opt_ml / "log.txt"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [_filled(part, opt_ml, port) for part in command],
                env={**kept, "PYTHONUNBUFFERED": "1", **own, **environment},
                cwd=opt_ml,
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

    def last_output(self) -> str:
        """Return the last 600 characters of what it printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-600:]

    def _signal(self, number: int) -> None:
        if self.is_running:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:  # it ended just now
                return


def _filled(text: str, opt_ml: Path, port: int) -> str:
    return text.replace("{opt_ml}", str(opt_ml)).replace("{port}", str(port))
