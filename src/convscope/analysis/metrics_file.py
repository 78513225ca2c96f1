"""metrics.json: its schema, and how it is read. Light to import: what checks it is imported when it is checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from convscope.errors import ReportError
from convscope.files import Json
from convscope.studies import select

if TYPE_CHECKING:
    from convscope.analysis.records import Metrics

SCHEMA = 1  # its version


def schema() -> Json:
    """Return the JSON Schema of metrics.json, generated from its types."""
    from convscope.analysis.records import Metrics

    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Metrics.model_json_schema(by_alias=True)


def parse(metrics: Json) -> Metrics:
    """Turn what the file holds into its types.

    Raises ReportError: they do not fit; the message names the place.
    """
    from pydantic import ValidationError

    from convscope.analysis.records import Metrics

    try:
        return Metrics.model_validate_json(json.dumps(metrics))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part not in ("run", "not run"))
        raise ReportError(
            f"metrics.json does not fit its schema at {place}: {first['msg']}, found {str(first['input'])[:200]!r}",
            "Run `make all` again; if it was edited by hand, delete it first.",
        ) from error


def read_metrics(path: Path) -> Metrics:
    """Read metrics.json and check it; studies of one's own are those of the checkout that it lies in.

    Raises
    ------
    ReportError
        It is absent, no JSON, does not fit the schema, a number or verdict in it does not follow from the others, or
        it says otherwise than the studies declare.
    """
    from convscope.analysis.declarations import check_declarations
    from convscope.analysis.integrity import check_consistency

    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ReportError(f"{path} cannot be read: {error}.", "Delete it and run `make all` again.") from error
    metrics = parse(values)
    check_consistency(metrics)
    folder = _own_studies(path)
    check_declarations(metrics, lambda name: select(name, folder)[0])
    return metrics


def _own_studies(path: Path) -> Path | None:
    folders = (parent / "report" / "studies" for parent in path.resolve().parents)
    return next((folder for folder in folders if folder.is_dir()), None)
