"""Metrics, figures and prose to report.html, report.pdf and the site's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convscope.analysis.changes import read_changes
from convscope.analysis.metrics_file import read_metrics
from convscope.deployment.evidence import with_evidence
from convscope.report.render import render
from convscope.runs.environment import commit

if TYPE_CHECKING:
    from convscope.build.project import Project


def work(project: Project) -> None:
    """Fill and render the report."""
    build = project.build
    render(
        project.root / "report",
        with_evidence(read_metrics(build / "metrics.json").as_json(), project.evidence_folders),
        build / "figures", build / "report",
        commit(project.root), flipped=read_changes(build / "verdicts.json").as_json().get("flipped"),
        backend=project.backend,
    )  # fmt: skip
