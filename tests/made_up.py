"""A study whose runs are made up, so that claims of every kind are decided in a second, without training."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convscope.datasets.catalogue import fingerprint
from convscope.datasets.dataset import Dataset
from convscope.datasets.eda import describe
from convscope.datasets.glyphs import generate
from convscope.engines import ENGINE_REVISION
from convscope.engines.outcome import Epoch
from convscope.models.cost import macs, parameters
from convscope.runs.published import PublishedRuns
from convscope.runs.result import RunResult
from convscope.specs import DataSpec, Glyphs, ModelSpec, NumericMode, RunSpec, TrainSpec, run_key
from convscope.studies.architectures import cnn, mlp
from convscope.studies.probes import ShiftProbe
from convscope.studies.study import Budget, Claim, Count, Decision, Experiment, Reported, Study, Variant

GLYPHS = Glyphs(size=14, train=120, test=400, shift=0)
IMAGE = (1, 14, 14)
MODE = NumericMode("torch", "cpu", "float32", "channels_last")
WON_BACK = "accuracy won back at the total stride"
ACCURACY = {"mlp": 0.80, "cnn3": 0.92, "cnn5": 0.90, "wide": 0.85}
SEEDS = 9
STUCK = "wide", 4  # this run never began to learn


def network(kernel: int) -> ModelSpec:
    return cnn(IMAGE, filters=[4, 8], kernel=kernel, dense=16)


def study(seeds: int = SEEDS) -> Study:
    """Return a study with claims of every kind and measure."""

    def claim(name: str, kind: str, variant: str, *others: str, **more: object) -> Claim:
        return Claim(name, f"What {name} says", kind, variant, others, refuted_by="The opposite.", **more)  # type: ignore[arg-type]

    return Study(
        id="made-up",
        title="Made up",
        question="Does it work?",
        data=DataSpec(GLYPHS, validation_images=20),
        training=TrainSpec(epochs=2, batch_size=20),
        variants=(
            Variant("mlp", "MLP", mlp(IMAGE, [16])),
            Variant("cnn3", "CNN 3×3", network(3)),
            Variant("cnn5", "CNN 5×5", network(5)),
            Variant("wide", "Wide MLP", mlp(IMAGE, [32])),
        ),
        baseline="mlp",
        reference="cnn3",
        experiments=(Experiment("kernel", "Kernel", "kernel", ("cnn3", "cnn5"), "Which?"),),
        decisions=(Decision("Kernel", "3×3", "Small.", "kernel"),),
        reported=(
            Reported("mlp", "parameters", "about 3.3 K", 3_250, 3_350),
            Reported("cnn3", "test_accuracy", "about 91 %", 0.905, 0.915),
        ),
        reported_order=("mlp", "cnn3"),
        claims=(
            claim("wins", "superiority", "cnn3", "mlp"),
            claim("best", "best of k", "cnn3", "cnn5", "mlp", "wide"),
            claim("alike", "equivalence", "cnn3", "cnn5", margin=0.2),
            claim("overfits", "superiority", "mlp", "cnn3", measure="generalisation gap"),
            claim("gains", "superiority", "cnn3", "mlp", measure="class gain"),
            claim("moves", "superiority", "cnn3", "mlp", measure="accuracy after a shift"),
            claim("contrast", "superiority", "cnn3", "mlp", contrast=("cnn5", "wide"), declared="after"),
            claim("shares", "superiority", "cnn3", "mlp", measure="class gain in errors removed", declared="after"),
            claim("won", "superiority", "cnn3", "mlp", measure=WON_BACK, declared="after"),
            claim("lost", "equivalence", "cnn3", measure="accuracy lost by a shift", declared="after"),
            Claim(
                "counted", "A 5×5 kernel has 25 weights", "arithmetic", refuted_by="Another number.",
                counts=(Count("weights", "parameters", mlp(IMAGE, [16]), 3_322),),
            ),
        ),
        look_alikes=(2, 4, 6),
        inside=(),
        pairs=(("cnn5", "wide"),),
        shift=ShiftProbe(distances=(1, 2), claimed=2, period=2, images=200),
        budgets={"full": Budget(seeds=seeds, epochs=2)},
    )  # fmt: skip


@cache
def dataset() -> Dataset:
    return generate(GLYPHS)


def publish(root: Path, declared: Study) -> PublishedRuns:
    """Put made-up runs of a study into a folder, as they are published."""
    kept, labels = PublishedRuns(root), dataset().test.labels
    facts, pictures = describe(dataset())
    kept.add_dataset(facts, labels, pictures)
    hardness = np.random.default_rng(0).random(len(labels))
    for place, (name, specs) in enumerate(declared.runs("full").items()):
        for spec in specs:
            random = np.random.default_rng([place, spec.seed])
            result = made_up(spec, name, hardness, labels, random)
            moved = answers(ACCURACY[name] - 0.1, hardness[:200], labels[:200], random, (2, 4, 200))
            kept.add(result, fingerprint(GLYPHS), {"moved-1-2-200": {"answers": moved}})
    return kept


def answers(
    accuracy: float,
    hardness: NDArray[np.float64],
    labels: NDArray[np.int64],
    random: np.random.Generator,
    shape: tuple[int, ...],
) -> NDArray[np.uint8]:
    level = accuracy + random.normal(0, 0.01)
    right = hardness + random.normal(0, 0.1, shape) < level
    return np.where(right, labels, (labels + random.integers(1, 10, shape)) % 10).astype(np.uint8)


def made_up(
    spec: RunSpec, name: str, hardness: NDArray[np.float64], labels: NDArray[np.int64], random: np.random.Generator
) -> RunResult:
    predictions = answers(ACCURACY[name], hardness, labels, random, labels.shape)
    last = Epoch(0.3, ACCURACY[name] + 0.05 + random.normal(0, 0.003), 0.4, ACCURACY[name])
    if (name, spec.seed) == STUCK:
        predictions, last = np.zeros_like(predictions), Epoch(2.31, 0.1, 2.31, 0.1)
    return RunResult(
        key=run_key(spec, fingerprint(GLYPHS), MODE, ENGINE_REVISION), spec=spec, mode=MODE,
        history=(Epoch(2.4, 0.1, 2.3, 0.1), last),
        test_loss=0.4, test_accuracy=float((predictions == labels).mean()),
        parameters=parameters(spec.model), macs=macs(spec.model),
        train_seconds=10.0 + len(name) + spec.seed / 10, evaluate_seconds=1.0,
        environment={
            "processor": "A processor", "cores": 2, "system": "Linux", "python": "3.11", "torch": "2", "numpy": "2",
            "commit": "0123456", "finished": "2026-01-01T00:00:00Z", "train_images": 200,
        },
        predictions=predictions, confidences=np.empty(0, np.float32), weights={},
    )  # fmt: skip


def renamed(declared: Study, **changes: object) -> Study:
    """Return the study with other declarations."""
    return replace(declared, **changes)  # type: ignore[arg-type]
