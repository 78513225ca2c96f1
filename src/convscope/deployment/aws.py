"""The account that a deployment runs in: clients, and the checks that come before anything is created.

One code path leads to AWS and to the emulator. Where it leads is decided by the variables AWS_ENDPOINT_URL and its
like, which boto3 and the SageMaker SDK read by themselves; nothing here knows the difference.
"""

from __future__ import annotations

import os
import random
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from convscope.deployment.label import is_amazon
from convscope.deployment.witness import Witness
from convscope.errors import DeploymentError

Target = Literal["emulator", "aws"]

_ENDPOINT = "AWS_ENDPOINT_URL"  # for every service; with the name of one behind it for that one
_RETRIES: Any = {"mode": "standard", "total_max_attempts": 8}  # absorb throttling for a minute; the SDK's own has 10
_ANSWER_SECONDS = 70  # SageMaker gives a model 60 s to answer
_GUIDE = "The deployment guide of the site says how to get them."
_T = TypeVar("_T")


@dataclass
class Cloud:
    """Clients for one account and region, every request of which is witnessed.

    Parameters
    ----------
    session
        Of boto3; the SageMaker SDK takes the same one.
    region, account
        Where everything is made.
    bucket
        Takes data, code and artefacts.
    role
        ARN of the role that jobs and endpoints act as.
    witness
        What was sent, and where to.
    """

    session: Any
    region: str
    account: str
    bucket: str
    role: str
    witness: Witness = field(repr=False)

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        config = Config(read_timeout=_ANSWER_SECONDS, retries=_RETRIES)
        return self.session.client(service, region_name=self.region, config=config)

    @cached_property
    def s3(self) -> Any:
        """Client for storage."""
        return self.client("s3")

    @cached_property
    def sagemaker(self) -> Any:
        """Client for what the SDK does wrong or has no word for."""
        return self.client("sagemaker")

    @cached_property
    def resources(self) -> Any:
        """Module `sagemaker.core.resources` of the SDK."""
        return import_sdk()

    @property
    def where(self) -> dict[str, Any]:
        """Session and region, as the SDK's functions take them."""
        return {"session": self.session, "region": self.region}


def import_sdk() -> Any:
    """Import the SDK's resources, which takes 3 s the first time."""
    with warnings.catch_warnings():
        # Its docstrings hold "\|" and "\*" in plain strings, which Python remarks when it first compiles them.
        warnings.filterwarnings("ignore", "invalid escape sequence")
        warnings.filterwarnings("ignore", '"\\\\[|*]" is an invalid escape sequence')  # Python 3.14's words
        from sagemaker.core import resources  # noqa: PLC0415
    return resources


def connect(target: Target, region: str = "", bucket: str = "", role: str | None = "") -> Cloud:
    """Check everything that a deployment needs, and create nothing.

    Parameters
    ----------
    target
        ``"aws"`` refuses endpoints that are not Amazon's, ``"emulator"`` those that are.
    region, bucket, role
        Empty takes the region from AWS_REGION or the profile, the others from CONVSCOPE_BUCKET and CONVSCOPE_ROLE.
        None needs no role: nothing is to be created.

    Raises
    ------
    DeploymentError
        Something is missing or cannot be used; the first line names all that is missing.
    """
    _check_endpoints(target, os.environ)
    session = boto3.Session(region_name=region or os.environ.get("AWS_REGION") or None)
    region = session.region_name or ""
    bucket = bucket or os.environ.get("CONVSCOPE_BUCKET", "")
    if role is not None:
        role = role or os.environ.get("CONVSCOPE_ROLE", "")
    needed = {
        "credentials (aws configure, or AWS_PROFILE)": _has_credentials(session),
        "region (--region, or AWS_REGION)": region,
        "bucket (--bucket, or CONVSCOPE_BUCKET)": bucket,
        "role (--role, or CONVSCOPE_ROLE)": role,
    }
    if missing := [name for name, value in needed.items() if value in {False, ""}]:
        raise DeploymentError(f"Missing for a deployment: {', '.join(missing)}. Nothing was created.", _GUIDE)
    witness = Witness()
    witness.watch(session)
    cloud = Cloud(session, region, "", bucket, role or "", witness)
    identity = _asked(cloud.client("sts").get_caller_identity, "The credentials are not accepted")
    cloud.account = identity["Account"]
    if role is not None:
        cloud.role = _role_arn(cloud)
    _check_bucket(cloud)
    return cloud


def _check_endpoints(target: Target, environment: Mapping[str, str]) -> None:
    given = {name: url for name, url in environment.items() if name.startswith(_ENDPOINT) and url}
    if target == "aws":
        for name, url in given.items():
            service = name.removeprefix(f"{_ENDPOINT}_").replace("_", "-").lower()
            if not is_amazon(service, url):
                raise DeploymentError(
                    f"The target is aws, but {name} is {url}, which is no endpoint of AWS. Nothing was created.",
                    f"Unset {name}, or use --target emulator.",
                )
    elif any(not on_loopback(url) for url in (environment.get(_ENDPOINT, ""), *given.values())):
        raise DeploymentError(
            f"The target is emulator, but {_ENDPOINT} and its like do not lead to one. Nothing was created.",
            "Unset them: the command starts an emulator by itself.",
        )


def on_loopback(url: str) -> bool:
    """Tell whether an address is on this machine."""
    return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}


def _has_credentials(session: Any) -> bool:
    try:
        return session.get_credentials() is not None
    except BotoCoreError:
        return False


def _asked(call: Callable[[], _T], what_is_wrong: str) -> _T:
    try:
        return call()
    except (NoCredentialsError, PartialCredentialsError, ClientError, BotoCoreError) as error:
        raise DeploymentError(f"{what_is_wrong}: {error}. Nothing was created.", _GUIDE) from error


def _role_arn(cloud: Cloud) -> str:
    """Look the role up; without permission to look, its ARN is taken at its word."""
    name = cloud.role.rpartition("/")[2]
    try:
        arn: str = cloud.client("iam").get_role(RoleName=name)["Role"]["Arn"]
    except (ClientError, BotoCoreError) as error:
        if error_code(error) == "AccessDenied" and cloud.role.startswith("arn:"):
            return cloud.role
        raise DeploymentError(f"The role {cloud.role} cannot be used: {error}. Nothing was created.", _GUIDE) from error
    return arn


def _check_bucket(cloud: Cloud) -> None:
    def ask() -> Any:
        return cloud.s3.head_bucket(Bucket=cloud.bucket)

    answer = _asked(ask, f"The bucket {cloud.bucket} cannot be used")
    found = answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", cloud.region)
    if found != cloud.region:
        raise DeploymentError(
            f"The bucket {cloud.bucket} is in {found}, not in {cloud.region}. Nothing was created.",
            f"Use --region {found}, or a bucket in {cloud.region}: training reads from its own region only.",
        )


def error_code(error: Exception) -> str:
    """Code of an error that a service answered, empty for others."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""


def is_absent(error: Exception) -> bool:
    """Tell whether a service says that a thing is not there."""
    absent = ("Could not find", "not found", "does not exist")
    return isinstance(error, ClientError) and any(words in str(error) for words in absent)


def poll(check: Callable[[], bool], most_seconds: float, what: str) -> None:
    """Ask again and again until the answer is yes, after a tenth of the time waited so far, jittered.

    Raises
    ------
    DeploymentError
        It took too long.
    """
    started = time.monotonic()
    while not check():
        waited = time.monotonic() - started
        if waited > most_seconds:
            raise DeploymentError(f"{what} took longer than {most_seconds:.0f} s.")
        # Jitter keeps many clients from asking at once; 0.2 s suits the emulator, 10 s AWS.
        time.sleep(min(max(0.1 * waited, 0.2), 10.0) * random.uniform(0.8, 1.2))
