"""A build as the grade sheet sees it: its documents beside the metrics that they were written from."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from convscope.analysis.metrics_file import read_metrics
from convscope.analysis.records import Metrics
from convscope.analysis.study_records import Dataset, StudyRun
from convscope.deployment.evidence import checked_evidence
from convscope.errors import DeploymentError
from convscope.files import Json
from convscope.grade.documents import Documents
from convscope.grade.records import Absent, EvidenceLink
from convscope.report.introductions import introductions
from convscope.specs import ModelSpec, Pool2d, from_json

# The factors that the assignment names, and what a network has of each. Of several convolutions the first counts: some
# studies vary that one alone.
VALUES: dict[str, Callable[[ModelSpec], object]] = {
    "kernel": lambda model: model.convolutions[0].kernel,
    "filters": lambda model: model.convolutions[0].filters,
    "depth": lambda model: len(model.convolutions),
    "pooling": lambda model: ", ".join(sorted({p.kind for p in model.layers if isinstance(p, Pool2d)})) or "none",
    "stride": lambda model: model.convolutions[0].stride,
}


def takes_all(factor: str, values: Iterable[object], models: Iterable[ModelSpec]) -> bool:
    """Tell whether these networks take all values of a factor."""
    return set(values) <= {VALUES[factor](model) for model in models}


@dataclass(frozen=True)
class Chapter:
    """One study that was run: its part of metrics.json, and that of its data."""

    id: str
    study: StudyRun
    dataset: Dataset
    introduction: str  # id of the study whose chapter shows the images

    @property
    def names(self) -> dict[str, str]:
        """What stands for ``{study}`` and its like in anchors and places of the assignment."""
        study = self.study
        return {
            "study": self.id, "dataset": study.dataset, "baseline": study.baseline, "reference": study.reference,
            "introduction": self.introduction,
        }  # fmt: skip

    @cached_property
    def models(self) -> dict[str, ModelSpec]:
        """Network of each variant."""
        return {name: from_json(variant.model) for name, variant in self.study.variants.items()}

    @property
    def compares(self) -> bool:
        """Whether it sets a convolutional network beside one without convolution."""
        convolves = {name: any(layer.role == "convolution" for layer in m.layers) for name, m in self.models.items()}
        return convolves[self.study.reference] and not convolves[self.study.baseline]

    @property
    def varies_a_factor(self) -> bool:
        """Whether it varies one of the factors that the assignment names."""
        return any(experiment.factor in VALUES for experiment in self.study.experiments.values())


class Build:
    """What a build of one profile left.

    Raises ReportError: metrics.json is absent or damaged.

    Parameters
    ----------
    root
        Of the checkout, or of the source that was handed in.
    folder
        ``build/PROFILE``, or a copy of it.
    """

    def __init__(
        self, root: Path, folder: Path, evidence_folders: Sequence[Path] = (), metrics: Metrics | None = None
    ) -> None:
        self.root = root
        self.folder = folder
        self.metrics = metrics or read_metrics(folder / "metrics.json")
        self.documents = Documents(folder / "report")
        self._evidence_folders = evidence_folders or (folder / "deployment",)

    @cached_property
    def values(self) -> Json:
        """What metrics.json holds, for pointers into it."""
        return self.metrics.as_json()

    @cached_property
    def chapters(self) -> list[Chapter]:
        """Studies that were run."""
        datasets, shown_in = self.metrics.datasets, introductions(self.values["studies"])
        ran = self.metrics.ran.items()
        return [Chapter(name, study, datasets[study.dataset], shown_in[name]) for name, study in ran]

    @cached_property
    def comparisons(self) -> list[Chapter]:
        """Chapters that introduce data, a baseline and a convolutional network.

        Those with design decisions; where none has any, all that compare. Studies that take such a comparison apart
        rest on their chapters.
        """
        comparing = [chapter for chapter in self.chapters if chapter.compares]
        return [chapter for chapter in comparing if chapter.study.decisions] or comparing

    @cached_property
    def experiments(self) -> list[Chapter]:
        """Those, and the studies that vary what the assignment names around one convolutional network."""
        ablations = [chapter for chapter in self.chapters if chapter.varies_a_factor and not chapter.compares]
        return [*self.comparisons, *ablations]

    @cached_property
    def deployment(self) -> tuple[Json, Path]:
        """Evidence of a deployment and its folder, one on AWS before others.

        Raises Absent: there is none.
        """
        found = []
        for folder in self._evidence_folders:
            try:
                found.append((json.loads((folder / "evidence.json").read_bytes()), folder))
            except (OSError, ValueError):
                continue
        if not found:
            raise Absent("this build has no evidence of a deployment")
        return max(found, key=lambda each: on_aws(each[0]))

    def file(self, path: Path, label: str = "") -> EvidenceLink:
        """Return a file of the checkout or the build as evidence.

        Raises Absent: it is not there, or empty.
        """
        if not path.is_file() or not path.stat().st_size:
            raise Absent(f"there is no {label or path.name}")
        return EvidenceLink("file", label or path.name, Path(os.path.relpath(path, self.folder)).as_posix())


def on_aws(evidence: Json) -> bool:
    """Tell whether evidence is labelled AWS, and nothing in it contradicts that."""
    try:
        return checked_evidence(evidence).label == "AWS"
    except DeploymentError:
        return False
