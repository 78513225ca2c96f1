"""The control plane: what each operation of the API does."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from sagemaker_emulator.hosting import Endpoints
from sagemaker_emulator.resources import KINDS, Description, Records, Resource
from sagemaker_emulator.storage import Storage
from sagemaker_emulator.training import TrainingJobs
from sagemaker_emulator.validation import Refusal, validate


class ControlPlane:
    """Answers operations.

    Parameters
    ----------
    records, storage
        The account and its S3.
    iam
        Client of the emulated IAM; roles are looked up there.
    """

    def __init__(self, records: Records, storage: Storage, jobs: TrainingJobs, endpoints: Endpoints, iam: Any) -> None:
        self.records = records
        self.storage = storage
        self.jobs = jobs
        self.endpoints = endpoints
        self.iam = iam

    def answer(self, operation: str, request: Description) -> Description:
        """Do one operation.

        Raises Refusal: AWS would refuse it.
        """
        fault = self.records.faults.api_error(operation)
        if fault is not None:
            raise Refusal(fault.message, fault.code, fault.status)
        validate(operation, request)
        special = getattr(self, f"_{operation}", None)
        if special is not None:
            answer: Description = special(request)
            return answer
        for kind in KINDS:
            if operation == f"Describe{kind}":
                return self.records.shown(operation, self.records.get(kind, request[KINDS[kind].key]))
            if operation == f"List{kind}s":
                part = request.get("NameContains", "").lower()
                key = KINDS[kind].key
                return self.records.summaries(operation, kind, lambda r: part in r.description[key].lower())  # noqa: B023  # called here
        raise Refusal(f"The emulator does not do {operation}.", "UnknownOperationException")

    def _CreateTrainingJob(self, request: Description) -> Description:  # the API's own names
        self._check_role(request["RoleArn"])
        for name in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition"):
            if name not in request:
                raise Refusal(f"{name} is required for a training job.")
        now = time.time()
        job = self.records.add(
            "TrainingJob",
            request,
            TrainingJobStatus="InProgress",
            SecondaryStatus="Starting",
            SecondaryStatusTransitions=[
                {"Status": "Starting", "StartTime": now, "StatusMessage": "Launching requested ML instances"}
            ],
        )
        self.jobs.start(job)
        return {"TrainingJobArn": job.description["TrainingJobArn"]}

    def _StopTrainingJob(self, request: Description) -> Description:
        job = self.records.get("TrainingJob", request["TrainingJobName"])
        with self.records.lock:
            if job.description["TrainingJobStatus"] not in ("InProgress", "Stopping"):
                raise Refusal(
                    f"The request was rejected because the training job is in status "
                    f"{job.description['TrainingJobStatus']}."
                )
            self.records.update(job, TrainingJobStatus="Stopping")
            job.ending.set()
        return {}

    def _CreateModel(self, request: Description) -> Description:
        self._check_role(request.get("ExecutionRoleArn", ""))
        uri = request["PrimaryContainer"].get("ModelDataUrl", "")
        try:
            exists = self.storage.exists(uri)
        except ClientError:  # no such bucket
            exists = False
        if not exists:
            raise Refusal(
                f"Could not find model data at {uri}. Please ensure that the role can access it and that it exists."
            )
        return {"ModelArn": self.records.add("Model", request).description["ModelArn"]}

    def _DeleteModel(self, request: Description) -> Description:
        return self._delete("Model", request)

    def _CreateEndpointConfig(self, request: Description) -> Description:
        for variant in request["ProductionVariants"]:
            self.records.get("Model", variant["ModelName"])
            if ("ServerlessConfig" in variant) == ("InstanceType" in variant):
                raise Refusal("A production variant needs either an InstanceType or a ServerlessConfig.")
        config = self.records.add("EndpointConfig", request)
        return {"EndpointConfigArn": config.description["EndpointConfigArn"]}

    def _DeleteEndpointConfig(self, request: Description) -> Description:
        return self._delete("EndpointConfig", request)

    def _CreateEndpoint(self, request: Description) -> Description:
        config = self.records.get("EndpointConfig", request["EndpointConfigName"])
        (variant,) = config.description["ProductionVariants"]
        model = self.records.get("Model", variant["ModelName"])
        endpoint = self.records.add(
            "Endpoint", request, EndpointStatus="Creating", Serverless="ServerlessConfig" in variant
        )
        container = model.description["PrimaryContainer"]
        self.endpoints.start(endpoint, variant, container)
        return {"EndpointArn": endpoint.description["EndpointArn"]}

    def _DeleteEndpoint(self, request: Description) -> Description:
        endpoint = self.records.get("Endpoint", request["EndpointName"])
        if not endpoint.ending.is_set():
            self.endpoints.delete(endpoint)
        return {}

    def _ListTags(self, request: Description) -> Description:
        tags = self.records.by_arn(request["ResourceArn"]).tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _AddTags(self, request: Description) -> Description:
        resource: Resource = self.records.by_arn(request["ResourceArn"])
        resource.tags.update({tag["Key"]: tag["Value"] for tag in request["Tags"]})
        return self._ListTags(request)

    def _delete(self, kind: str, request: Description) -> Description:
        name = request[KINDS[kind].key]
        self.records.get(kind, name)
        self.records.remove(kind, name)
        return {}

    def _check_role(self, arn: str) -> None:
        try:
            self.iam.get_role(RoleName=arn.rpartition("/")[2])
        except ClientError as error:
            raise Refusal(
                f"Could not assume role {arn}. Please ensure that the role exists and allows principal "
                "'sagemaker.amazonaws.com' to assume the role."
            ) from error
