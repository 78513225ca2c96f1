from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tiny_runs import GLYPHS, SPEC

from convscope import engines
from convscope.datasets.glyphs import generate
from convscope.datasets.splits import split
from convscope.runs import plan as module
from convscope.runs.plan import PlannedRun, plan, plan_study
from convscope.specs import NumericMode
from convscope.studies import STUDIES
from convscope.studies.study import Study

FASHION = replace(STUDIES["fashion"], tuning=None)  # one rate, so that a test can change it for all


def test_plan_has_every_seed_of_every_variant_once() -> None:
    runs = plan([FASHION], "full", "cpu")
    assert len(runs) == 4 * 10
    assert all(key == run.key for key, run in runs.items())
    assert {(run.variant, run.spec.seed) for run in runs.values()} == {
        (variant.id, seed) for variant in FASHION.variants for seed in range(10)
    }
    assert list(plan_study(FASHION, "full", "cpu", seeds=3)["mlp"]) == [
        run for run in runs.values() if run.variant == "mlp" and run.spec.seed < 3
    ]


def test_runs_that_studies_share_appear_once() -> None:
    bare: dict[str, Any] = dict.fromkeys(("experiments", "reported", "reported_order", "claims", "decisions"), ())
    twin = replace(FASHION, id="twin", variants=FASHION.variants[:2], **bare)
    both = plan([FASHION, twin], "smoke", "cpu")
    assert list(both) == list(plan([FASHION], "smoke", "cpu"))
    assert {run.study for run in both.values()} == {"fashion"}
    assert [run.key for run in plan_study(twin, "smoke", "cpu")["mlp"]] == [
        run.key for run in plan_study(FASHION, "smoke", "cpu")["mlp"]
    ]


def keys(study: Study = FASHION, device: str = "cpu") -> set[str]:
    return set(plan([study], "smoke", device))


def test_keys_follow_what_decides_the_result_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys()
    assert keys() == before
    renamed = replace(
        FASHION, title="Other", question="Other", margin=0.1, reported=(), decisions=(), claims=(), experiments=()
    )
    assert keys(renamed) == before
    retitled = replace(FASHION, variants=tuple(replace(v, title="Other") for v in FASHION.variants))
    assert keys(retitled) == before
    slower = replace(FASHION, training=replace(FASHION.training, learning_rate=1e-4))
    assert not keys(slower) & before
    monkeypatch.setattr(module, "ENGINE_REVISION", engines.ENGINE_REVISION + 1)
    assert not keys() & before
    monkeypatch.undo()
    monkeypatch.setattr(module, "fingerprint", lambda _: "other data")
    assert not keys() & before
    monkeypatch.undo()
    modes = [NumericMode("torch", "cpu", dtype, "channels_last") for dtype in ("float32", "bfloat16")]
    by_mode = []
    for mode in modes:
        monkeypatch.setattr(module, "numeric_mode", lambda *_, mode=mode: mode)
        by_mode.append(keys())
    assert not by_mode[0] & by_mode[1]
    assert before in by_mode


def test_each_engine_has_its_own_mode() -> None:
    for run in plan([STUDIES["mnist_numpy"]], "smoke", "cpu").values():
        assert (run.mode.engine, run.mode.dtype) == ("numpy", "float32")
    assert {run.mode.engine for run in plan([FASHION], "smoke", "cpu").values()} == {"torch"}


def test_variants_of_one_seed_share_their_images() -> None:
    dataset = generate(GLYPHS)
    data = replace(SPEC.data, train_images=150)
    variants = plan_study(
        replace(FASHION, data=data, budgets={"full": FASHION.budgets["full"]}), "full", "cpu"
    ).values()
    of_seeds: list[list[np.ndarray]] = []
    for seed in (0, 1):
        labels = [split(dataset, runs[seed].spec.data, runs[seed].spec.seed).train.pixels for runs in variants]
        assert all(np.array_equal(labels[0], other) for other in labels)
        of_seeds.append(labels)
    assert not np.array_equal(of_seeds[0][0], of_seeds[1][0])


def test_expected_time_grows_with_the_work() -> None:
    def expected(**changes: object) -> float:
        run = PlannedRun("k", SPEC, NumericMode("torch", "cpu", "bfloat16", "channels_last"), "s", "v", "t")
        return replace(run, **changes).expected_seconds  # type: ignore[arg-type]

    longer = replace(SPEC, training=replace(SPEC.training, epochs=4))
    assert 0 < expected() < expected(spec=longer)
    assert expected() < expected(mode=NumericMode("torch", "cpu", "float32", "channels_last"))
    assert expected() < expected(mode=NumericMode("numpy", "cpu", "float32", "channels_last"))
