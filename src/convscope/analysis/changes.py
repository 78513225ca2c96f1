"""Which verdicts flipped since the previous build: kept between builds in a small file beside metrics.json."""

from __future__ import annotations

import json
from pathlib import Path

from convscope.analysis.verdicts import TOO_FEW
from convscope.files import Json, digest, remembered, write_json


def note_verdicts(metrics: Json, path: Path) -> Json:
    """Compare verdicts with those of the previous results, and keep them for the next.

    Doing it twice for the same results changes nothing, so a build that was killed in between says the same when it
    goes on. Verdicts of studies that this build leaves out are kept.

    Returns
    -------
    dict
        ``flipped``: a list of ``claim``, ``was``, ``is``; None where there is nothing to compare with. Beside it
        ``verdicts`` by claim and ``results``, a digest of what they rest on.
    """
    before = read_changes(path)
    rests_on = {name: metrics[name] for name in ("profile", "datasets", "studies", "claims")}
    results = digest([json.dumps(rests_on, sort_keys=True)])
    if before["results"] == results:
        return before
    verdicts = {name: _spoken(claim) for name, claim in metrics["claims"].items()}
    known = before["verdicts"]
    flipped = [
        {"claim": name, "was": known[name], "is": verdict}
        for name, verdict in verdicts.items()
        if known.get(name, verdict) != verdict
    ]
    changes = {
        "results": results,
        "verdicts": known | verdicts,
        "flipped": flipped if known.keys() & verdicts.keys() else None,
    }
    write_json(path, changes)
    return changes


def read_changes(path: Path) -> Json:
    """Read what `note_verdicts` wrote; a file that is absent or damaged is that of no build."""
    none: Json = {"results": "", "verdicts": {}, "flipped": None}
    known = remembered(path)
    return {name: known[name] for name in none} if none.keys() <= known.keys() else none


def flips_in_words(changes: Json) -> str:
    """Say in one line a flip, for the terminal, what changed."""
    if changes["flipped"] is None:
        return "claims: no earlier build to compare verdicts with"
    if not changes["flipped"]:
        return "claims: no verdict has flipped since the previous build"
    lines = [f"claims: {flip['claim']} was {flip['was']}, is {flip['is']}" for flip in changes["flipped"]]
    return "\n".join(lines)


def _spoken(claim: Json) -> str:
    return f"{claim['verdict']}, leaning to {claim['leaning']}" if claim["reason"] == TOO_FEW else str(claim["verdict"])
