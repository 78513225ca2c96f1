"""Checks of the steps of a deployment, by what its evidence shows; that may be damaged, so it is read as it is."""

from __future__ import annotations

from collections.abc import Callable

from convscope.files import Json
from convscope.grade.build import Build, Chapter, on_aws
from convscope.grade.checks.registry import CHECKS
from convscope.grade.documents import Absent, EvidenceLink


def _deployed(name: str, what: str, shows: Callable[[Json], bool]) -> None:
    """Register the check of a step of the deployment: its evidence shows it; `what` names it."""

    def check(build: Build, _: Chapter | None) -> list[EvidenceLink]:
        evidence, folder = build.deployment
        try:
            shown = shows(evidence)
        except (KeyError, IndexError, TypeError):
            shown = False
        if not shown:
            raise Absent(f"evidence.json does not show {what}")
        return [build.file(folder / "evidence.json", "evidence.json")]

    CHECKS[name] = check


def _answered(evidence: Json, operation: str) -> bool:
    return any(call["operation"] == operation and call["status"] // 100 == 2 for call in evidence["requests"])


def _states(evidence: Json, part: str) -> list[str]:
    return [transition["status"] for transition in evidence[part]["transitions"]]


def _ends_well(evidence: Json) -> bool:
    states = _states(evidence, "training")
    return _answered(evidence, "CreateTrainingJob") and "Training" in states and states[-1] == "Completed"


def _has_artefact(evidence: Json) -> bool:
    artefact = evidence["artefact"]
    return artefact["uri"].startswith("s3://") and artefact["bytes"] > 0 and len(artefact["sha256"]) == 64


def _answers(evidence: Json) -> bool:
    images = evidence["inference"]["images"]
    return bool(images) and all(
        image["png_base64"] and image["label"] and 0 <= image["confidence"] <= 1 for image in images
    )


def _is_model(evidence: Json) -> bool:
    return _answered(evidence, "CreateModel") and ":model/" in evidence["endpoint"]["model_arn"]


def _in_service(evidence: Json) -> bool:
    return _answered(evidence, "CreateEndpoint") and _states(evidence, "endpoint")[-1] == "InService"


def _nothing_left(evidence: Json) -> bool:
    return _answered(evidence, "DeleteEndpoint") and evidence["leftovers"] == []


_deployed("trained", "a training job that ended well", _ends_well)
_deployed("packaged", "an artefact in S3", _has_artefact)
_deployed("has_model", "a model that was created", _is_model)
_deployed("has_endpoint", "an endpoint in service", _in_service)
_deployed("inferred", "images, each with class and confidence", _answers)
_deployed("torn_down", "that nothing is left", _nothing_left)
_deployed("of_amazon", "that every request went to a host of Amazon's: it is from the emulator", on_aws)
