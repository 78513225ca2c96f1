"""Published runs that can be deployed: those whose weights are kept, where their data set is on this machine."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convscope.datasets.find import find
from convscope.datasets.load import load
from convscope.errors import DatasetUnavailable, DeploymentError
from convscope.runs.plan import PlannedRun
from convscope.runs.published import WEIGHTS, PublishedRuns
from convscope.runs.result import RunResult
from convscope.studies import Study

PREDICTED = 2000  # test images that are predicted here, from weights of 16 bits


def published_run(study: Study, variant: str, published: Path, data_folder: Path) -> PlannedRun | None:
    """Return the first run of a variant as it was published, None where it cannot be deployed.

    Parameters
    ----------
    study, variant
        Whose run of seed 0 in the full profile.
    published
        ``data/published``.
    data_folder
        The project's ``data/``; nothing is downloaded.
    """
    runs = PublishedRuns(published)
    specs = study.runs("full").get(variant, ())
    if not specs or not isinstance(specs[0].data.dataset, str):
        return None
    keys = {mode: key for mode, key in runs.find(specs[0]).items() if (runs.path(key) / WEIGHTS).is_file()}
    if not keys:
        return None
    try:
        find(specs[0].data.dataset, data_folder, download=False)
    except DatasetUnavailable:
        return None
    mode, key = next(iter(keys.items()))
    return PlannedRun(key, specs[0], mode, study.id, variant, f"{study.id} · {study.variant(variant).title} · seed 0")


@dataclass(frozen=True)
class PublishedStore:
    """Reads published runs as those of the store are read, with predictions computed from the kept weights.

    Parameters
    ----------
    published
        ``data/published``.
    data_folder
        The project's ``data/``.
    """

    published: Path
    data_folder: Path

    def read(self, key: str) -> RunResult:
        """Read a run; its predictions and confidences are those of the kept weights, on the first test images.

        Raises
        ------
        DeploymentError
            Its weights are not kept.
        """
        result = PublishedRuns(self.published).read(key)
        if not result.weights:
            raise DeploymentError(
                f"Of the published run {key[:12]} no weights are kept.", "Deploy a run that has some."
            )
        from convscope.deployment.artefact import write_artefact  # noqa: PLC0415
        from convscope.deployment.serving.predictor import Predictor  # noqa: PLC0415  # imports torch

        dataset = load(result.spec.data.dataset, self.data_folder, download=False)
        with tempfile.TemporaryDirectory(prefix="convscope-published-") as folder:
            predictor = Predictor(write_artefact(result, dataset, Path(folder)))
        answers = predictor.predict(dataset.test.pixels[:PREDICTED].astype(np.float32))
        return replace(
            result,
            predictions=np.array([answer.predicted_class for answer in answers], np.uint8),
            confidences=np.array([answer.confidence for answer in answers], np.float32),
        )
