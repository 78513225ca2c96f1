from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from tiny_runs import tiny

from convscope.engines.outcome import Epoch
from convscope.runs.result import RunResult
from convscope.runs.store import RunStore, UnreadableResult

ARRAYS = ("predictions.safetensors", "weights.safetensors")
RUN = tiny()


def result(key: str = RUN.key, seed: int = 0) -> RunResult:
    random = np.random.default_rng(seed)
    return RunResult(
        key=key,
        spec=RUN.spec,
        mode=RUN.mode,
        history=(Epoch(2.1, 0.2, 2.0, 0.25), Epoch(0.1 + 0.2, 1 / 3, 1e-300, 0.875)),
        test_loss=float(random.random()),
        test_accuracy=0.9,
        parameters=100,
        macs=1000,
        train_seconds=1.5,
        evaluate_seconds=0.25,
        environment={"torch": "2.13", "train_images": 400, "bfloat16": ["avx512_bf16"]},
        predictions=random.integers(0, 10, 60).astype(np.uint8),
        confidences=random.random(60, np.float32),
        weights={"0.weight": random.random((4, 1, 3, 3), np.float32), "1.weight": random.random((5, 3), np.float32).T},
    )


def same(one: RunResult, other: RunResult) -> bool:
    arrays = {"predictions", "confidences", "weights"}
    plain = all(getattr(one, f.name) == getattr(other, f.name) for f in fields(one) if f.name not in arrays)
    answers = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("predictions", "confidences"))
    same_names = set(one.weights) == set(other.weights)
    return (
        plain and answers and same_names and all(np.array_equal(one.weights[n], other.weights[n]) for n in one.weights)
    )


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    store = RunStore(tmp_path / "runs")
    store.write(result())
    return store


def test_round_trip_to_the_bit(store: RunStore) -> None:
    again = store.read(RUN.key)
    assert same(again, result())
    assert again.predictions.dtype == np.uint8
    assert {array.dtype for array in (again.confidences, *again.weights.values())} == {np.dtype(np.float32)}
    assert again.images_per_second == pytest.approx(400 / 1.5)
    assert [path.name for path in (store.path(RUN.key).parent).iterdir()] == [RUN.key]


def test_state_follows_everything_that_is_stored(store: RunStore) -> None:
    before = store.state(RUN.key)
    assert before is not None
    store.write(result())
    assert store.state(RUN.key) == before
    states = [before]
    for changed in (
        replace(result(), test_loss=0.123),
        replace(result(), history=result().history[:1]),
        replace(result(), predictions=np.zeros(60, np.uint8)),
        replace(result(), weights={"1.weight": np.ones(4, np.float32)}),
    ):
        store.write(changed)
        states.append(store.state(RUN.key) or "missing")
    assert len(set(states)) == 5
    assert "missing" not in states


def test_absent(store: RunStore) -> None:
    absent = "f" * 64
    assert store.state(absent) is None
    with pytest.raises(UnreadableResult, match="ffffffffffff has no stored result"):
        store.read(absent)
    store.discard(absent)
    store.discard(RUN.key)
    assert store.state(RUN.key) is None


@pytest.mark.parametrize("name", ARRAYS)
def test_array_file_truncated_or_missing(store: RunStore, name: str) -> None:
    file = store.path(RUN.key) / name
    os.truncate(file, file.stat().st_size - 1)
    for _ in range(2):
        assert store.state(RUN.key) is None
        with pytest.raises(UnreadableResult, match=name) as caught:
            store.read(RUN.key)
        assert caught.value.key == RUN.key
        file.unlink(missing_ok=True)


@pytest.mark.parametrize("name", ARRAYS)
def test_one_flipped_bit_in_an_array_is_noticed(store: RunStore, name: str) -> None:
    file = store.path(RUN.key) / name
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    with pytest.raises(UnreadableResult, match=f"{name} is not what was written"):
        store.read(RUN.key)


GARBAGE: dict[str, Callable[[str], str]] = {
    "empty": lambda _: "",
    "truncated": lambda text: text[: len(text) // 2],
    "no JSON": lambda _: "\x00\xff" * 40,
    "a list": lambda _: "[]",
    "null": lambda _: "null",
    "another key": lambda text: text.replace(RUN.key, "0" * 64),
    "another format": lambda text: text.replace('"format": 1', '"format": 99'),
    "no history": lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != "history"}),
    "no loss": lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != "test_loss"}),
    "no file sizes": lambda text: json.dumps(json.loads(text) | {"files": {}}),
    "an unknown spec": lambda text: text.replace('"type": "RunSpec"', '"type": "WalkSpec"'),
    "history of another kind": lambda text: text.replace('"train_loss"', '"loss"'),
}


@pytest.mark.parametrize("how", GARBAGE)
def test_garbage_in_the_header_is_a_missing_result(store: RunStore, how: str) -> None:
    file = store.path(RUN.key) / "result.json"
    file.write_text(GARBAGE[how](file.read_text()), encoding="latin1")
    with pytest.raises(UnreadableResult, match=r"result\.json") as caught:
        store.read(RUN.key)
    assert caught.value.key == RUN.key
    assert store.state(RUN.key) is None


WRITER = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:3]
from test_store import result
from convscope.runs.store import RunStore
store, keys = RunStore(Path(sys.argv[1])), sys.argv[4:]
store.write(result("e" * 64))  # imports what is needed
print("ready", flush=True)
for count in range(int(sys.argv[3])):
    for key in keys:
        store.write(result(key, seed=count))
"""


def writer(root: Path, times: int, keys: list[str]) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WRITER, str(root), str(Path(__file__).parent), str(times), *keys]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_every_result_is_whole_or_absent_after_a_kill(tmp_path: Path) -> None:
    store, waits = RunStore(tmp_path), random.Random(0)
    keys = [f"{i:064x}" for i in range(3)]
    found = 0
    for _ in range(20):
        process = writer(tmp_path, 10**9, keys)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(waits.uniform(0, 0.05))
        os.kill(process.pid, signal.SIGKILL)
        assert process.communicate()[1] == ""
        for key in keys:
            assert (store.state(key) is None) == (not store.path(key).exists())
            if store.state(key) is not None:
                found += 1
                assert store.read(key).key == key
                store.discard(key)
    assert found > 10


def test_processes_may_store_the_same_run_at_once(tmp_path: Path) -> None:
    processes = [writer(tmp_path, 25, [RUN.key]) for _ in range(3)]
    errors = [process.communicate()[1] for process in processes]
    assert errors == ["", "", ""]
    assert same(RunStore(tmp_path).read(RUN.key), result(seed=24))


def test_an_array_without_sides_stays_one(tmp_path: Path) -> None:
    """Batch normalisation counts its batches in one."""
    store = RunStore(tmp_path / "runs")
    counted = replace(result(), weights={"1.num_batches_tracked": np.array(7, np.float32)})
    store.write(counted)
    (array,) = store.read(RUN.key).weights.values()
    assert (array.shape, float(array)) == ((), 7.0)
