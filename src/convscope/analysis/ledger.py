"""The reproduction ledger: each figure that a reference project reported, ours, and whether they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Literal

from convscope.analysis.records import Clock, Order
from convscope.analysis.reproduction import reproduction_verdict
from convscope.analysis.study_records import Reported, Reproduction, Variant
from convscope.studies.study import Study


def reproductions(
    study: Study, variants: Mapping[str, Variant], class_names: Sequence[str], *, trained: bool
) -> tuple[Reported, ...]:
    """Return each reported figure with its reproduction.

    Parameters
    ----------
    class_names
        Of the study's data set, in the order of the labels.
    trained
        Whether the runs had their full budgets; without, only what follows from the architecture is compared.
    """
    rows = []
    for reported in study.reported:
        row = Reported(**asdict(reported), reproduction=None)
        class_name = class_names[int(row.low)] if row.quantity == "class name" else ""
        if trained or row.quantity not in ("test_accuracy", "test_loss"):
            found = reproduction(row, variants, study.baseline, class_name)
            row = Reported(**asdict(reported), reproduction=found)
        rows.append(row)
    return tuple(rows)


def reproduction(row: Reported, variants: Mapping[str, Variant], baseline: str, class_name: str) -> Reproduction:
    """Compare a reported figure with ours."""
    if row.quantity == "class name":
        return _computed(class_name, right=class_name == row.name)
    ours = variants[row.variant]
    if row.quantity == "parameters":
        return _computed(ours.parameters, right=row.low <= ours.parameters <= row.high)
    if row.quantity == "parameters over baseline":
        ratio = ours.parameters / variants[baseline].parameters
        return _computed(ratio, right=row.low <= ratio <= row.high)
    measured = ours.test_accuracy if row.quantity == "test_accuracy" else ours.test_loss
    return reproduction_verdict(row.low, row.high, measured.values)


def order_of_time(study: Study, clock: Mapping[str, Clock], *, trained: bool) -> dict[str, Order]:
    """Return the order of training time that was reported, with ours; nothing where none was.

    It is measured by a clock, so it stands in `timings` and not among the numbers that are the same on every build.

    Parameters
    ----------
    clock
        By variant, what `convscope.analysis.variants.timings_of` gives.
    trained
        Whether the runs had their full budgets; without, there is no verdict.
    """
    if not study.reported_order:
        return {}
    ours, verdict = clock_order(study.reported_order, clock)
    return {study.id: Order(reported=study.reported_order, ours=ours, verdict=verdict if trained else None)}


def clock_order(
    reported: Sequence[str], clock: Mapping[str, Clock]
) -> tuple[tuple[str, ...], Literal["reproduced", "another order"]]:
    """Return variants by the time of their fastest run, which other load disturbs least, and the verdict."""
    ours = tuple(sorted(reported, key=lambda name: min(clock[name].train_seconds.values)))
    return ours, "reproduced" if ours == tuple(reported) else "another order"


def _computed(ours: float | str, *, right: bool) -> Reproduction:
    """Describe what follows from specification or data alone: it is right or wrong."""
    return Reproduction(ours=ours, interval=None, verdict="reproduced" if right else "wrong")
