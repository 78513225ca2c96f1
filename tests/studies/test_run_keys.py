"""Keys of runs stay what they were: results that were published are found again by them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from convscope.engines import ENGINE_REVISION
from convscope.specs import NumericMode, run_key
from convscope.studies import STUDIES

GOLDEN: dict[str, dict[str, dict[str, str]]] = json.loads((Path(__file__).parent / "run_keys.json").read_text())
# Study, profile and variant of each key. All runs of a variant differ in their seed alone: the last one stands for
# them. Data set and machine are fixed here, since what is pinned is the specification. A study or a variant may be
# added; what is pinned keeps its key for as long as it computes the same.


def keys(study: str) -> dict[str, dict[str, str]]:
    declared = STUDIES[study]
    modes = {
        name: NumericMode(engine=name, device="cpu", dtype="float32", layout="channels_last")
        for name in ("torch", "numpy")
    }
    return {
        profile: {
            variant: run_key(runs[-1], "0" * 64, modes[runs[-1].training.engine], ENGINE_REVISION)
            for variant, runs in declared.runs(profile).items()
        }
        for profile in declared.budgets
    }


@pytest.mark.parametrize("study", GOLDEN)
def test_keys_of_runs_do_not_change(study: str) -> None:
    now = keys(study)
    for profile, pinned in GOLDEN[study].items():
        assert {variant: now[profile].get(variant) for variant in pinned} == pinned
