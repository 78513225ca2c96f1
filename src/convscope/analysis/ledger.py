"""The reproduction ledger: each figure that a reference project reported, ours, and whether they agree."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from convscope.analysis.reproduction import reproduction_verdict
from convscope.studies.study import Reported, Study


def reproductions(study: Study, variants: dict[str, Any], *, trained: bool) -> list[dict[str, Any]]:
    """Return each reported figure with its reproduction.

    Parameters
    ----------
    study
        Declares what was reported.
    variants
        Of the study, as metrics.json describes them.
    trained
        Whether the runs had their full budgets; without, only what follows from the architecture is compared.
    """
    return [
        asdict(reported) | {"reproduction": _reproduction(reported, variants[reported.variant], trained)}
        for reported in study.reported
    ]


def _reproduction(reported: Reported, variant: dict[str, Any], trained: bool) -> dict[str, Any] | None:
    if reported.quantity == "parameters":
        ours = variant["parameters"]
        right = reported.low <= ours <= reported.high
        return {"ours": ours, "interval": None, "verdict": "reproduced" if right else "arithmetic wrong"}
    if not trained:
        return None
    measured = variant[reported.quantity]
    found = reproduction_verdict(reported.low, reported.high, measured["values"])
    interval = list(found.interval) if found.interval else None
    return {"ours": measured["mean"], "interval": interval, "verdict": found.verdict}
