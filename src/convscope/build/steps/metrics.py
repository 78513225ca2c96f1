"""Results to metrics.json, the pictures beside it, and the verdicts for the next build."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from convscope.analysis.changes import flips_in_words, note_verdicts
from convscope.analysis.integrity import check_consistency
from convscope.analysis.metrics import Analysis
from convscope.analysis.metrics_file import parse
from convscope.analysis.pictures import Pictures, write_pictures
from convscope.analysis.records import Metrics
from convscope.errors import ReportError
from convscope.files import write_json
from convscope.publication import published_metrics
from convscope.runs.results import trained_here
from convscope.runs.store import UnreadableResult

if TYPE_CHECKING:  # settings reach a step as an argument: a changed option is no changed code
    from convscope.build.project import Project


def work(project: Project) -> None:
    """Analyse the results: of this machine's runs, or of those that the repository keeps."""
    metrics, pictures = (
        published_metrics(project.selected, project.published) if project.profile == "published" else analyse(project)
    )
    write_pictures(project.build / "pictures.safetensors", pictures)
    stated = metrics.as_json()
    write_json(project.build / "metrics.json", stated)
    print(flips_in_words(note_verdicts(stated, project.build / "verdicts.json")), file=sys.stderr)


def analyse(project: Project) -> tuple[Metrics, Pictures]:
    """Return metrics and pictures; a damaged result is reported, removed and trained again."""
    left_out = project.find_data()
    analysis = Analysis(project.budgets)
    for study in project.selected:
        if study.id in left_out:
            analysis.leave_out(study, left_out[study.id])
            continue
        try:
            results = trained_here(study, project.budgets, project.store, project.data_folder, device=project.device)
        except UnreadableResult as error:
            print(f"metrics: {error.message} It is trained again.", file=sys.stderr)
            project.store.discard(error.key)
            project.train()
            return analyse(project)
        analysis.add(results)
    return analysis.metrics(), analysis.pictures


def before_overwriting(project: Project) -> None:
    """Stop where metrics.json was edited so that it contradicts itself, rather than silently write it again.

    Raises
    ------
    ReportError
        A number or verdict in it does not follow from the others. A file that cannot be read says nothing wrong.
    """
    try:
        metrics = parse(json.loads((project.build / "metrics.json").read_bytes()))
    except (OSError, ValueError, ReportError):
        return
    check_consistency(metrics)
