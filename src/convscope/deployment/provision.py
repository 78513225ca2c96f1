"""Creates what a deployment needs at AWS, each thing after its intent is on the disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from convscope.deployment.aws import Cloud, error_code, poll
from convscope.deployment.journal import Journal
from convscope.deployment.plan import (
    MOST_TRAINING_SECONDS,
    S3_FOLDER,
    SERVERLESS_CONCURRENCY,
    SERVERLESS_MEMORY,
    Plan,
    tags,
)
from convscope.deployment.records import Transition
from convscope.deployment.witness import utc
from convscope.errors import DeploymentError
from convscope.files import Json

VARIANT = "AllTraffic"
_WAIT_SECONDS = MOST_TRAINING_SECONDS + 1800  # for a job, with the time until AWS has found a machine
_ENDPOINT_SECONDS = 1800
_QUOTA = "Ask for a higher quota (console: Service Quotas, Amazon SageMaker), or use another type of machine."


@dataclass
class Provision:
    """Creates the parts of one deployment."""

    cloud: Cloud
    journal: Journal  # gets the intent before each request
    plan: Plan
    say: Callable[[str], None]  # reports a line
    check: Callable[[], None]  # raises where a signal has asked for the end
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.journal.deployment

    # ------------------------------------------------------------ storage

    def uri(self, key: str) -> str:
        """Address of something in the deployment's own folder of the bucket."""
        return f"s3://{self.cloud.bucket}/{S3_FOLDER}{self.name}/{key}"

    def upload(self, path: Path, key: str) -> None:
        """Upload a file into the deployment's folder."""
        full_key = f"{S3_FOLDER}{self.name}/{key}"
        self._create("S3", full_key, partial(self.cloud.s3.upload_file, str(path), self.cloud.bucket, full_key))

    def download(self, uri: str, path: Path) -> None:
        """Download an object of the deployment's bucket."""
        key = uri.removeprefix(f"s3://{self.cloud.bucket}/")
        self.cloud.s3.download_file(self.cloud.bucket, key, str(path))

    # ------------------------------------------------------------ training

    def image(self, purpose: str) -> str:
        """Address of the container image for ``"training"`` or ``"serving"``."""
        given = getattr(self.plan.options, f"{purpose}_image")
        registry = f"{self.cloud.account}.dkr.ecr.{self.cloud.region}.amazonaws.com"
        return str(given or f"{registry}/convscope-{purpose}:latest")

    def train(self, channels: dict[str, str], hyperparameters: dict[str, str]) -> Any:
        """Run the training job, on the first type of machine that is available; return the completed job.

        Raises DeploymentError: the job failed or was stopped.
        """
        reason = ""
        for attempt, instance_type in enumerate(self.plan.options.training_instances, start=1):
            name = f"{self.name}-t{attempt}"
            request = partial(self._job, name, instance_type, channels, hyperparameters)
            job = self._create("TrainingJob", name, request)
            self._wait_for_job(job)
            if job.training_job_status == "Completed":
                return job
            reason = given(job.failure_reason) or f"it is {job.training_job_status} ({job.secondary_status})"
            if not _no_capacity(reason):
                break
            self.say(f"training job: no {instance_type} available")
        raise DeploymentError(f"The training job {name} did not complete: {reason}")

    def _job(self, name: str, instance_type: str, channels: dict[str, str], hyperparameters: dict[str, str]) -> Any:
        sdk = self.cloud.resources

        def channel(channel_name: str, uri: str) -> Any:
            source = sdk.S3DataSource(s3_data_type="S3Prefix", s3_uri=uri, s3_data_distribution_type="FullyReplicated")
            return sdk.Channel(channel_name=channel_name, data_source=sdk.DataSource(s3_data_source=source))

        return sdk.TrainingJob.create(
            training_job_name=name,
            role_arn=self.cloud.role,
            algorithm_specification=sdk.AlgorithmSpecification(
                training_image=self.image("training"), training_input_mode="File"
            ),
            hyper_parameters=hyperparameters,
            input_data_config=[channel(*pair) for pair in channels.items()],
            output_data_config=sdk.OutputDataConfig(s3_output_path=self.uri("output")),
            resource_config=sdk.ResourceConfig(instance_type=instance_type, instance_count=1, volume_size_in_gb=10),
            stopping_condition=sdk.StoppingCondition(max_runtime_in_seconds=MOST_TRAINING_SECONDS),
            # the uploaded source comes before the image's own
            environment={"PYTHONPATH": "/opt/ml/input/data/code/code.zip"},
            enable_network_isolation=True,
            tags=self._sdk_tags(),
            **self.cloud.where,
        )

    def _wait_for_job(self, job: Any) -> None:
        seen = ""

        def ended() -> bool:
            nonlocal seen
            self.check()
            job.refresh()
            if job.secondary_status != seen:
                seen = job.secondary_status
                self.say(f"training job: {seen}")
            return job.training_job_status in {"Completed", "Failed", "Stopped"}

        poll(ended, _WAIT_SECONDS, f"The training job {job.training_job_name}")

    # ------------------------------------------------------------ endpoint

    def model(self, artefact_uri: str) -> Any:
        """Create the model: serving image and artefact."""
        sdk = self.cloud.resources
        return self._create(
            "Model",
            self.name,
            lambda: sdk.Model.create(
                model_name=self.name,
                execution_role_arn=self.cloud.role,
                primary_container=sdk.ContainerDefinition(image=self.image("serving"), model_data_url=artefact_uri),
                tags=self._sdk_tags(),
                **self.cloud.where,
            ),
        )

    def endpoint(self) -> tuple[Any, Json, list[Transition]]:
        """Bring an endpoint into service, on the first type of machine that is available.

        Raises DeploymentError: it failed, or did not come up in time.

        Returns
        -------
        tuple
            The endpoint; its production variant as the request for its config had it; each change of status, those of
            endpoints that were tried before it, too.
        """
        transitions: list[Transition] = []
        for attempt, instance_type in enumerate(self.plan.options.endpoint_instances or ("",), start=1):
            name = f"{self.name}-e{attempt}"
            variant = self._variant(instance_type)
            self._create("EndpointConfig", name, partial(self._config, name, variant))
            endpoint = self._create("Endpoint", name, partial(self._endpoint, name))
            self._wait_for_endpoint(endpoint, transitions)
            if endpoint.endpoint_status == "InService":
                return endpoint, variant, transitions
            reason = given(endpoint.failure_reason) or f"it is {endpoint.endpoint_status}"
            if not _no_capacity(reason):
                break
            self.say(f"endpoint: no {instance_type} available")
        raise DeploymentError(f"The endpoint {name} did not come into service: {reason}")

    def _variant(self, instance_type: str) -> Json:
        machine: Json = {"InstanceType": instance_type, "InitialInstanceCount": 1}
        if not instance_type:
            capacity = {"MemorySizeInMB": SERVERLESS_MEMORY, "MaxConcurrency": SERVERLESS_CONCURRENCY}
            machine = {"ServerlessConfig": capacity}
        return {"VariantName": VARIANT, "ModelName": self.name, **machine}

    def _config(self, name: str, variant: Json) -> Any:
        # boto3: the SDK spells MemorySizeInMB as MemorySizeInMb, which the service refuses.
        return self.cloud.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant], Tags=tags(self.name)
        )

    def _endpoint(self, name: str) -> Any:
        return self.cloud.resources.Endpoint.create(
            endpoint_name=name, endpoint_config_name=name, tags=self._sdk_tags(), **self.cloud.where
        )

    def _wait_for_endpoint(self, endpoint: Any, transitions: list[Transition]) -> None:
        transitions.append(Transition(status="Creating", time=utc(endpoint.creation_time)))
        self.say("endpoint: Creating")

        def ended() -> bool:
            self.check()
            endpoint.refresh()
            status = endpoint.endpoint_status
            if transitions[-1].status != status:
                transitions.append(Transition(status=status, time=utc(endpoint.last_modified_time)))
                self.say(f"endpoint: {status}")
            return status in {"InService", "Failed", "OutOfService"}

        poll(ended, _ENDPOINT_SECONDS, f"The endpoint {endpoint.endpoint_name}")

    # ------------------------------------------------------------ all

    def _sdk_tags(self) -> list[dict[str, str]]:
        # As dictionaries: the SDK has two classes Tag, and which one it wants differs from resource to resource.
        return [{"key": tag["Key"], "value": tag["Value"]} for tag in tags(self.name)]

    def _create(self, kind: str, name: str, request: Callable[[], Any]) -> Any:
        """Note the intent, create, note that it was answered.

        Raises DeploymentError: the service refuses.
        """
        self.check()
        self.journal.note("create", kind=kind, name=name)
        try:
            created = request()
        except (ClientError, BotoCoreError, Boto3Error) as error:
            hint = _QUOTA if error_code(error) == "ResourceLimitExceeded" else ""
            raise DeploymentError(f"{kind} {name} cannot be created: {error}", hint) from error
        self.journal.note("created", kind=kind, name=name)
        return created


def given(value: Any) -> Any:
    """Return a value that the SDK has, None where it has its mark for one that is not there."""
    return None if type(value).__name__ == "Unassigned" else value


def _no_capacity(reason: str) -> bool:
    return "capacity" in reason.lower()
