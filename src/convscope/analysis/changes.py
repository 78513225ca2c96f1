"""Which verdicts flipped since the previous build: kept between builds in a small file beside metrics.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import Field

from convscope.analysis.verdicts import TOO_FEW
from convscope.files import Json, digest, write_json
from convscope.records import Record


class Flip(Record):
    """A claim whose verdict is another one now."""

    claim: str
    was: str
    now: str = Field(alias="is")


class Changes(Record):
    """What is kept between builds: a digest of the results, their verdicts by claim, and which of them flipped."""

    results: str = ""
    verdicts: dict[str, str] = Field(default_factory=dict)
    flipped: tuple[Flip, ...] | None = None  # None where there is nothing to compare with


def note_verdicts(metrics: Json, path: Path) -> Changes:
    """Compare verdicts with those of the previous results, and keep them for the next.

    Doing it twice for the same results changes nothing, so a build that was killed in between says the same when it
    goes on. Verdicts of studies that this build leaves out are kept.
    """
    before = read_changes(path)
    rests_on = {name: metrics[name] for name in ("profile", "datasets", "studies", "claims")}
    results = digest([json.dumps(rests_on, sort_keys=True)])
    if before.results == results:
        return before
    verdicts = {name: _spoken(claim) for name, claim in metrics["claims"].items()}
    known = before.verdicts
    flipped = (
        Flip.model_validate({"claim": name, "was": known[name], "is": verdict})
        for name, verdict in verdicts.items()
        if known.get(name, verdict) != verdict
    )
    comparable = known.keys() & verdicts.keys()
    changes = Changes(results=results, verdicts=known | verdicts, flipped=tuple(flipped) if comparable else None)
    write_json(path, changes.as_json())
    return changes


def read_changes(path: Path) -> Changes:
    """Read what `note_verdicts` wrote; a file that is absent or damaged is that of no build."""
    try:
        return Changes.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return Changes()


def flips_in_words(changes: Changes) -> str:
    """Say in one line a flip, for the terminal, what changed."""
    if changes.flipped is None:
        return "claims: no earlier build to compare verdicts with"
    if not changes.flipped:
        return "claims: no verdict has flipped since the previous build"
    return "\n".join(f"claims: {flip.claim} was {flip.was}, is {flip.now}" for flip in changes.flipped)


def _spoken(claim: dict[str, Any]) -> str:
    return f"{claim['verdict']}, leaning to {claim['leaning']}" if claim["reason"] == TOO_FEW else str(claim["verdict"])
