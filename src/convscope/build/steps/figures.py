"""Metrics, and the evidence of a deployment, to figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convscope.analysis.metrics_file import read_metrics
from convscope.analysis.pictures import read_pictures
from convscope.deployment.evidence import with_evidence
from convscope.figures.draw import draw
from convscope.language import language_of

if TYPE_CHECKING:
    from convscope.build.project import Project


def work(project: Project) -> None:
    """Draw all figures."""
    metrics = with_evidence(read_metrics(project.build / "metrics.json"), project.evidence_folders)
    pictures = read_pictures(project.build / "pictures.safetensors")
    language = language_of(project.root / "report")
    draw(metrics, pictures, project.build / "figures", project.processes, language)
