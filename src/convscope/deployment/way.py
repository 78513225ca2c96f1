"""The way of a model from training to an answer and back to nothing: each stop with call, answer and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Stop = dict[str, Any]
DELETIONS = ("DeleteEndpoint", "DeleteEndpointConfig", "DeleteModel", "DeleteObject")


def way(facts: Mapping[str, Any], calls: Sequence[Mapping[str, Any]]) -> list[Stop]:
    """Return the stops, in order.

    Parameters
    ----------
    facts
        From `convscope.deployment.flow.deploy`.
    calls
        Every answered request, with service, operation, id, status, time, seconds and ARN.

    Returns
    -------
    list
        Each with ``stop``, ``call``, ``status`` (of HTTP), ``id`` (of the request), ``time``, ``seconds`` (until its
        outcome), ``outcome`` and ``name`` (an ARN, or an address in S3).
    """
    training, endpoint, artefact = facts["training"], facts["endpoint"], facts["artefact"]
    answered = next((call for call in calls if call["id"] == facts["inference"]["request_id"]), {})
    first = facts["inference"]["images"][0]
    gone = [call for call in calls if call["operation"] in DELETIONS and call["status"] // 100 == 2]
    left = facts["leftovers"]
    steps = {step["name"]: step for step in facts["steps"]}
    return [
        _made("Training job", _call(calls, "CreateTrainingJob", training["arn"]), training["transitions"]),
        _stop(
            "model.tar.gz in S3", _call(calls, "GetObject"), f"{artefact['bytes']:,} bytes", artefact["uri"],
            steps["artefact"]["seconds"],
        ),
        _stop("Model", _call(calls, "CreateModel", endpoint["model_arn"]), "created", endpoint["model_arn"]),
        _stop("Endpoint configuration", _config(calls, endpoint["arn"]), "created", ""),
        _made("Endpoint", _call(calls, "CreateEndpoint", endpoint["arn"]), endpoint["transitions"][-2:]),
        _stop("Request", answered, f"{first['label']}, {first['confidence']:.3f}", endpoint["arn"]),
        _stop(
            "Teardown", gone[0] if gone else {}, f"{len(left)} things left" if left else "nothing left",
            f"{len(gone)} deletions", steps["tear-down"]["seconds"],
        ),
    ]  # fmt: skip


def _call(calls: Sequence[Mapping[str, Any]], operation: str, arn: str = "") -> Mapping[str, Any]:
    """Return the call that made a thing."""
    fitting = [call for call in calls if call["operation"] == operation and (not arn or call["arn"] == arn)]
    return fitting[-1] if fitting else {}


def _config(calls: Sequence[Mapping[str, Any]], endpoint: str) -> Mapping[str, Any]:
    """Return the call that made the configuration of an endpoint, which has the endpoint's name."""
    name = endpoint.rpartition("/")[2]
    made = [call for call in calls if call["operation"] == "CreateEndpointConfig" and call["arn"].endswith(f"/{name}")]
    return made[-1] if made else {}


def _made(stop: str, call: Mapping[str, Any], transitions: Sequence[Mapping[str, str]]) -> Stop:
    """Describe something that takes its time: until its last status."""
    began, ended = (datetime.fromisoformat(transitions[place]["time"]) for place in (0, -1))
    return _stop(stop, call, transitions[-1]["status"], "", (ended - began).total_seconds())


def _stop(stop: str, call: Mapping[str, Any], outcome: str, name: str, seconds: float | None = None) -> Stop:
    return {
        "stop": stop,
        "call": call.get("operation", ""),
        "status": call.get("status", 0),
        "id": call.get("id", ""),
        "time": call.get("time", ""),
        "seconds": round(call.get("seconds", 0.0) if seconds is None else seconds, 3),
        "outcome": outcome,
        "name": name or call.get("arn", ""),
    }
