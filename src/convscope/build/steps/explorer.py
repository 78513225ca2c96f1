"""Trained networks, and the modules that show them, to what the site's explorer loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convscope.analysis.metrics_file import read_metrics
from convscope.analysis.pictures import read_pictures
from convscope.report.explorer import write_explorer

if TYPE_CHECKING:
    from convscope.build.project import Project
    from convscope.runs.result import RunResult


def work(project: Project) -> None:
    """Write the script and the data of each exhibit."""

    def read(study: str, variant: str) -> RunResult | None:
        run = project.explored(study, variant)
        if run is None:
            return None
        if project.store.state(run.key):
            return project.store.read(run.key)
        kept = (project.published.read(key) for key in project.published.find(run.spec).values())
        return next((result for result in kept if result.weights), None) if project.profile == "published" else None

    write_explorer(
        project.root / "site" / "explorer", read_metrics(project.build / "metrics.json"),
        read_pictures(project.build / "pictures.safetensors"), project.build / "explorer",
        read=read, data_folder=project.data_folder,
    )  # fmt: skip
