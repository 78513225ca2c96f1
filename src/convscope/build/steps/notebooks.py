"""Report to one executed notebook a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convscope.notebooks.write import write_notebooks
from convscope.report.origins import repository_of

if TYPE_CHECKING:
    from convscope.build.project import Project


def work(project: Project, code: str) -> None:
    """Write the notebooks, and run those whose cells, code or results have changed."""
    write_notebooks(
        project.build, project.build / "notebooks", code=code, profile=project.profile,
        repository=repository_of(project.root), jobs=project.processes,
    )  # fmt: skip
