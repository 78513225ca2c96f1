"""Results to metrics.json, the pictures beside it, and the verdicts for the next build."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from convscope.analysis.changes import described, note_verdicts
from convscope.analysis.integrity import check_consistency
from convscope.analysis.metrics import Analysis
from convscope.analysis.metrics_file import validate
from convscope.analysis.pictures import write_pictures
from convscope.build.published import take_published
from convscope.errors import ReportError
from convscope.files import write_json
from convscope.runs.store import UnreadableResult

if TYPE_CHECKING:  # settings reach a step as an argument: a changed option is no changed code
    from convscope.build.project import Project


def work(project: Project) -> None:
    """Analyse the results; published ones are taken as they are."""
    if project.profile == "published":
        take_published(project.published_folder, project.build)
    else:
        analyse(project, project.build, dict.fromkeys(study.id for study in project.selected))
    metrics = json.loads((project.build / "metrics.json").read_bytes())
    print(described(note_verdicts(metrics, project.build / "verdicts.json")), file=sys.stderr)


def analyse(project: Project, folder: Path, seeds: Mapping[str, int | None]) -> None:
    """Write metrics.json and pictures; a damaged result is reported, removed and trained again.

    Parameters
    ----------
    project
        Names the studies and has their results.
    folder
        Where to write.
    seeds
        Take the first so many seeds of a study; None takes all of the profile.
    """
    left_out = project.find_data()
    analysis = Analysis(project.budgets, project.store, project.data_folder, project.device)
    for study in project.selected:
        if study.id in left_out:
            analysis.leave_out(study, left_out[study.id])
        elif seeds[study.id] == 0:
            analysis.leave_out(study, "No seed of it is complete yet.")
        else:
            try:
                analysis.add(study, seeds[study.id])
            except UnreadableResult as error:
                print(f"metrics: {error.message} It is trained again.", file=sys.stderr)
                project.store.discard(error.key)
                project.train()
                return analyse(project, folder, seeds)
    write_pictures(folder / "pictures.safetensors", analysis.pictures)
    write_json(folder / "metrics.json", analysis.metrics())
    return None


def before_overwriting(project: Project) -> None:
    """Stop where metrics.json was edited so that it contradicts itself, rather than silently write it again.

    Raises
    ------
    ReportError
        A number or verdict in it does not follow from the others. A file that cannot be read says nothing wrong.
    """
    try:
        metrics = json.loads((project.build / "metrics.json").read_bytes())
        validate(metrics)
    except (OSError, ValueError, ReportError):
        return
    check_consistency(metrics)
