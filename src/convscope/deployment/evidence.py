"""What a deployment proves, as a file: its schema, how it is put together, how it is read and believed."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import statistics
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convscope.deployment.cost import estimate
from convscope.deployment.label import label_of
from convscope.deployment.records import SCHEMA, Evidence, Inference, parse
from convscope.deployment.way import way
from convscope.errors import DeploymentError
from convscope.runs.environment import commit

if TYPE_CHECKING:  # boto3 takes a second to import; who reads evidence needs none
    from convscope.deployment.aws import Cloud
    from convscope.deployment.plan import Plan

FILE = "evidence.json"
_PACKAGES = ("boto3", "botocore", "sagemaker-core", "torch", "convscope")
_POLLED = ("Describe", "List", "Head", "Get")  # operations that ask; only those that change or compute are listed
_ARN = re.compile(r"arn:[\w-]+:(?P<service>\w+):(?P<region>[\w-]*):(?P<account>\d{12}):")


def assemble(facts: dict[str, Any], plan: Plan, cloud: Cloud) -> Evidence:
    """Put the evidence together; its label follows from where the requests really went.

    Parameters
    ----------
    facts
        From `convscope.deployment.flow.deploy`.
    plan
        What was deployed.
    cloud
        The account, with the witness of all requests.

    Raises
    ------
    DeploymentError
        It does not fit its schema, or contradicts itself.
    """
    witness = cloud.witness
    calls: list[dict[str, Any]] = [
        {
            "service": call.service, "operation": call.operation, "id": call.request_id, "status": call.status,
            "time": call.time, "seconds": call.seconds, "arn": call.arn,
        }
        for call in witness.calls
    ]  # fmt: skip
    stored = facts["code"]["bytes"] + facts["artefact"]["bytes"] + sum(path.stat().st_size for path in plan.files)
    computed: dict[str, Any] = {
        "schema": SCHEMA,
        "label": label_of(witness.origins, cloud.account),
        "origins": {service: sorted(found) for service, found in sorted(witness.origins.items())},
        "account": cloud.account,
        "region": cloud.region,
        "bucket": cloud.bucket,
        "role": cloud.role,
        "run": {
            "title": plan.title,
            "study": plan.run.study,
            "variant": plan.run.variant,
            "dataset": plan.dataset.title,
            "key": plan.run.key,
            "test_accuracy": plan.local.test_accuracy,
        },
        "way": way(facts, calls),
        "cost": estimate(sum(call["operation"] == "InvokeEndpoint" for call in calls), stored),
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in _PACKAGES},
            "commit": commit(Path(__file__).parent),
        },
        "requests": [
            call
            for call in calls
            if not call["operation"].startswith(_POLLED) and call["operation"] != "InvokeEndpoint"
        ],
        "request_counts": _counts([call["operation"] for call in calls]),
    }
    return validate(facts | computed)  # in this order: facts replace nothing that is computed


def schema() -> dict[str, Any]:
    """Return the JSON Schema of evidence.json, as its records make it."""
    return Evidence.model_json_schema(by_alias=True)


def validate(value: Any, name: str = FILE) -> Evidence:
    """Turn JSON values into evidence, and check its parts against each other.

    Whoever edits all parts at once can still forge it: what makes it true is that it can be done again.

    Parameters
    ----------
    value
        The loaded file.
    name
        Of the file, for the message.

    Raises
    ------
    DeploymentError
        It does not fit; the message names the place.
    """
    evidence = parse(value, name)
    for contradiction in _contradictions(evidence):
        raise DeploymentError(
            f"{name} contradicts itself: {contradiction}.", "Deploy again; evidence edited by hand is none."
        )
    return evidence


def _contradictions(evidence: Evidence) -> Iterator[str]:
    """Say where parts of the evidence do not follow from each other."""
    computed = label_of(evidence.origins, evidence.account)
    if evidence.label != computed:
        yield f"its label is {evidence.label}, its hosts and its account make it {computed}"
    for arn in (evidence.role, evidence.training.arn, evidence.endpoint.arn, evidence.endpoint.model_arn):
        parts = _ARN.match(arn)
        if parts is None or parts["account"] != evidence.account:
            yield f"{arn} is not of account {evidence.account}"
        elif parts["region"] not in ("", evidence.region):
            yield f"{arn} is not in {evidence.region}"
    if not evidence.artefact.uri.startswith(f"s3://{evidence.bucket}/"):
        yield f"{evidence.artefact.uri} is not in bucket {evidence.bucket}"
    yield from _contradictions_of_answers(evidence.inference)
    latency = evidence.latency
    if latency.calls != len(latency.milliseconds) or latency.median != statistics.median(latency.milliseconds):
        yield f"the median latency {latency.median} is not that of its {latency.calls} calls"


def _contradictions_of_answers(inference: Inference) -> Iterator[str]:
    """Compare the images and answers that are shown with request and response as they went over the wire."""
    for part, text, stated in (
        ("request", inference.request, inference.request_sha256),
        ("response", inference.response, inference.response_sha256),
    ):
        if hashlib.sha256(text.encode()).hexdigest() != stated:
            yield f"the SHA-256 of the {part} is another one"
            return
    try:
        sent = [instance["image_b64"] for instance in json.loads(inference.request)["instances"]]
        answered = json.loads(inference.response)["predictions"]
        said = [(image, *(answer[name] for name in _ANSWER)) for image, answer in zip(sent, answered, strict=True)]
    except (ValueError, KeyError, TypeError) as error:
        yield f"request and response cannot be read: {error!r}"
        return
    if [(image.png_base64, *(getattr(image, name) for name in _ANSWER)) for image in inference.images] != said:
        yield "the images and answers shown are not those of request and response"


_ANSWER = ("predicted_class", "label", "confidence")


def read_evidence(path: Path) -> Evidence:
    """Read evidence.json and check it.

    Raises
    ------
    DeploymentError
        It is absent, no JSON, does not fit the schema, or contradicts itself.
    """
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DeploymentError(f"{path} cannot be read: {error}.", "Run `convscope deploy run`.") from error
    return validate(value, str(path))


def find_evidence(folders: Iterable[Path]) -> list[tuple[Path, Evidence]]:
    """Read the evidence in those folders that have any, that of AWS first.

    Raises
    ------
    DeploymentError
        One of them cannot be believed.
    """
    paths = [folder / FILE for folder in folders if (folder / FILE).is_file()]
    found = [(path, read_evidence(path)) for path in paths]
    return sorted(found, key=lambda pair: pair[1].label != "AWS")


def with_evidence(metrics: dict[str, Any], folders: Iterable[Path]) -> dict[str, Any]:
    """Return what a report may say: the results, and at ``/deployment`` the evidence where something was deployed.

    Evidence of AWS comes before that of the emulator.
    """
    found = find_evidence(folders)
    return metrics | {"deployment": found[0][1].as_json()} if found else metrics


def _counts(operations: list[str]) -> dict[str, int]:
    return {operation: operations.count(operation) for operation in sorted(set(operations))}
