"""What is remembered of a data set that could not be found, and what becomes of a damaged memory."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from tiny_mnist import Mirror

from convscope.datasets.availability import why_unavailable

pytest_plugins = ["tiny_mnist"]
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def test_the_answer_stands_for_an_hour(tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path) -> None:
    served, mirror.answers = mirror.answers, {}
    memory = tmp_path / "mnist.json"
    assert "HTTP Error 404" in why_unavailable("mnist", tmp_path / "data", memory)
    mirror.answers = served
    asked = len(mirror.requests)
    assert "HTTP Error 404" in why_unavailable("mnist", tmp_path / "data", memory)
    assert len(mirror.requests) == asked
    assert why_unavailable("mnist", tmp_path / "data", memory, again=True) == ""
    assert why_unavailable("mnist", tmp_path / "data", memory) == ""


@pytest.mark.parametrize(
    "memory",
    [
        [],
        "text",
        None,
        {"where": "", "reason": "gone", "looked": "yesterday"},
        {"where": "", "reason": "gone", "looked": None},
        {"where": "", "reason": "gone", "looked": time.time() + 1e6},  # a clock that was wrong
        {"where": "", "files": 7},
        {"where": "", "files": [7]},
    ],
)
def test_a_damaged_memory_is_no_memory(tiny: dict[str, bytes], mirror: Mirror, tmp_path: Path, memory: Any) -> None:
    file = tmp_path / "mnist.json"
    file.write_text(json.dumps(memory))
    assert why_unavailable("mnist", tmp_path / "data", file) == ""
    assert len(json.loads(file.read_bytes())["files"]) == 4
