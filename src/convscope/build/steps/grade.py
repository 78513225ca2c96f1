"""Report, evidence and notebooks to grade.json and its pages: what the assignment asks for, and where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convscope.grade.sheet import write_grade

if TYPE_CHECKING:
    from convscope.build.project import Project


def work(project: Project) -> None:
    """Look at the build with every criterion."""
    write_grade(project.root, project.build, project.evidence_folders)
