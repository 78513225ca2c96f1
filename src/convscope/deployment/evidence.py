"""What a deployment proves, as a file: its schema, how it is put together, how it is read."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from convscope.deployment.aws import Cloud, DeploymentError
from convscope.deployment.plan import Plan
from convscope.runs.environment import commit

SCHEMA = 1
Evidence = dict[str, Any]
_PACKAGES = ("boto3", "botocore", "sagemaker-core", "torch", "convscope")
_POLLED = ("Describe", "List", "Head", "Get")  # operations that ask; only those that change or compute are listed


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
        It does not fit its schema.
    """
    witness = cloud.witness
    computed: Evidence = {
        "schema": SCHEMA,
        "label": witness.label(cloud.account),
        "origins": {service: sorted(found) for service, found in sorted(witness.origins.items())},
        "account": cloud.account,
        "region": cloud.region,
        "bucket": cloud.bucket,
        "role": cloud.role,
        "run": {"title": plan.title, "dataset": plan.dataset.title, "key": plan.run.key},
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in _PACKAGES},
            "commit": commit(Path(__file__).parent),
        },
        "requests": [
            {"service": call.service, "operation": call.operation, "id": call.request_id, "status": call.status}
            for call in witness.calls
            if not call.operation.startswith(_POLLED) and call.operation != "InvokeEndpoint"
        ],
        "request_counts": _counts([call.operation for call in witness.calls]),
    }
    evidence = computed | facts | computed  # in this order, and facts replace nothing that is computed
    validate(evidence)
    return evidence


def schema() -> dict[str, Any]:
    """Return the JSON Schema of evidence.json."""
    text = files("convscope.deployment").joinpath("evidence.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def validate(evidence: Evidence) -> None:
    """Check evidence against its schema.

    Raises
    ------
    DeploymentError
        It does not fit; the message names the place.
    """
    for error in Draft202012Validator(schema()).iter_errors(evidence):
        raise DeploymentError(
            f"evidence.json does not fit its schema at {error.json_path}: {error.message[:300]}",
            "Deploy again; evidence edited by hand is none.",
        )


def read_evidence(path: Path) -> Evidence:
    """Read evidence.json and check it.

    Raises
    ------
    DeploymentError
        It is absent, no JSON, or does not fit the schema.
    """
    try:
        evidence: Evidence = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DeploymentError(f"{path} cannot be read: {error}.", "Run `convscope deploy run`.") from error
    validate(evidence)
    return evidence


def _counts(operations: list[str]) -> dict[str, int]:
    return {operation: operations.count(operation) for operation in sorted(set(operations))}
