"""The machine and the versions that a number comes from."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from convscope.engines.numeric_mode import BFLOAT16_FLAGS, cpu_flags
from convscope.files import Json


def processor() -> str:
    """Name of the processor, as the system gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def machine() -> Json:
    """Hardware, operating system and versions of what computes."""
    return {
        "processor": processor(),
        "cores": cores(),
        "bfloat16": sorted(cpu_flags() & BFLOAT16_FLAGS),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{package: version(package) for package in ("torch", "numpy")},
    }


def commit(folder: Path) -> str:
    """Commit of a checkout, with ``" (modified)"`` where the work tree differs; ``"unknown"`` outside of git."""
    try:
        head = _git(folder, "rev-parse", "--short=12", "HEAD")
        return f"{head} (modified)" if _git(folder, "status", "--porcelain") else head
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()
