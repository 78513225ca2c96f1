from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from tiny_runs import impossible, tiny

from convscope.errors import ConvscopeError
from convscope.runs.execute import TrainingFailed, execute, remove_leftovers
from convscope.runs.executors import executor_named
from convscope.runs.store import RunStore
from convscope.runs.worker import result_of_run

NO_DATA = Path("no-data-here")  # glyphs need none
SCRIPT = Path(__file__).with_name("execute_tiny.py")
FOREVER = 1_000_000  # epochs
# Seconds for a process that was stopped: alone it takes 5.
LIMIT = 120.0
T = TypeVar("T")


def arguments(store: RunStore, jobs: int, epochs: int, *seeds: int) -> list[str]:
    return [sys.executable, str(SCRIPT), str(store.root), str(jobs), str(epochs), *map(str, seeds)]


def below(pid: int) -> set[int]:
    """Processes that descend from one, from /proc."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue  # it ended meanwhile
    found, new = set[int](), {pid}
    while new:
        found |= new
        new = {child for child, parent in parents.items() if parent in new} - found
    return found - {pid}


def until(condition: Callable[[], T]) -> T:
    """Wait for a condition, long enough for a busy machine, and return its value."""
    for _ in range(600):
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError("waited for a minute")


def alive(pids: set[int]) -> set[int]:
    def is_alive(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    return {pid for pid in pids if is_alive(pid)}


# ---------------------------------------------------------------- training


@pytest.mark.slow
@pytest.mark.parametrize("name", ["processes", "here", "spawned:Spawned"])
def test_runs_are_the_same_wherever_they_are_trained(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    """Whatever the executor, one of a user's own too: bits of results, lines of progress."""
    here, there = RunStore(tmp_path / "here"), RunStore(tmp_path / "there")
    runs = [tiny(seed) for seed in range(3)]
    for run in runs:
        here.write(result_of_run(run, NO_DATA))
    execute(runs, there, NO_DATA, 2, executor_named(name))
    for run in runs:
        one, other = here.read(run.key), there.read(run.key)
        assert one.history == other.history
        assert one.test_loss == other.test_loss
        assert np.array_equal(one.confidences, other.confidences)
        assert all(np.array_equal(one.weights[name], other.weights[name]) for name in one.weights)
        assert other.environment["train_images"] == 2 * 200
    lines = capfd.readouterr().err.splitlines()
    time_shown = r"(\d+ min ?)?(\d+ s)?"  # minutes, on a busy machine
    assert re.fullmatch(rf"Training 3 runs in 2 processes, about {time_shown}\.", lines[0])
    for count, line in enumerate(lines[1:3], start=1):
        title = rf"\[{count}/3\] tiny · CNN · seed \d: validation accuracy \d+\.\d%"
        assert re.fullmatch(rf"{title}, {time_shown}; about {time_shown} left", line)
    assert re.fullmatch(rf"\[3/3\] .*, {time_shown}", lines[3])
    assert re.fullmatch(rf"Trained 3 runs in {time_shown}\.", lines[4])
    assert len(lines) == 5


@pytest.mark.parametrize("name", ["ray", "ray:Executor", "convscope.runs.executors:Nowhere"])
def test_an_unknown_executor_is_named(name: str) -> None:
    with pytest.raises(ConvscopeError, match=f"EXECUTOR is '{name}'") as caught:
        executor_named(name)
    assert "processes, here" in caught.value.hint


@pytest.mark.slow
def test_a_failing_run_is_named_and_does_not_stop_the_others(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    store = RunStore(tmp_path)
    runs = [impossible(), tiny(1), tiny(2)]
    with pytest.raises(TrainingFailed, match=r"1 of 3 runs failed") as caught:
        execute(runs, store, NO_DATA, jobs=2)
    assert "tiny · impossible" in caught.value.message
    assert "301" in caught.value.message
    assert store.missing(runs) == runs[:1]
    errors = capfd.readouterr().err
    assert "tiny · impossible: FAILED" in errors
    assert "Trained 2 runs" in errors


# ---------------------------------------------------------------- stopping


@pytest.mark.slow
@pytest.mark.parametrize(("how", "jobs"), [("Ctrl-C", 2), ("SIGTERM", 2), ("Ctrl-C", 1), ("Ctrl-C twice", 1)])
def test_stopping_keeps_what_is_trained_and_leaves_nothing_behind(tmp_path: Path, how: str, jobs: int) -> None:
    """At once, though runs are queued that would take days."""
    store = RunStore(tmp_path / "runs")
    store.write(result_of_run(tiny(0, 1), NO_DATA))
    process = subprocess.Popen(
        arguments(store, jobs, FOREVER, 1, 2, 3),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C reaches a whole group of processes
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    progress = until(lambda: [f for f in tmp_path.glob("runs/.progress-*/*") if not f.read_text().startswith("[0,")])
    assert len(progress) >= 1
    workers = below(process.pid)
    assert len(workers) >= jobs
    if how != "SIGTERM":
        for _ in range(how.count("twice") + 1):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.2)
    else:
        process.terminate()
    output, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 130
    assert output == "Interrupted: Stopped. 0 of 3 runs are trained and kept.\n"
    assert "Traceback" not in errors
    until(lambda: not alive(workers))
    assert store.missing([tiny(0, 1)]) == []
    assert [path.name for path in store.root.glob("*/*")] == [tiny(0, 1).key]  # nothing half, no temporary folder
    assert not list(tmp_path.glob("runs/.progress-*"))


@pytest.mark.slow
def test_workers_end_with_a_process_that_is_killed(tmp_path: Path) -> None:
    process = subprocess.Popen(
        arguments(RunStore(tmp_path / "runs"), 2, FOREVER, 1, 2),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    until(lambda: list(tmp_path.glob("runs/.progress-*/*")))
    workers = below(process.pid)
    assert len(alive(workers)) >= 2
    process.kill()
    process.wait()
    until(lambda: not alive(workers))


@pytest.mark.slow
def test_stopped_training_goes_on_where_it_was(tmp_path: Path) -> None:
    """With one job, stopped after the first result: what is there stays as it is, the next call trains the rest."""
    store, runs = RunStore(tmp_path), [tiny(seed, 40) for seed in range(4)]
    process = subprocess.Popen(
        arguments(store, 1, 40, 0, 1, 2, 3), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    until(lambda: len(store.missing(runs)) < 4)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=LIMIT)
    kept = [run for run in runs if store.state(run.key)]
    assert output == f"Interrupted: Stopped. {len(kept)} of 4 runs are trained and kept.\n"
    assert 1 <= len(kept) < 4
    before = {run.key: store.path(run.key).stat().st_ctime_ns for run in kept}
    done = subprocess.run(arguments(store, 1, 40, 0, 1, 2, 3), capture_output=True, text=True, check=True)
    assert done.stderr.startswith(f"Training {4 - len(kept)} runs in 1 processes")
    assert store.missing(runs) == []
    assert before == {run.key: store.path(run.key).stat().st_ctime_ns for run in kept}


@pytest.mark.slow
def test_a_killed_worker_is_reported(tmp_path: Path) -> None:
    """As when the system takes memory back: the message says so, and there is no traceback to decipher."""
    store = RunStore(tmp_path / "runs")
    script = (
        "import sys, os, signal, pathlib\nsys.path.insert(0, sys.argv[2])\nimport tiny_runs\n"
        "from convscope.runs.execute import execute, TrainingFailed\nfrom convscope.runs.store import RunStore\n"
        "try:\n    execute([tiny_runs.tiny(1, 10**6)], RunStore(pathlib.Path(sys.argv[1])), pathlib.Path('.'), 2)\n"
        "except TrainingFailed as error:\n    print(error)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(store.root), str(SCRIPT.parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    until(lambda: list(tmp_path.glob("runs/.progress-*/*")))
    busiest = max(below(process.pid), key=lambda pid: len(Path(f"/proc/{pid}/maps").read_text()))  # it has torch
    os.kill(busiest, signal.SIGKILL)
    output, _ = process.communicate(timeout=LIMIT)
    assert "ended by itself or was killed" in output
    assert "JOBS" in output


def test_a_thread_may_train(tmp_path: Path) -> None:
    """As in a notebook that goes on meanwhile: Python lets the main thread alone handle signals."""
    store, runs = RunStore(tmp_path), [tiny(0)]
    with ThreadPoolExecutor(1) as thread:
        thread.submit(execute, runs, store, NO_DATA, 1, executor_named("here")).result()
    assert store.missing(runs) == []


def test_leftovers_of_killed_processes_are_removed_after_an_hour(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.write(result_of_run(tiny(0, 1), NO_DATA))
    old, recent = tmp_path / "ab" / ".abc.x.tmp", tmp_path / "ab" / ".abd.y.old"
    progress = tmp_path / ".progress-x.tmp"
    for folder, age in ((old, 4000), (progress, 4000), (recent, 60)):
        folder.mkdir(parents=True)
        os.utime(folder, (time.time() - age, time.time() - age))
    remove_leftovers(tmp_path)
    assert (old.exists(), progress.exists(), recent.exists()) == (False, False, True)
    assert store.missing([tiny(0, 1)]) == []


# ---------------------------------------------------------------- the display


@pytest.mark.slow
def test_a_terminal_shows_runs_done_and_time_left(tmp_path: Path) -> None:
    parent, child = pty.openpty()
    process = subprocess.Popen(
        arguments(RunStore(tmp_path), 2, 60, 0, 1, 2),
        stdout=subprocess.DEVNULL,
        stderr=child,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "30"},
    )
    os.close(child)
    shown = b""
    while process.poll() is None or select.select([parent], [], [], 0)[0]:
        if select.select([parent], [], [], 0.2)[0]:
            try:
                shown += os.read(parent, 65536)
            except OSError:  # Linux's way to say that the other end is closed
                break
    os.close(parent)
    assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert "Training 3 runs in 2 processes" in text
    assert re.search(r"0 of 3 runs .* \d+ s left", text)
    assert re.search(r"[12] of 3 runs .* \d+ s left", text)
    assert re.search(r"seed \d .* epoch [1-9]\d* of 60, validation accuracy \d+\.\d%", text)
    assert "Trained 3 runs in" in text
