"""metrics.json: its schema, and how it is read. Light to import: what checks it is imported when it is checked."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from convscope.errors import ReportError
from convscope.studies import select

SCHEMA = 1
Metrics = dict[str, Any]


def schema() -> dict[str, Any]:
    """Return the JSON Schema of metrics.json."""
    text = files("convscope.analysis").joinpath("metrics.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def validate(metrics: Metrics) -> None:
    """Check metrics against their schema.

    Raises
    ------
    ReportError
        They do not fit; the message names the place.
    """
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    for error in Draft202012Validator(schema()).iter_errors(metrics):
        raise ReportError(
            f"metrics.json does not fit its schema at {error.json_path}: {error.message[:300]}",
            "Run `make all` again; if it was edited by hand, delete it first.",
        )


def read_metrics(path: Path, own_studies: Path | None = None) -> Metrics:
    """Read metrics.json and check it.

    Parameters
    ----------
    path
        The file.
    own_studies
        Folder of files ``NAME.py`` that declare studies which are no part of the package; None takes
        ``report/studies`` of the checkout that the file lies in.

    Raises
    ------
    ReportError
        It is absent, no JSON, does not fit the schema, a number or verdict in it does not follow from the others, or
        it says otherwise than the studies declare.
    """
    from convscope.analysis.declarations import check_declarations  # noqa: PLC0415
    from convscope.analysis.integrity import check_consistency  # noqa: PLC0415

    try:
        metrics: Metrics = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ReportError(f"{path} cannot be read: {error}.", "Delete it and run `make all` again.") from error
    validate(metrics)
    check_consistency(metrics)
    folder = own_studies or _own_studies(path)
    check_declarations(metrics, lambda name: select(name, folder)[0])
    return metrics


def _own_studies(path: Path) -> Path | None:
    folders = (parent / "report" / "studies" for parent in path.resolve().parents)
    return next((folder for folder in folders if folder.is_dir()), None)
