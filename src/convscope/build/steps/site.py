"""Report, grade sheet, documentation and downloads to the site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convscope.report.site import build_site

if TYPE_CHECKING:
    from convscope.build.project import Project


def work(project: Project) -> None:
    """Build the site."""
    build_site(project.root, project.build, project.build / "site", project.evidence_folders)
