"""The reproduction ledger: each figure that a reference project reported, ours, and whether they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from convscope.analysis.reproduction import reproduction_verdict
from convscope.studies.study import Study


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
    rows = []
    for reported in study.reported:
        row = asdict(reported)
        named = reported.quantity == "class name"
        class_name = class_names[int(reported.low)] if named else ""
        measured = reported.quantity in ("test_accuracy", "test_loss")
        found = None if measured and not trained else reproduction(row, variants, study.baseline, class_name)
        rows.append(row | {"reproduction": found})
    return rows


def reproduction(row: Mapping[str, Any], variants: dict[str, Any], baseline: str, class_name: str) -> dict[str, Any]:
    """Compare a reported figure, as metrics.json has it, with ours.

    Parameters
    ----------
    row
        `variant`, `quantity`, `low`, `high`, `name` of a `Reported`.
    variants, baseline
        Of its study.
    class_name
        Our name of the class that it names.
    """
    variant, quantity, low, high = (row[name] for name in ("variant", "quantity", "low", "high"))
    if quantity == "class name":
        return _computed(class_name, right=class_name == row["name"])
    ours = variants[variant]["parameters"] if "parameters" in quantity else 0
    if quantity == "parameters":
        return _computed(ours, right=low <= ours <= high)
    if quantity == "parameters over baseline":
        ratio = ours / variants[baseline]["parameters"]
        return _computed(ratio, right=low <= ratio <= high)
    measured = variants[variant][quantity]
    found = reproduction_verdict(low, high, measured["values"])
    interval = list(found.interval) if found.interval else None
    return {"ours": measured["mean"], "interval": interval, "verdict": found.verdict}


def order_of_time(study: Study, clock: Mapping[str, Any], *, trained: bool) -> dict[str, Any]:
    """Return the order of training time that was reported, with ours; nothing where none was.

    It is measured by a clock, so it stands in `timings` and not among the numbers that are the same on every build.

    Parameters
    ----------
    study
        Declares what was reported.
    clock
        By variant, what `convscope.analysis.variants.timings_of` gives.
    trained
        Whether the runs had their full budgets; without, there is no verdict.
    """
    if not study.reported_order:
        return {}
    ours, verdict = clock_order(study.reported_order, clock)
    return {study.id: {"reported": list(study.reported_order), "ours": ours, "verdict": verdict if trained else None}}


def clock_order(reported: Sequence[str], clock: Mapping[str, Any]) -> tuple[list[str], str]:
    """Return variants by the time of their fastest run, which other load disturbs least, and the verdict."""
    ours = sorted(reported, key=lambda name: min(clock[name]["train_seconds"]["values"]))
    return ours, "reproduced" if ours == list(reported) else "another order"


def _computed(ours: float | str, *, right: bool) -> dict[str, Any]:
    """Describe what follows from specification or data alone: it is right or wrong."""
    return {"ours": ours, "interval": None, "verdict": "reproduced" if right else "wrong"}
