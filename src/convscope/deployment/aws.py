"""The account that a deployment runs in: clients, and the checks that come before anything is created.

One code path leads to AWS and to the emulator: both are a session of boto3, which the SageMaker SDK takes as well. That
of AWS reads the environment and the profile as every tool of AWS does; that of the emulator reads neither.
"""

from __future__ import annotations

import os
import random
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES as SESSION_VARIABLES
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from convscope.deployment.witness import Witness, is_amazon
from convscope.errors import DeploymentError
from sagemaker_emulator import Running

_ENDPOINT = "AWS_ENDPOINT_URL"  # for every service; with the name of one behind it for that one
_RETRIES: Any = {"mode": "standard", "total_max_attempts": 8}  # absorb throttling for a minute; the SDK's own has 10
_ANSWER_SECONDS = 70  # SageMaker gives a model 60 s to answer
_GUIDE = "The deployment guide of the site says how to get them."
_T = TypeVar("_T")


@dataclass
class Cloud:
    """Clients for one account and region, every request of which is witnessed."""

    session: Any  # of boto3; the SageMaker SDK takes the same one
    # where everything is made
    region: str
    account: str
    bucket: str  # takes data, code and artefacts
    role: str  # ARN of the role that jobs and endpoints act as
    witness: Witness = field(repr=False)  # what was sent, and where to

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
        from sagemaker.core import resources
    return resources


class _EmulatorSession(boto3.Session):  # type: ignore[misc]  # boto3 has no types
    """A session that finds one emulator and nothing else, whatever environment, files and proxies this process has."""

    def __init__(self, emulator: Running) -> None:
        absent = {"config_file": os.devnull, "credentials_file": os.devnull}
        unread = {
            name: (None, None, absent.get(name, default), convert)
            for name, (_, _, default, convert) in SESSION_VARIABLES.items()
        }
        super().__init__(
            emulator.variables["AWS_ACCESS_KEY_ID"],
            emulator.variables["AWS_SECRET_ACCESS_KEY"],
            region_name=emulator.variables["AWS_DEFAULT_REGION"],
            botocore_session=botocore.session.Session(unread),
        )
        self._variables = emulator.variables

    def client(self, service_name: str, region_name: str | None = None, *, config: Config | None = None) -> Any:
        """Return a client of the emulator's service; the SDK makes its own by this, too."""
        place = self._variables.get(f"{_ENDPOINT}_{service_name.replace('-', '_').upper()}")
        own = Config(proxies={}, use_fips_endpoint=False, use_dualstack_endpoint=False)
        return super().client(
            service_name,
            region_name,
            endpoint_url=place or self._variables[_ENDPOINT],
            config=(config or Config()).merge(own),
        )


def connect_emulator(emulator: Running) -> Cloud:
    """Check the account of an emulator, and create nothing.

    Raises DeploymentError: its bucket or its role cannot be used.
    """
    return _checked(_EmulatorSession(emulator), emulator.bucket, emulator.role)


def connect_aws(region: str = "", bucket: str = "", role: str | None = "") -> Cloud:
    """Check everything that a deployment on AWS needs, and create nothing.

    Parameters
    ----------
    region, bucket, role
        Empty takes the region from AWS_REGION or the profile, the others from CONVSCOPE_BUCKET and CONVSCOPE_ROLE.
        None needs no role: nothing is to be created.

    Raises
    ------
    DeploymentError
        Something is missing or cannot be used, and the first line names all that is missing; or a variable leads to
        an endpoint that is not Amazon's.
    """
    for name, url in os.environ.items():
        service = name.removeprefix(f"{_ENDPOINT}_").replace("_", "-").lower()
        if name.startswith(_ENDPOINT) and url and not is_amazon(service, url):
            raise DeploymentError(
                f"The target is aws, but {name} is {url}, which is no endpoint of AWS. Nothing was created.",
                f"Unset {name}, or use --target emulator.",
            )
    session = boto3.Session(region_name=region or os.environ.get("AWS_REGION") or None)
    bucket = bucket or os.environ.get("CONVSCOPE_BUCKET", "")
    if role is not None:
        role = role or os.environ.get("CONVSCOPE_ROLE", "")
    needed = {
        "credentials (aws configure, or AWS_PROFILE)": _has_credentials(session),
        "region (--region, or AWS_REGION)": session.region_name or "",
        "bucket (--bucket, or CONVSCOPE_BUCKET)": bucket,
        "role (--role, or CONVSCOPE_ROLE)": role,
    }
    if missing := [name for name, value in needed.items() if value in {False, ""}]:
        raise DeploymentError(f"Missing for a deployment: {', '.join(missing)}. Nothing was created.", _GUIDE)
    return _checked(session, bucket, role)


def _checked(session: Any, bucket: str, role: str | None) -> Cloud:
    """Ask the account who we are there, and look at role and bucket."""
    witness = Witness()
    witness.watch(session)
    cloud = Cloud(session, session.region_name, "", bucket, role or "", witness)
    identity = _asked(cloud.client("sts").get_caller_identity, "The credentials are not accepted")
    cloud.account = identity["Account"]
    if role is not None:
        cloud.role = _role_arn(cloud)
    _check_bucket(cloud)
    return cloud


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

    Raises DeploymentError: it took too long.
    """
    started = time.monotonic()
    while not check():
        waited = time.monotonic() - started
        if waited > most_seconds:
            raise DeploymentError(f"{what} took longer than {most_seconds:.0f} s.")
        # Jitter keeps many clients from asking at once; 0.2 s suits the emulator, 10 s AWS.
        time.sleep(min(max(0.1 * waited, 0.2), 10.0) * random.uniform(0.8, 1.2))
