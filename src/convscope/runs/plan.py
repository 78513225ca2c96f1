"""Which runs the studies of a profile consist of, each with its content key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.datasets.catalogue import fingerprint
from convscope.datasets.size import size
from convscope.engines import ENGINE_REVISION
from convscope.engines.numeric_mode import numeric_mode
from convscope.models.cost import training_seconds
from convscope.specs import NumericMode, RunSpec, Table, run_key

if TYPE_CHECKING:  # a planned run is its specification: what is deployed rests on no wording of a study
    from convscope.studies.study import Profile, Study

EVALUATION_COST = 0.6  # of an image's training cost; measured 0.4 to 0.65 for the networks here
FLOAT32_COST = 1.6  # times bfloat16's; measured 1.5 to 1.6
NUMPY_COST = 3.0  # times torch's bfloat16


@dataclass(frozen=True)
class PlannedRun:
    """A run that a study asks for, whether its result is there or not."""

    key: str
    spec: RunSpec
    mode: NumericMode
    study: str = ""
    variant: str = ""
    title: str = ""

    @property
    def name(self) -> str:
        """As people call it: ``"fashion/cnn3/seed0"``."""
        return f"{self.study}/{self.variant}/seed{self.spec.seed}"

    @property
    def expected_seconds(self) -> float:
        """Rough time on one core, for the display and for starting long runs first."""
        data, training = self.spec.data, self.spec.training
        networks = data.dataset.folds if isinstance(data.dataset, Table) else 1
        train, test = size(data.dataset)
        train_images = min(data.train_images or train, max(train - data.validation_images, 1))
        test_images = min(data.test_images or test, test)
        evaluated = training.epochs * data.validation_images + test_images
        slower = NUMPY_COST if self.mode.engine == "numpy" else FLOAT32_COST if self.mode.dtype == "float32" else 1.0
        trained = training_seconds(self.spec.model, training.images_seen(train_images), training.batch_size)
        return networks * slower * (trained + EVALUATION_COST * training_seconds(self.spec.model, evaluated))


def plan_study(
    study: Study, profile: Profile, device: str = "auto", seeds: int | None = None
) -> dict[str, tuple[PlannedRun, ...]]:
    """Return the runs of one study, by variant, one a seed; of the first so many seeds where a number is given."""
    return {
        name: tuple(_planned(study, name, spec, device) for spec in specs[:seeds])
        for name, specs in study.runs(profile).items()
    }


def plan_tuning(study: Study, profile: Profile, device: str = "auto") -> dict[str, dict[float, tuple[PlannedRun, ...]]]:
    """Return the runs that a study's learning rates are chosen from, by variant and rate; the full profile alone tunes.

    The others take the rates that were chosen.
    """
    if profile != "full":
        return {}
    return {
        name: {rate: tuple(_planned(study, name, spec, device) for spec in specs) for rate, specs in curve.items()}
        for name, curve in study.tuning_runs().items()
    }


def _planned(study: Study, variant: str, spec: RunSpec, device: str) -> PlannedRun:
    mode = numeric_mode(spec.training.engine, device)
    tuned = f" · rate {spec.training.learning_rate:g}" if study.tuning else ""
    return PlannedRun(
        key=run_key(spec, fingerprint(spec.data.dataset), mode, ENGINE_REVISION),
        spec=spec,
        mode=mode,
        study=study.id,
        variant=variant,
        title=f"{study.id} · {study.variant(variant).title}{tuned} · seed {spec.seed}",
    )


def plan(studies: Iterable[Study], profile: Profile, device: str = "auto") -> dict[str, PlannedRun]:
    """Return the runs of several studies by key; a run that two studies share is there once."""
    runs: dict[str, PlannedRun] = {}
    for study in studies:
        for variant in plan_study(study, profile, device).values():
            for run in variant:
                runs.setdefault(run.key, run)
    return runs
