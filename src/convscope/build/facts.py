"""What steps rest on beside code and files, each as digests by name."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from convscope.build.project import PUBLISHED, Project
from convscope.files import digest, digest_of_files
from convscope.report.backend import chosen_backend
from convscope.report.origins import repository_of
from convscope.runs.environment import commit
from convscope.stages import files_below
from convscope.studies.explored import EXPLORED, KERNELS

Facts = dict[str, str]


def results(project: Project) -> Facts:
    """Return what metrics are computed from: the studies as they are declared, and the results of their runs.

    A study counts by what it declares and not by its text, wherever it is declared: a title, a margin and a reason
    count, a comment does not.
    """
    declared = {f"study {study.id}": digest([json.dumps(_declared(study))]) for study in project.selected}
    declared["the selection of studies"] = digest(study.id for study in project.selected)
    if project.profile == PUBLISHED:
        return declared | {"data/published": digest_of_files(files_below(project.published_folder))}
    states = [f"{key} {project.store.state(key)}" for key in project.planned()]
    return declared | {
        "results of runs": digest(states),
        "data sets": digest([json.dumps(project.find_data(), sort_keys=True)]),
    }


def _declared(value: Any) -> Any:
    """Turn a declaration into JSON values; fields that are no part of its identity (a folder's path) are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        given = {field.name: _declared(getattr(value, field.name)) for field in fields(value) if field.compare}
        return {"type": type(value).__name__, **given}
    if isinstance(value, Mapping):
        return {str(name): _declared(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_declared(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return value if value is None or isinstance(value, str | int | float | bool) else repr(value)


def deployed(project: Project) -> Facts:
    """Return what is deployed: a run and its result."""
    run = project.deployed()
    return {"the deployed run": f"{run.study}/{run.variant} {run.key} {project.store.state(run.key)}"} if run else {}


def explored(project: Project) -> Facts:
    """Return which trained networks there are for the explorer to show."""
    kernels = [(study.id, [each.id for each in study.variants]) for study in project.selected if study.id == KERNELS]
    shown = (*EXPLORED.items(), *kernels)
    runs = {f"{study} {name}": project.explored(study, name) for study, names in shown for name in names}
    there = {f"the run of {name}": str(run and project.store.state(run.key)) for name, run in runs.items()}
    if project.profile != PUBLISHED:
        return there
    kept = {name: project.published.find(run.spec) for name, run in runs.items() if run}
    return there | {f"the published run of {name}": " ".join(sorted(found.values())) for name, found in kept.items()}


def origin(project: Project) -> Facts:
    """Return what links lead to, and the commit that the colophon names, with a word where files differ from it."""
    return {"the commit": commit(project.root), "the repository's address": repository_of(project.root)}


def address(project: Project) -> Facts:
    """Return where the project can be cloned from."""
    return {"the repository's address": repository_of(project.root)}


def published_at(_project: Project) -> Facts:
    """Return the address that site/mkdocs.yml takes from the environment, whatever the project."""
    return {"SITE_URL": os.environ.get("SITE_URL", "")}


def renderer(project: Project) -> Facts:
    """Return which program renders HTML and PDF."""
    return {"the renderer": chosen_backend(project.backend)}
