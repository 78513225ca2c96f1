from __future__ import annotations

import io
import json
import re
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console
from tiny_runs import GLYPHS, planned, tiny

from convscope.runs import progress
from convscope.runs.progress import ProgressDisplay, duration, expected_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 s"), (0, "0 s"), (0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (61, "1 min 1 s"), (200, "3 min 20 s"),
        (599, "9 min 59 s"), (600, "10 min"), (640, "11 min"), (3540, "59 min"), (3590, "1 h 0 min"),
        (3600, "1 h 0 min"), (7190, "2 h 0 min"), (7500, "2 h 5 min"), (90_000, "25 h 0 min"),
    ],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_expected_duration_is_that_of_the_work_or_of_the_longest_run() -> None:
    runs = [tiny(seed) for seed in range(8)]
    one = runs[0].expected_seconds
    assert expected_duration(runs, 1) == pytest.approx(8 * one + 3)
    assert expected_duration(runs, 4) == pytest.approx(2 * one + 3)
    assert expected_duration(runs[:1], 4) == pytest.approx(one + 3)
    assert expected_duration([], 2) == 3


@pytest.mark.parametrize("slower", [0.5, 1.0, 4.0])
def test_time_left_is_near_the_truth_and_does_not_jump(tmp_path: Path, slower: float) -> None:
    """A simulated training: two processes, a start of 3 s, a machine that is slower or faster than expected."""
    epochs, jobs = 10, 2
    runs = [tiny(seed, epochs) for seed in range(6)]
    glyphs = replace(GLYPHS, train=40_000_000)  # of a size that is expected to take minutes
    run = replace(runs[0].spec.data, dataset=glyphs)
    runs = [planned(replace(r.spec, data=run)) for r in runs]
    epoch_seconds = runs[0].expected_seconds * slower / epochs
    end = 3 + epoch_seconds * epochs * len(runs) / jobs
    now = 1000.0
    display = ProgressDisplay(runs, tmp_path, jobs, Console(file=io.StringIO(), width=80), clock=lambda: now)
    seen = []
    steps = 100
    for step in range(steps):
        now = 1000.0 + end * step / steps
        for i, planned_run in enumerate(runs):
            begun = 3 + (i // jobs) * epoch_seconds * epochs
            done = int((now - 1000 - begun) / epoch_seconds)
            if done >= 0:
                (tmp_path / planned_run.key).write_text(json.dumps([min(done, epochs), 0.5]))
        display._poll()
        seen.append((end * step / steps, display.seconds_left()))
    after = [(at, left) for at, left in seen if at > 0.1 * end]
    assert all(left == pytest.approx(end - at, abs=0.1 * end) for at, left in after)
    assert all(later <= earlier + 0.05 * end for (_, earlier), (_, later) in pairwise(after))
    assert seen[0][1] == pytest.approx(expected_duration(runs, jobs))


def test_plain_lines_stay_on_one_line(tmp_path: Path) -> None:
    shown = io.StringIO()
    runs = [
        planned(tiny(seed).spec, title=f"tiny · [bold] CNN {'with a long title ' * 8}· seed {seed}")
        for seed in range(3)
    ]
    with ProgressDisplay(runs, tmp_path, 2, Console(file=shown, width=80)) as display:
        (tmp_path / runs[0].key).write_text("[2, 0.875]")
        display.finished(runs[0].key, failed=False)
        display.finished(runs[1].key, failed=True)
        display.finished(runs[2].key, failed=False)
    lines = shown.getvalue().splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("Training 3 runs in 2 processes, about ")
    assert lines[1].startswith(f"[1/3] {runs[0].title}: validation accuracy 87.5%, 0 s; about ")
    assert lines[1].endswith(" s left")
    assert lines[2].startswith(f"[2/3] {runs[1].title}: FAILED")
    assert "left" not in lines[3]
    assert lines[4].startswith("Trained 2 runs in ")


def test_a_log_hears_of_long_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every half minute, so that whoever reads it sees that it goes on."""
    monkeypatch.setattr(progress, "SILENCE_SECONDS", 0.5)
    shown, run = io.StringIO(), tiny(0, 10)
    with ProgressDisplay([run], tmp_path, 2, Console(file=shown, width=80)):
        (tmp_path / run.key).write_text("[3, 0.5]")
        for _ in range(600):
            if shown.getvalue().count("epoch 3 of 10") >= 2:
                break
            time.sleep(0.1)
    lines = [line for line in shown.getvalue().splitlines() if line.startswith("[0/1]")]
    assert len(lines) >= 2
    beginning, _, left = lines[-1].partition("; ")
    assert beginning == f"[0/1] {run.title}: epoch 3 of 10"
    assert re.fullmatch(r"about \d+ s left|longer than expected", left)


def test_no_thread_outlives_the_display(tmp_path: Path) -> None:
    display = ProgressDisplay([tiny()], tmp_path, 2, Console(file=io.StringIO(), force_terminal=True, width=80))
    with pytest.raises(KeyboardInterrupt), display:
        raise KeyboardInterrupt
    assert display._thread is not None
    assert not display._thread.is_alive()
