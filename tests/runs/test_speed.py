"""What is foretold of a training is what this machine takes, once it is known."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from tiny_runs import GLYPHS, SPEC, planned, tiny

from convscope.datasets.load import load
from convscope.datasets.size import size
from convscope.runs import speed as module
from convscope.runs.executors import Here
from convscope.runs.plan import PlannedRun
from convscope.runs.progress import expected_duration
from convscope.runs.result import RunResult
from convscope.runs.speed import Speed
from convscope.specs import DatasetSpec, Glyphs, NumericMode, Table


class Nobody:
    """An executor that must not be asked."""

    def results(self, *_: object) -> Generator[Any, None, None]:
        raise AssertionError


class Took:
    """A result that took so long."""

    def __init__(self, seconds: float) -> None:
        self.train_seconds, self.evaluate_seconds = 0.75 * seconds, 0.25 * seconds


def took(seconds: float) -> RunResult:
    return cast("RunResult", Took(seconds))


def test_a_machine_is_as_fast_as_its_last_runs(tmp_path: Path) -> None:
    run = tiny()
    speed = Speed(tmp_path / "speed.json")
    assert speed.seconds(run) == run.expected_seconds
    for seconds in (2.0, 2.2, 50.0):  # the last one beside something else
        speed.learn(run, took(seconds))
    for known in (speed, Speed(tmp_path / "speed.json")):  # a later command knows it too
        assert known.seconds(run) == pytest.approx(2.2, rel=1e-3)
    other = replace(run, mode=replace(run.mode, dtype="bfloat16"))
    assert speed.seconds(other) == other.expected_seconds


@pytest.mark.parametrize("content", ["", "[]", "{", '{"machine": "another", "runs": {}, "steps": {}}', '{"runs": {}}'])
def test_a_damaged_memory_or_one_of_another_machine_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "speed.json").write_text(content, encoding="utf-8")
    speed = Speed(tmp_path / "speed.json")
    assert speed.factor(tiny().mode) == 1.0
    assert speed.step("smoke site") is None
    speed.learn_step("smoke site", 4.0)
    assert Speed(tmp_path / "speed.json").step("smoke site") == 4.0


@pytest.mark.slow
@pytest.mark.parametrize("mode", [tiny().mode, NumericMode("numpy", "cpu", "float32", "channels_last")])
def test_an_unknown_machine_is_measured_before_its_first_training(tmp_path: Path, mode: NumericMode) -> None:
    long = planned(replace(SPEC, training=replace(SPEC.training, epochs=20_000)), mode)
    speed = Speed(tmp_path / "speed.json")
    speed.measure([], Nobody())
    assert not (tmp_path / "speed.json").exists()
    speed.measure([planned(SPEC, mode)], Here())
    (measured,) = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))["runs"].values()
    assert speed.seconds(long) == pytest.approx(measured[0] * long.expected_seconds)
    assert 0.01 < measured[0] < 1000
    speed.measure([long], Nobody())  # it is known now


@pytest.mark.parametrize("slower", [0.2, 1.0, 7.0])
def test_a_slow_machine_is_foretold_as_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slower: float) -> None:
    """By an engine that takes so much longer than expected, for the first time 5 s more."""
    calls: list[float] = []

    def train(run: PlannedRun, *_: object) -> RunResult:
        calls.append(slower * run.expected_seconds + (0 if calls else 5))
        return took(calls[-1])

    monkeypatch.setattr(module, "train", train)
    long = planned(replace(SPEC, training=replace(SPEC.training, epochs=20_000)))
    speed = Speed(tmp_path / "speed.json")
    speed.measure([long], Here())
    assert speed.seconds(long) == pytest.approx(slower * long.expected_seconds)


def test_the_start_of_a_process_is_measured_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training of seconds is mostly start: an import of torch, a first pass that pays for what is loaded once."""
    now = 100.0

    class Slow(Here):
        def results(self, *given: Any) -> Generator[Any, None, None]:
            nonlocal now
            for name, seconds, expected in super().results(*given):
                now += 9.0 + seconds
                yield name, seconds, expected

    run, speed = tiny(), Speed(tmp_path / "speed.json", lambda: now)
    assert speed.start == expected_duration([], 2) == 3.0
    monkeypatch.setattr(module, "train", lambda run, *_: took(2 * run.expected_seconds))
    speed.measure([run], Slow())
    for known in (speed, Speed(tmp_path / "speed.json")):
        assert known.start == pytest.approx(9.0)
        assert expected_duration([run], 2, known.seconds, known.start) == pytest.approx(9.0 + 2 * run.expected_seconds)


@pytest.mark.parametrize("dataset", [GLYPHS, Glyphs(train=50, test=20), Table("breast-cancer")])
def test_size_is_that_of_the_data(dataset: DatasetSpec, tmp_path: Path) -> None:
    loaded = load(dataset, tmp_path)
    sizes = (len(loaded.train.pixels), len(loaded.test.pixels))
    if isinstance(dataset, Table):
        assert sum(size(dataset)) == 569
    else:
        assert size(dataset) == sizes


def test_size_of_public_data_sets() -> None:
    assert size("mnist") == size("fashion-mnist") == (60_000, 10_000)
    assert size("cifar10") == (50_000, 10_000)


def test_a_small_data_set_is_not_expected_to_take_as_long_as_a_public_one() -> None:
    """Nothing said about the number of images means all of them: 300 here, and never more than there are."""
    small = planned(replace(SPEC, data=replace(SPEC.data, train_images=None)))
    large = planned(replace(SPEC, data=replace(SPEC.data, dataset=replace(GLYPHS, train=30_000))))
    assert 20 * small.expected_seconds < large.expected_seconds
    wished = planned(replace(SPEC, data=replace(SPEC.data, train_images=50_000)))
    assert wished.expected_seconds == small.expected_seconds
