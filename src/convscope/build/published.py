"""Results of a long run, kept in the repository: taken from there, and put there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from convscope.analysis.metrics_file import read_metrics
from convscope.errors import ConvscopeError
from convscope.files import replacing
from convscope.runs.plan import plan_study

if TYPE_CHECKING:
    from convscope.build.project import Project

FILES = ("metrics.json", "pictures.safetensors")


def take_published(published: Path, build: Path) -> None:
    """Copy the published results into a build, once they are checked.

    Raises
    ------
    ConvscopeError
        There are none.
    """
    for name in FILES:
        if not (published / name).is_file():
            raise ConvscopeError(
                f"PROFILE is 'published', but {published} has no {name}.",
                "`make all PROFILE=full` and then `make publish` put it there.",
            )
    read_metrics(published / FILES[0])
    for name in FILES:
        with replacing(build / name) as temporary:
            shutil.copyfile(published / name, temporary)


def publish(project: Project) -> dict[str, int | None]:
    """Write the results of the full profile to data/published/, with those seeds of each study that are complete.

    Returns
    -------
    dict
        Number of seeds by study id.
    """
    from convscope.build.steps.metrics import analyse  # noqa: PLC0415  # that module imports this one

    seeds: dict[str, int | None] = {}
    for study in project.selected:
        variants = plan_study(study, "full", project.device).values()
        complete = [all(project.store.state(run.key) for run in seed) for seed in zip(*variants, strict=True)]
        seeds[study.id] = complete.index(False) if False in complete else len(complete)
    analyse(project, project.published_folder, seeds)
    return seeds
