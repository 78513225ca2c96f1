"""What a deployment proves, as a file: how it is put together, with way and cost; how it is read and believed."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convscope.deployment.records import (
    SCHEMA,
    Cost,
    CostPart,
    Deployment,
    Evidence,
    Inference,
    Request,
    Stop,
    Transition,
    parse_evidence,
)
from convscope.deployment.witness import label_of
from convscope.errors import DeploymentError
from convscope.files import Json
from convscope.runs.environment import commit

if TYPE_CHECKING:  # boto3 takes a second to import; who reads evidence needs none
    from convscope.deployment.aws import Cloud
    from convscope.deployment.plan import Plan

FILE = "evidence.json"
_PACKAGES = ("boto3", "botocore", "sagemaker-core", "torch", "convscope")
_POLLED = ("Describe", "List", "Head", "Get")  # operations that ask; only those that change or compute are listed
DELETIONS = ("DeleteEndpoint", "DeleteEndpointConfig", "DeleteModel", "DeleteObject")
_NONE = Request(service="", operation="", id="", status=0, time="", seconds=0, arn="")
_ARN = re.compile(r"arn:[\w-]+:(?P<service>\w+):(?P<region>[\w-]*):(?P<account>\d{12}):")

# Of the order that AWS asks in us-east-1 for these; nobody looked them up for a build. The deployment guide says where
# the current ones are.
ASSUMED = "2026-11-21"
USD_AN_HOUR = 0.115  # ml.m5.large, for training and as an endpoint
USD_A_SERVERLESS_SECOND = 0.00006  # 3 GB of memory
USD_A_GB_MONTH_S3 = 0.023
USD_A_GB_MONTH_ECR = 0.10

TRAINING_SECONDS = 600  # a machine of AWS starts in minutes; the emulator's seconds say nothing about it
ANSWER_SECONDS = 0.2
FIRST_ANSWER_SECONDS = 30  # a serverless endpoint starts its container when it is first asked
IMAGES_GB = 1.0
HOURS_A_MONTH = 730


def assemble_evidence(deployment: Deployment, plan: Plan, cloud: Cloud) -> Evidence:
    """Put the evidence together; its label follows from where the requests really went.

    Raises DeploymentError: it does not fit its schema, or contradicts itself.

    Parameters
    ----------
    deployment
        From `convscope.deployment.flow.deploy`.
    cloud
        The account, with the witness of all requests.
    """
    witness = cloud.witness
    calls = witness.calls
    stored = deployment.code.bytes + deployment.artefact.bytes + sum(path.stat().st_size for path in plan.files)
    computed = {
        "schema": SCHEMA,
        "label": label_of(witness.origins, cloud.account),
        "origins": {service: sorted(found) for service, found in sorted(witness.origins.items())},
        "account": cloud.account,
        "region": cloud.region,
        "bucket": cloud.bucket,
        "role": cloud.role,
        "run": {
            "title": plan.run.name,
            "study": plan.run.study,
            "variant": plan.run.variant,
            "dataset": plan.dataset.title,
            "key": plan.run.key,
            "test_accuracy": plan.local.test_accuracy,
        },
        "way": way(deployment, calls),
        "cost": estimate(sum(call.operation == "InvokeEndpoint" for call in calls), stored),
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in _PACKAGES},
            "commit": commit(Path(__file__).parent),
        },
        "requests": [call for call in calls if not call.operation.startswith((*_POLLED, "InvokeEndpoint"))],
        "request_counts": dict(sorted(Counter(call.operation for call in calls).items())),
    }
    return checked_evidence(deployment.stated() | computed)


def way(deployment: Deployment, calls: Sequence[Request]) -> list[Stop]:
    """Return the stops from training to an answer and back to nothing, in order."""
    training, endpoint, artefact = deployment.training, deployment.endpoint, deployment.artefact
    config = f"/{endpoint.arn.rpartition('/')[2]}"  # has the endpoint's name
    answered = next((call for call in calls if call.id == deployment.inference.request_id), _NONE)
    first = deployment.inference.images[0]
    gone = [call for call in calls if call.operation in DELETIONS and call.status // 100 == 2]
    left = deployment.leftovers
    seconds = {step.name: step.seconds for step in deployment.steps}
    return [
        _made("Training job", _call(calls, "CreateTrainingJob", training.arn), training.transitions),
        _stop(
            "model.tar.gz in S3", _call(calls, "GetObject"), f"{artefact.bytes:,} bytes", artefact.uri,
            seconds["artefact"],
        ),
        _stop("Model", _call(calls, "CreateModel", endpoint.model_arn), "created", endpoint.model_arn),
        _stop("Endpoint configuration", _call(calls, "CreateEndpointConfig", config), "created", ""),
        _made("Endpoint", _call(calls, "CreateEndpoint", endpoint.arn), endpoint.transitions[-2:]),
        _stop("Request", answered, f"{first.label}, {first.confidence:.3f}", endpoint.arn),
        _stop(
            "Teardown", gone[0] if gone else _NONE, f"{len(left)} things left" if left else "nothing left",
            f"{len(gone)} deletions", seconds["tear-down"],
        ),
    ]  # fmt: skip


def _call(calls: Sequence[Request], operation: str, arn: str = "") -> Request:
    """Return the call that made a thing, by the end of its ARN."""
    return next((call for call in reversed(calls) if call.operation == operation and call.arn.endswith(arn)), _NONE)


def _made(stop: str, call: Request, transitions: Sequence[Transition]) -> Stop:
    """Describe something that takes its time: until its last status."""
    began, ended = (datetime.fromisoformat(transitions[place].time) for place in (0, -1))
    return _stop(stop, call, transitions[-1].status, "", (ended - began).total_seconds())


def _stop(stop: str, call: Request, outcome: str, name: str, seconds: float | None = None) -> Stop:
    return Stop(
        stop=stop, call=call.operation, status=call.status, id=call.id, time=call.time,
        seconds=round(call.seconds if seconds is None else seconds, 3), outcome=outcome, name=name or call.arn,
    )  # fmt: skip


def estimate(requests: int, stored_bytes: int) -> Cost:
    """Estimate the cost of one deployment on AWS.

    Parameters
    ----------
    stored_bytes
        In S3: code, data and artefact; for an hour.
    """
    parts = [
        _part("Training, ml.m5.large", TRAINING_SECONDS / 3600, "hours", USD_AN_HOUR),
        _part(
            "Serverless endpoint, 3 GB", FIRST_ANSWER_SECONDS + ANSWER_SECONDS * requests, "seconds",
            USD_A_SERVERLESS_SECOND,
        ),
        _part("S3", stored_bytes / 1e9, "GB for an hour", USD_A_GB_MONTH_S3 / HOURS_A_MONTH),
    ]  # fmt: skip
    return Cost(
        assumed=ASSUMED,
        region="us-east-1",
        parts=parts,
        total=sum(part.usd for part in parts),
        images_a_month=IMAGES_GB * USD_A_GB_MONTH_ECR,
        forgotten_a_month=HOURS_A_MONTH * USD_AN_HOUR,
    )


def _part(name: str, amount: float, unit: str, rate: float) -> CostPart:
    return CostPart(part=name, amount=amount, unit=unit, rate=rate, usd=amount * rate)


def checked_evidence(value: Any, name: str = FILE) -> Evidence:
    """Turn JSON values into evidence, and check its parts against each other.

    Whoever edits all parts at once can still forge it: what makes it true is that it can be done again.

    Raises DeploymentError: it does not fit; the message names the place.
    """
    evidence = parse_evidence(value, name)
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

    Raises DeploymentError: it is absent, no JSON, does not fit the schema, or contradicts itself.
    """
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DeploymentError(f"{path} cannot be read: {error}.", "Run `convscope deploy run`.") from error
    return checked_evidence(value, str(path))


def find_evidence(folders: Iterable[Path]) -> list[tuple[Path, Evidence]]:
    """Read the evidence in those folders that have any, that of AWS first.

    Raises DeploymentError: one of them cannot be believed.
    """
    paths = [folder / FILE for folder in folders if (folder / FILE).is_file()]
    found = [(path, read_evidence(path)) for path in paths]
    return sorted(found, key=lambda pair: pair[1].label != "AWS")


def first_evidence(folders: Iterable[Path]) -> Evidence | None:
    """Return the evidence that is shown: that of AWS before that of the emulator; None where nothing was deployed."""
    return next((evidence for _, evidence in find_evidence(folders)), None)


def with_evidence(metrics: Json, folders: Iterable[Path]) -> Json:
    """Return what a report may say: the results, and at ``/deployment`` the evidence where something was deployed."""
    found = first_evidence(folders)
    return metrics | {"deployment": found.as_json()} if found else metrics
