"""Starts and ends an emulated account: moto for S3, STS and IAM, and SageMaker's own planes beside it."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
import uvicorn

from sagemaker_emulator.account import Account
from sagemaker_emulator.containers import Image
from sagemaker_emulator.control import ControlPlane
from sagemaker_emulator.faults import Faults
from sagemaker_emulator.hosting import Endpoints
from sagemaker_emulator.http import create_app
from sagemaker_emulator.process import Running
from sagemaker_emulator.resources import Records
from sagemaker_emulator.signatures import new_credentials
from sagemaker_emulator.storage import Storage
from sagemaker_emulator.training import TrainingJobs

REGION = "eu-central-1"
ROLE = "execution"
GRACEFUL_SECONDS = 3  # open connections are given so long when the emulator ends


class Emulator:
    """An AWS account on loopback that knows training jobs, models and endpoints, and really runs them.

    Parameters
    ----------
    health_check_seconds
        How long an endpoint's server may take to answer.
    grace_seconds
        Between SIGTERM and SIGKILL for a training job.

    Examples
    --------
    >>> with Emulator({}) as emulator:
    ...     os.environ.update(emulator.running.variables)
    ...     boto3.client("sagemaker").list_endpoints()
    """

    def __init__(
        self, images: Mapping[str, Image], health_check_seconds: float = 60, grace_seconds: float = 120
    ) -> None:
        self.faults = Faults()
        self.records = Records(REGION, self.faults)
        self.images = images
        self.health_check_seconds = health_check_seconds
        self.grace_seconds = grace_seconds
        self._credentials = new_credentials()
        self._account = Account(self._credentials)
        self.moto_url = self._account.url

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="sagemaker-emulator-"))
        self._account.start()
        session = boto3.Session(self._credentials.access_key, self._credentials.secret_key, region_name=REGION)
        storage = Storage(session.client("s3", endpoint_url=self.moto_url))
        iam = session.client("iam", endpoint_url=self.moto_url)
        self.role = _make_role(iam)
        self.bucket = _make_bucket(storage)
        shared = (self.records, storage, self.images)
        jobs = TrainingJobs(*shared, self._folder / "jobs", self.grace_seconds)
        endpoints = Endpoints(*shared, self._folder / "endpoints", self.health_check_seconds)
        app = create_app(ControlPlane(self.records, storage, jobs, endpoints, iam), endpoints, self._credentials)
        self._server = uvicorn.Server(
            # A client that keeps its connection open would hold the end back for ever.
            uvicorn.Config(
                app,
                host="127.0.0.1",
                port=0,
                log_level="warning",
                ws="none",
                lifespan="off",
                timeout_graceful_shutdown=GRACEFUL_SECONDS,
            )
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.sagemaker_url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for resource_kind in ("TrainingJob", "Endpoint"):
            for resource in self.records.all(resource_kind):
                resource.ending.set()
                if resource.container is not None:
                    resource.container.kill()
        self._server.should_exit = True
        self._thread.join()
        self._account.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def running(self) -> Running:
        """What leads clients here."""
        variables = {
            "AWS_ENDPOINT_URL": self.moto_url,
            "AWS_ENDPOINT_URL_SAGEMAKER": self.sagemaker_url,
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": self.sagemaker_url,
            "AWS_ACCESS_KEY_ID": self._credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": self._credentials.secret_key,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return Running(variables, self.bucket, self.role)


def _make_role(iam: Any) -> str:
    """Make the role that every account needs before its first job, unless it is there already."""
    try:
        role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument="{}")
    except iam.exceptions.EntityAlreadyExistsException:  # moto's accounts live as long as the process
        role = iam.get_role(RoleName=ROLE)
    arn: str = role["Role"]["Arn"]
    return arn


def _make_bucket(storage: Storage) -> str:
    """Make a bucket, of a new name: moto's accounts live as long as the process."""
    name = f"emulated-{secrets.token_hex(3)}"
    storage.client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name
