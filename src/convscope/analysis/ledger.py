"""The reproduction ledger: each figure that a reference project reported, ours, and whether they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from convscope.analysis.reproduction import reproduction_verdict
from convscope.studies.study import Reported, Study


def reproductions(
    study: Study, variants: dict[str, Any], class_names: Sequence[str], *, trained: bool
) -> list[dict[str, Any]]:
    """Return each reported figure with its reproduction.

    Parameters
    ----------
    study
        Declares what was reported.
    variants
        Of the study, as metrics.json describes them.
    class_names
        Of the study's data set, in the order of the labels.
    trained
        Whether the runs had their full budgets; without, only what follows from the architecture is compared.
    """
    return [
        asdict(reported) | {"reproduction": _reproduction(reported, study, variants, class_names, trained)}
        for reported in study.reported
    ]


def _reproduction(
    reported: Reported, study: Study, variants: dict[str, Any], class_names: Sequence[str], trained: bool
) -> dict[str, Any] | None:
    variant = variants[reported.variant]
    if reported.quantity == "class name":
        ours = class_names[int(reported.low)]
        return _computed(ours, right=ours == reported.name)
    if reported.quantity == "parameters":
        return _computed(variant["parameters"], right=reported.low <= variant["parameters"] <= reported.high)
    if reported.quantity == "parameters over baseline":
        ratio = variant["parameters"] / variants[study.baseline]["parameters"]
        return _computed(ratio, right=reported.low <= ratio <= reported.high)
    if not trained:
        return None
    measured = variant[reported.quantity]
    found = reproduction_verdict(reported.low, reported.high, measured["values"])
    interval = list(found.interval) if found.interval else None
    return {"ours": measured["mean"], "interval": interval, "verdict": found.verdict}


def _computed(ours: float | str, *, right: bool) -> dict[str, Any]:
    """Describe what follows from specification or data alone: it is right or wrong."""
    return {"ours": ours, "interval": None, "verdict": "reproduced" if right else "wrong"}
