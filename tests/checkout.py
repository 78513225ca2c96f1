"""A copy of this checkout in a temporary folder, and its command line as a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# Nothing listens there: whatever asks for the network is refused at once.
CLOSED = "http://127.0.0.1:9"
SMOKE_STUDIES = "fashion cifar10"
OWN_VARIABLES = (
    "PROFILE", "STUDIES", "JOBS", "DEVICE", "STRICT", "DEPLOY", "BACKEND", "EXECUTOR", "PORT", "CONVSCOPE_DATASETS",
)  # fmt: skip


@dataclass(frozen=True)
class Checkout:
    """A copy of the sources, as they are on disk; what is built in it stays apart from this checkout."""

    root: Path

    @classmethod
    def copy_to(cls, root: Path) -> Checkout:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).is_file():  # deleted but not yet committed
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, root / name)
        return cls(root)

    @classmethod
    def twin_of(cls, other: Checkout, root: Path) -> Checkout:
        """Copy another with all that was built in it: a moved checkout is built already."""
        shutil.copytree(other.root, root, dirs_exist_ok=True)
        return cls(root)

    def with_runs_of(self, other: Checkout) -> Checkout:
        """Take over what another copy has trained."""
        shutil.copytree(other.runs, self.runs)
        return self

    @property
    def build(self) -> Path:
        return self.root / "build" / "smoke"

    @property
    def runs(self) -> Path:
        return self.root / "build" / "runs"

    def metrics(self, profile: str = "smoke") -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.root / "build" / profile / "metrics.json").read_bytes())
        return loaded

    def environment(self, **variables: str) -> dict[str, str]:
        """Variables of a process in this copy: none of the user's, and no way to the network."""
        kept = {name: value for name, value in os.environ.items() if name not in OWN_VARIABLES}
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), CLOSED)
        proxies |= dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost")
        own = {"PYTHONPATH": str(self.root / "src"), "PROFILE": "smoke", "BACKEND": "pandoc", "COLUMNS": "120"}
        return kept | proxies | own | variables

    def command(self, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
        return [sys.executable, *options, "-m", "convscope", *arguments]

    def run(
        self, *arguments: str, options: tuple[str, ...] = (), limit: float = 300, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run ``convscope`` here, with environment variables such as ``STUDIES="mnist"``."""
        return subprocess.run(
            self.command(*arguments, options=options),
            cwd=self.root,
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )

    def built(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run ``convscope`` here; it must end well."""
        done = self.run(*arguments, options=(), limit=900, **variables)
        assert done.returncode == 0, done.stderr[-3000:]
        return done


@dataclass(frozen=True)
class SmokeBuild:
    """A whole build in a copy of this checkout, and what the command said."""

    checkout: Checkout
    process: subprocess.CompletedProcess[str]


def facts(metrics: dict[str, Any]) -> bytes:
    """Everything in metrics.json that must be the same bytes for the same specifications, data and arithmetic."""
    return json.dumps({name: part for name, part in metrics.items() if name not in ("timings", "environment")}).encode()


def modification_times(folder: Path) -> dict[str, int]:
    """Time of the last change of every file below a folder, hidden ones too."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns for path in sorted(folder.rglob("*")) if path.is_file()
    }
