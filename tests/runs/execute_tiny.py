"""Trains tiny runs as a process of its own: ``python execute_tiny.py STORE JOBS EPOCHS SEED...``."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from tiny_runs import tiny

from convscope.errors import Interrupted
from convscope.runs.execute import execute
from convscope.runs.store import RunStore

if __name__ == "__main__":
    store = RunStore(Path(sys.argv[1]))
    jobs, epochs, *seeds = map(int, sys.argv[2:])
    runs = [tiny(seed, epochs) for seed in seeds]
    try:
        execute(store.missing(runs), store, Path("no-data-here"), jobs)
    except Interrupted as error:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # as the command line does: Python takes its time to end
        print(f"Interrupted: {error.message}")
        sys.exit(130)
    print("done")
