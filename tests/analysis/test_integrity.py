"""A metrics.json edited by hand: each kind of number in it that follows from others is missed at once."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from convscope.analysis.integrity import check_consistency
from convscope.analysis.metrics_file import parse, read_metrics
from convscope.errors import ReportError
from convscope.files import Json, write_json
from convscope.publication import published_metrics
from convscope.runs.published import PublishedRuns
from convscope.studies import STUDIES

STORED = ("fashion", "fashion_compact", "mnist_numpy")
CLAIM = "/claims/fashion-cnn3-beats-mlp"
VARIANT = "/studies/fashion/variants/cnn3"
COMPARISON = "/studies/fashion/against_baseline/0"


@pytest.fixture(scope="module")
def published() -> Json:
    kept = PublishedRuns(Path(__file__).parents[2] / "data" / "published")
    found, _ = published_metrics([STUDIES[name] for name in STORED], kept)
    return found.as_json()


def edited(metrics: Json, pointer: str, value: Any) -> Json:
    """Return a copy with one place changed: to a value, or by a factor behind a ``*``; a count stays one."""
    changed = copy.deepcopy(metrics)
    *way, last = (int(part) if part.isdigit() else part for part in pointer.split("/")[1:])
    node: Any = changed
    for part in way:
        node = node[part]
    if isinstance(value, str) and value.startswith("*"):
        number = node[last] * float(value[1:])
        value = round(number) if isinstance(node[last], int) else number
    node[last] = value
    return changed


def test_published_results_agree_with_themselves(published: Json, tmp_path: Path) -> None:
    write_json(tmp_path / "metrics.json", published)
    assert read_metrics(tmp_path / "metrics.json").as_json() == published


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        (f"{CLAIM}/verdict", "refuted"),
        (f"{CLAIM}/verdict", "inconclusive"),
        (f"{CLAIM}/leaning", "refuted"),
        (f"{CLAIM}/reason", "n too small"),
        (f"{CLAIM}/effect", "*-1"),
        (f"{CLAIM}/interval/0", "*0.9"),
        (f"{CLAIM}/level", 0.95),
        (f"{CLAIM}/n", 9),
        (f"{CLAIM}/margin", 0.5),
        (f"{CLAIM}/comparisons/0/effect", "*1.1"),
        (f"{CLAIM}/comparisons/0/differences/3", "*1.1"),
        (f"{CLAIM}/comparisons/0/seed_error", "*0.5"),
        (f"{CLAIM}/comparisons/0/test_set_error", "*0.5"),
        (f"{CLAIM}/comparisons/0/degrees_of_freedom", "*2"),
        ("/claims/fashion-3x3-best/verdict", "supported"),
        ("/claims/fashion-3x3-best/decided_by", 1),
        ("/claims/fashion-cnn-overfits-less/comparisons/0/differences/0", "*1.1"),
        ("/claims/fashion_compact-by-2-to-3-points/verdict", "supported"),
        ("/claims/fashion_compact-by-2-to-3-points/expected", 0.04),
        ("/claims/mnist_numpy-similar-parameters/verdict", "supported"),
        ("/claims/mnist_numpy-quadratic-kernels/verdict", "refuted"),
        ("/claims/mnist_numpy-quadratic-kernels/counts/0/computed", "*1.1"),
    ],
)
def test_a_claim_that_no_longer_follows_is_named(published: Json, pointer: str, value: Any) -> None:
    with pytest.raises(ReportError, match=f"Claim '{pointer.split('/')[2]}'"):
        check_consistency(parse(edited(published, pointer, value)))


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        (f"{VARIANT}/parameters", "*1.1"),
        (f"{VARIANT}/macs", "*1.1"),
        (f"{VARIANT}/test_accuracy/mean", "*1.01"),
        (f"{VARIANT}/test_accuracy/sd", "*1.01"),
        (f"{VARIANT}/test_accuracy/n", 10),
        (f"{VARIANT}/test_accuracy/values/0", "*1.01"),
        (f"{VARIANT}/test_accuracy/interval/1", "*1.01"),
        (f"{VARIANT}/test_loss/mean", "*1.01"),
        (f"{VARIANT}/train_accuracy/values/2", "*1.01"),
        (f"{VARIANT}/curves/validation_accuracy/0", [0.1, 0.2]),
        (f"{VARIANT}/class_accuracy/6/mean", "*1.01"),
        (f"{VARIANT}/confusion/0/0", 1),
        (f"{COMPARISON}/effect", "*1.1"),
        (f"{COMPARISON}/differences/0", "*1.1"),
        (f"{COMPARISON}/interval/0", "*1.1"),
        (f"{COMPARISON}/seed_error", "*1.1"),
        (f"{COMPARISON}/sign_flip_p", 0.5),
        (f"{COMPARISON}/smallest_detectable", "*1.1"),
        ("/studies/fashion/experiments/kernel/comparisons/1/effect", "*1.1"),
        ("/studies/fashion/reported/2/reproduction/verdict", "reproduced"),
        ("/studies/fashion/reported/5/reproduction/interval/0", "*1.1"),
        ("/timings/studies/fashion/cnn3/train_seconds/mean", "*1.1"),
        ("/timings/orders/fashion/verdict", "another order"),
    ],
)
def test_a_number_that_no_longer_follows_is_named(published: Json, pointer: str, value: Any) -> None:
    with pytest.raises(ReportError, match=r"metrics\.json contradicts itself: at /"):
        check_consistency(parse(edited(published, pointer, value)))


def test_reading_checks(published: Json, tmp_path: Path) -> None:
    write_json(tmp_path / "metrics.json", edited(published, f"{CLAIM}/verdict", "refuted"))
    with pytest.raises(ReportError, match=r"is called refuted, but its numbers give supported: effect .*, margin"):
        read_metrics(tmp_path / "metrics.json")
