"""Metrics to figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convscope.analysis.metrics_file import read_metrics
from convscope.analysis.pictures import read_pictures
from convscope.figures.draw import draw

if TYPE_CHECKING:
    from convscope.build.project import Project


def work(project: Project) -> None:
    """Draw all figures."""
    metrics, pictures = (
        read_metrics(project.build / "metrics.json"),
        read_pictures(project.build / "pictures.safetensors"),
    )
    draw(metrics, pictures, project.build / "figures", project.processes)
