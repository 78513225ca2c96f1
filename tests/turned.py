"""Results turned round, to hold what is said of them against.

Every effect has the other sign, every verdict is the other one, what was accurate is not, and what is near no longer
looks alike. All of it is made up, and none of it is drawn.
"""

from __future__ import annotations

import copy
from typing import Any

OTHER = {"supported": "refuted", "refuted": "supported", "inconclusive": "inconclusive"}


def turned(metrics: dict[str, Any]) -> dict[str, Any]:
    """Return results that say the opposite."""
    world = copy.deepcopy(metrics)
    for claim in world["claims"].values():
        claim["verdict"], claim["leaning"] = OTHER[claim["verdict"]], OTHER.get(claim["leaning"], claim["leaning"])
    negate(world["claims"])
    for facts in world["datasets"].values():
        facts["imbalance"] = 1.0 if facts["imbalance"] > 1.01 else 2.0
        distances = list(facts["neighbour_correlation"])
        values = [facts["neighbour_correlation"][distance] for distance in reversed(distances)]
        facts["neighbour_correlation"] = dict(zip(distances, values, strict=True))
    for study in world["studies"].values():
        if study["status"] == "run":
            turn(study)
    return world


def turn(study: dict[str, Any]) -> None:
    """Turn one study round."""
    negate(study)
    baseline, reference = (study["variants"][study[role]] for role in ("baseline", "reference"))
    baseline["confusion"], reference["confusion"] = reference["confusion"], baseline["confusion"]
    for variant in study["variants"].values():
        for measure in (variant["test_accuracy"], variant["train_accuracy"], *variant["class_accuracy"]):
            reflect(measure)
        variant["runs"] = ["0" * 64 for _ in variant["runs"]]
        for runs in (variant["curves"][f"{part}_accuracy"] for part in ("train", "validation")):
            runs[:] = [[1 - value for value in run] for run in runs]
    if "disputed" in study:
        one, other = study["disputed"]["only"]
        one["count"], other["count"] = other["count"], one["count"]
    for measures in study.get("shift", {}).get("accuracy", {}).values():
        for measure in measures:
            reflect(measure)
    for tried in study.get("tuning", {}).get("variants", {}).values():
        for point in tried["curve"]:
            reflect(point["validation_accuracy"])
    for layers in study.get("equivariance", {}).get("variants", {}).values():
        for layer in layers:
            for error in filter(None, layer["errors"]):
                reflect(error)


def negate(found: Any) -> None:
    """Give every comparison the other sign."""
    if isinstance(found, dict):
        if isinstance(found.get("effect"), float):
            found["effect"] = -found["effect"]
            if found.get("interval"):
                found["interval"] = [-found["interval"][1], -found["interval"][0]]
            if (removed := found.get("errors_removed")) and removed["interval"]:
                removed |= {
                    "share": min(-removed["share"], 1.0),
                    "interval": [-end for end in reversed(removed["interval"])],
                }
        for inner in found.values():
            negate(inner)
    elif isinstance(found, list):
        for inner in found:
            negate(inner)


def reflect(measure: dict[str, Any]) -> None:
    """Make a fraction what is missing to one."""
    measure["mean"] = 1 - measure["mean"]
    if measure.get("interval"):
        measure["interval"] = [1 - measure["interval"][1], 1 - measure["interval"][0]]
    if "values" in measure:
        measure["values"] = [1 - value for value in measure["values"]]
