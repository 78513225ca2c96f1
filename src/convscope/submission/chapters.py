"""A build as the grade sheet sees it: the report's chapters beside the metrics they were written from."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from convscope.analysis.metrics_file import Metrics, read_metrics
from convscope.specs import Conv2d, Layer, ModelSpec, from_json
from convscope.submission.artefacts import Absent, Evidence, Part, Report

ASKED_FACTORS = ("kernel", "filters", "depth", "pooling", "stride")  # those that the assignment names


@dataclass(frozen=True)
class Chapter:
    """One study that was run, and its chapter.

    Parameters
    ----------
    id
        Of the study.
    study, dataset
        Its part of metrics.json, and that of its data.
    report
        The rendered report.
    """

    id: str
    study: dict[str, Any]
    dataset: dict[str, Any]
    report: Report

    @property
    def at(self) -> str:
        """Its place in metrics.json."""
        return f"/studies/{self.id}"

    @property
    def title(self) -> str:
        """As a reader sees it."""
        return str(self.study["title"])

    @cached_property
    def models(self) -> dict[str, ModelSpec]:
        """Network of each variant."""
        return {name: from_json(variant["model"]) for name, variant in self.study["variants"].items()}

    @property
    def variant_titles(self) -> list[str]:
        """Of all variants, in their order."""
        return [str(variant["title"]) for variant in self.study["variants"].values()]

    def convolutions(self, variant: str) -> list[Conv2d]:
        """Return the convolutional layers of a variant."""
        return [layer for layer in self.layers(variant) if isinstance(layer, Conv2d)]

    def layers(self, variant: str) -> tuple[Layer, ...]:
        """Return the layers of a variant."""
        return self.models[variant].layers

    @property
    def compares(self) -> bool:
        """Whether it sets a convolutional network beside one without convolution."""
        return bool(self.convolutions(self.study["reference"])) and not self.convolutions(self.study["baseline"])

    @property
    def varies_a_factor(self) -> bool:
        """Whether it varies one of the factors that the assignment names."""
        return any(experiment["factor"] in ASKED_FACTORS for experiment in self.study["experiments"].values())

    def section(self, name: str) -> Part:
        """Return the section ``sec-STUDY-NAME``."""
        return self.report.part(f"sec-{self.id}-{name}")

    def figure(self, name: str) -> Part:
        """Return the figure ``fig-STUDY-NAME``."""
        return self.report.part(f"fig-{self.id}-{name}")

    def table(self, name: str) -> Part:
        """Return the table ``tbl-STUDY-NAME``."""
        return self.report.part(f"tbl-{self.id}-{name}")


class Build:
    """What a build of one profile left.

    Parameters
    ----------
    root
        Of the checkout.
    folder
        ``build/PROFILE``, or a copy of it.
    evidence_folders
        Where evidence of a deployment may lie, each with ``evidence.json`` and ``page.md``.

    Raises
    ------
    ReportError
        metrics.json is absent or damaged.
    """

    def __init__(self, root: Path, folder: Path, evidence_folders: Sequence[Path] = ()) -> None:
        self.root = root
        self.folder = folder
        self.metrics: Metrics = read_metrics(folder / "metrics.json")
        html = folder / "report" / "report.html"
        self.report = Report(
            html.read_text(encoding="utf-8") if html.is_file() else "", folder / "report" / "report.pdf"
        )
        self._evidence_folders = evidence_folders or (folder / "deployment",)

    @property
    def profile(self) -> str:
        """Whose budgets were run."""
        return str(self.metrics["profile"])

    @cached_property
    def chapters(self) -> list[Chapter]:
        """Studies that were run."""
        return [
            Chapter(study_id, study, self.metrics["datasets"][study["dataset"]], self.report)
            for study_id, study in self.metrics["studies"].items()
            if study["status"] == "run"
        ]

    @cached_property
    def comparisons(self) -> list[Chapter]:
        """Chapters that introduce data, a baseline and a convolutional network.

        Those with design decisions; where none has any, all that compare. Studies that take such a comparison apart
        rest on their chapters.
        """
        comparing = [chapter for chapter in self.chapters if chapter.compares]
        return [chapter for chapter in comparing if chapter.study["decisions"]] or comparing

    @cached_property
    def experimental(self) -> list[Chapter]:
        """Those, and the studies that vary what the assignment names around one convolutional network."""
        ablations = [chapter for chapter in self.chapters if chapter.varies_a_factor and not chapter.compares]
        return [*self.comparisons, *ablations]

    @cached_property
    def deployment(self) -> dict[str, Any]:
        """Evidence of a deployment, one on AWS before others.

        Raises
        ------
        Absent
            There is none.
        """
        found = []
        for folder in self._evidence_folders:
            try:
                found.append(json.loads((folder / "evidence.json").read_bytes()) | {"folder": folder})
            except (OSError, ValueError):
                continue
        if not found:
            raise Absent("this build has no evidence of a deployment")
        best: dict[str, Any] = max(found, key=all_on_aws)
        return best

    def file(self, path: Path, label: str = "") -> Evidence:
        """Return a file of the checkout or the build as evidence.

        Raises
        ------
        Absent
            It is not there, or empty.
        """
        if not path.is_file() or not path.stat().st_size:
            raise Absent(f"there is no {path.name}")
        return Evidence("file", label or path.name, Path(os.path.relpath(path, self.folder)).as_posix())


def all_on_aws(evidence: dict[str, Any]) -> bool:
    """Tell whether every request of a deployment went to a host of Amazon's, over TLS."""
    origins = [origin for service in evidence["origins"].values() for origin in service]
    return bool(origins) and all(
        origin.startswith("https://") and origin.endswith((".amazonaws.com", ".amazonaws.com.cn")) for origin in origins
    )
