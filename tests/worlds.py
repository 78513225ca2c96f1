"""Results made up for any study, in seconds and without training: what a network answers follows from one number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from checkout import ROOT
from convscope.analysis.equivariance import SHIFTS
from convscope.datasets.eda import describe
from convscope.datasets.folds import all_tested
from convscope.datasets.load import load
from convscope.datasets.splits import Split
from convscope.engines.outcome import Epoch
from convscope.models.cost import macs, parameters
from convscope.models.torch_model import build
from convscope.runs.plan import PlannedRun, plan_study
from convscope.runs.result import Arrays, RunResult
from convscope.runs.results import Results
from convscope.specs import ModelSpec
from convscope.studies.study import Study

SEEDS = 8


def results_of(study: Study, accuracy: Mapping[str, float]) -> Results:
    """Return results of the smoke profile with eight seeds.

    Parameters
    ----------
    study
        Any; its budget is given eight seeds.
    accuracy
        By variant, what it is to have right, about.
    """
    declared = replace(study, budgets={"smoke": replace(study.budget("smoke"), seeds=SEEDS)})
    data = declared.budget("smoke").data(declared.data)
    dataset = load(data.dataset, ROOT)
    images = all_tested(dataset, data, seed=0)
    facts, pictures = describe(dataset)
    labels, classes = images.test.labels, len(facts["class_names"])
    hardness = np.random.default_rng(0).random(len(labels))

    def answers(run: RunResult, shape: tuple[int, ...], stream: int) -> NDArray[np.uint8]:
        random = np.random.default_rng([stream, run.spec.seed, *run.key.encode()[:8]])
        known = hardness[: shape[-1]] + random.normal(0, 0.1, shape) < run.test_accuracy + random.normal(0, 0.01)
        wrong = (labels[: shape[-1]] + random.integers(1, classes, shape)) % classes
        return np.where(known, labels[: shape[-1]], wrong).astype(np.uint8)

    def measure(run: RunResult, name: str, compute: Callable[[Split], Arrays]) -> Arrays:
        if name.startswith("moved-"):
            *distances, count = name.split("-")[1:]
            return {"answers": answers(run, (len(distances), 4, min(int(count), len(labels))), 1)}
        if name == "equivariance":
            random = np.random.default_rng(run.spec.seed)
            return {"errors": random.random((len(run.spec.model.windows), len(SHIFTS)))}
        return compute(images)

    def made_up(planned: PlannedRun, name: str) -> RunResult:
        model, level = planned.spec.model, accuracy[name]
        wished = RunResult(
            key=planned.key, spec=planned.spec, mode=planned.mode, history=(), test_loss=1 - level, test_accuracy=level,
            parameters=parameters(model), macs=macs(model), train_seconds=10.0 + len(name), evaluate_seconds=1.0,
            environment={
                "processor": "A processor", "cores": 2, "system": "Linux", "python": "3", "torch": "2", "numpy": "2",
                "commit": "0123456", "finished": "2026-01-01T00:00:00Z", "train_images": 200,
            },
            predictions=np.empty(0, np.uint8), confidences=np.empty(0, np.float32), weights=_untrained(model),
        )  # fmt: skip
        predictions = answers(wished, labels.shape, 0)
        right = float((predictions == labels).mean())
        last = Epoch(0.3, min(right + 0.02 + 0.001 * planned.spec.seed, 1.0), 0.4, right)
        history = (Epoch(2.4, 0.1, 2.3, 0.1), last)
        return replace(wished, predictions=predictions, test_accuracy=right, history=history)

    runs = {
        name: tuple(made_up(run, name) for run in planned) for name, planned in plan_study(declared, "smoke").items()
    }
    return Results(
        declared, "smoke", runs=runs, tuning={}, facts=facts, pictures=pictures, labels=labels, measure=measure,
        test_images=lambda places: images.test.pixels[list(places)],
    )  # fmt: skip


@cache
def _untrained(model: ModelSpec) -> dict[str, NDArray[np.float32]]:
    torch.manual_seed(0)
    return {name: array.numpy() for name, array in build(model).state_dict().items()}
