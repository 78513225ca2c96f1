"""Metrics, and the evidence of a deployment, to figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convscope.analysis.metrics_file import read_metrics
from convscope.analysis.pictures import read_pictures
from convscope.deployment.evidence import first_evidence
from convscope.figures.draw import draw
from convscope.figures.registry import Material
from convscope.language import language_of

if TYPE_CHECKING:
    from convscope.build.project import Project


def work(project: Project) -> None:
    """Draw all figures."""
    material = Material(
        read_metrics(project.build / "metrics.json"),
        read_pictures(project.build / "pictures.safetensors"),
        first_evidence(project.evidence_folders),
    )
    language = language_of(project.root / "report")
    draw(material, project.build / "figures", project.processes, language)
