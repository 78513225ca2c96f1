"""The emulator, driven by clients as they come: it does what AWS does and refuses what AWS refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from convscope.deployment.aws import Cloud, import_sdk
from convscope.deployment.plan import LONGEST, belongs_to, deployment_name
from sagemaker_emulator import ApiFault, Image
from sagemaker_emulator.process import without_accounts
from sagemaker_emulator.server import Emulator
from sagemaker_emulator.storage import split_uri


def job_request(own: Emulator, **changes: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": "job",
        "RoleArn": own.role,
        "AlgorithmSpecification": {"TrainingImage": "ecr/quick-training:1", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": f"s3://{own.bucket}/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **changes,
    }


def wait_for(job: str, client: Any) -> dict[str, Any]:
    client.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName=job, WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
    )
    described: dict[str, Any] = client.describe_training_job(TrainingJobName=job)
    return described


def refusal(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return str(caught.value)


@pytest.fixture
def own(no_aws: None, monkeypatch: pytest.MonkeyPatch, quick_artefact: Path) -> Any:
    """An emulator of one's own, with the clients of plain boto3."""
    from emulation import images

    with Emulator(images=images(quick_artefact), grace_seconds=1) as emulator:
        for name, value in emulator.running.variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the secret of the emulator before
        yield emulator


@pytest.fixture
def client(own: Emulator) -> Any:
    return boto3.client("sagemaker")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"TrainingJobName": "x" * 64}, "length less than or equal to 63"),
        ({"TrainingJobName": "under_score"}, "regular expression pattern"),
        ({"ResourceConfig": {"InstanceType": "ml.m5.huge", "VolumeSizeInGB": 1}}, "enum value set"),
        ({"HyperParameters": {"run": "x" * 2501}}, "length less than or equal to 2500"),
        ({"HyperParameters": {str(n): "x" for n in range(101)}}, "length less than or equal to 100"),
        ({"RoleArn": "arn:aws:iam::123456789012:role/nobody"}, "Could not assume role"),
    ],
)
def test_refuses_a_job_that_aws_refuses(own: Emulator, client: Any, changes: dict[str, Any], reason: str) -> None:
    assert reason in refusal(client.create_training_job, **job_request(own, **changes))
    assert client.list_training_jobs()["TrainingJobSummaries"] == []


def test_a_job_goes_through_its_states_and_leaves_its_artefact(own: Emulator, client: Any) -> None:
    request = job_request(own, Tags=[{"Key": "project", "Value": "convscope"}])
    arn = client.create_training_job(**request)["TrainingJobArn"]
    assert "ResourceInUse" in refusal(client.create_training_job, **request)
    described = wait_for("job", client)
    states = [transition["Status"] for transition in described["SecondaryStatusTransitions"]]
    assert states == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert described["BillableTimeInSeconds"] >= 1
    bucket, key = split_uri(described["ModelArtifacts"]["S3ModelArtifacts"])
    assert boto3.client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] > 1000
    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "project", "Value": "convscope"}]
    assert client.list_training_jobs(NameContains="JO")["TrainingJobSummaries"][0]["TrainingJobArn"] == arn
    assert client.list_training_jobs(NameContains="other")["TrainingJobSummaries"] == []


def test_a_failure_file_becomes_the_reason(own: Emulator, client: Any) -> None:
    code = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('out of luck'); sys.exit(3)"
    failing = Image(train=[sys.executable, "-c", code, "{opt_ml}/output/failure"])
    own.images["failing"] = failing  # type: ignore[index]
    algorithm = {"TrainingImage": "ecr/failing", "TrainingInputMode": "File"}
    client.create_training_job(**job_request(own, AlgorithmSpecification=algorithm))
    with pytest.raises(Exception, match="terminal failure"):
        wait_for("job", client)
    described = client.describe_training_job(TrainingJobName="job")
    assert described["FailureReason"] == "AlgorithmError: out of luck, exit code: 3"
    assert described["TrainingJobStatus"] == "Failed"


def test_a_channel_without_objects_fails_the_job(own: Emulator, client: Any) -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{own.bucket}/nothing/"}}
    channels = [{"ChannelName": "training", "DataSource": source}]
    client.create_training_job(**job_request(own, InputDataConfig=channels))
    with pytest.raises(Exception, match="terminal failure"):
        wait_for("job", client)
    assert "No S3 objects found" in client.describe_training_job(TrainingJobName="job")["FailureReason"]


@pytest.mark.parametrize("part", ["input", "output"])
def test_an_unknown_bucket_fails_the_job(own: Emulator, client: Any, part: str) -> None:
    """The bucket is not looked at before the job runs; it must end all the same, and say why."""
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://nobody-has-this/data/"}}
    changes: dict[str, dict[str, Any]] = {
        "input": {"InputDataConfig": [{"ChannelName": "training", "DataSource": source}]},
        "output": {"OutputDataConfig": {"S3OutputPath": "s3://nobody-has-this/out"}},
    }
    client.create_training_job(**job_request(own, **changes[part]))
    with pytest.raises(Exception, match="terminal failure"):
        wait_for("job", client)
    reason = client.describe_training_job(TrainingJobName="job")["FailureReason"]
    assert "nobody-has-this" in reason
    assert {"input": "Data download failed", "output": "Artifact upload failed"}[part] in reason
    assert "NoSuchBucket" in reason


def test_whatever_breaks_in_the_emulator_ends_the_job_and_the_endpoint(
    own: Emulator, client: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("no space left")

    bucket = boto3.client("s3")
    bucket.put_object(Bucket=own.bucket, Key="model.tar.gz", Body=b"x")
    monkeypatch.setattr("sagemaker_emulator.storage.Storage.download", broken)
    monkeypatch.setattr("sagemaker_emulator.storage.Storage.upload", broken)
    client.create_training_job(**job_request(own))
    with pytest.raises(Exception, match="terminal failure"):
        wait_for("job", client)
    reason = "InternalServerError: RuntimeError('no space left'). Please try again."
    assert client.describe_training_job(TrainingJobName="job")["FailureReason"] == reason
    container = {"Image": "ecr/quick-serving", "ModelDataUrl": f"s3://{own.bucket}/model.tar.gz"}
    client.create_model(ModelName="m", ExecutionRoleArn=own.role, PrimaryContainer=container)
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    client.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    client.create_endpoint(EndpointName="e", EndpointConfigName="c")
    with pytest.raises(Exception, match="terminal failure"):
        client.get_waiter("endpoint_in_service").wait(EndpointName="e", WaiterConfig={"Delay": 0.05})
    assert client.describe_endpoint(EndpointName="e")["FailureReason"] == reason
    monkeypatch.setattr("sagemaker_emulator.resources.Records.summaries", broken)
    assert "The emulator failed: RuntimeError" in refusal(client.list_models)
    assert capfd.readouterr().err.count("RuntimeError: no space left") >= 3  # each with its traceback


# ---------------------------------------------------------------- who may ask


def test_only_who_has_the_secret_is_answered(own: Emulator, client: Any) -> None:
    """CreateTrainingJob runs code, and loopback is open to every user of the machine."""
    stranger = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    guesser = {"aws_access_key_id": own.running.variables["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": "guess"}
    cases: list[tuple[dict[str, Any], str]] = [(stranger, "security token"), (guesser, "does not match")]
    for keys, reason in cases:
        other = boto3.client("sagemaker", **keys)
        assert reason in refusal(other.create_training_job, **job_request(own))
        runtime = boto3.client("sagemaker-runtime", **keys)
        assert reason in refusal(runtime.invoke_endpoint, EndpointName="e", Body=b"{}")
        assert reason in refusal(boto3.client("s3", **keys).put_object, Bucket=own.bucket, Key="code.zip", Body=b"evil")
        assert reason in refusal(boto3.client("s3", **keys).list_objects_v2, Bucket=own.bucket)
        assert reason in refusal(boto3.client("sts", **keys).get_caller_identity)
        assert reason in refusal(boto3.client("iam", **keys).list_roles)
    assert client.list_training_jobs()["TrainingJobSummaries"] == []
    assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_what_is_not_signed_or_not_what_was_signed_is_refused(own: Emulator) -> None:
    import httpx

    def send(change: Callable[[Any], None], service: str = "sagemaker", body: bytes = b"{}") -> httpx.Response:
        credentials = Credentials(
            own.running.variables["AWS_ACCESS_KEY_ID"], own.running.variables["AWS_SECRET_ACCESS_KEY"]
        )
        url = (
            own.sagemaker_url if service == "sagemaker" else f"{own.moto_url}/{own.bucket}/a%20key?list-type=2&x=a%2Fb"
        )
        headers = {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}
        request = AWSRequest("POST" if service == "sagemaker" else "PUT", url, headers, body)
        (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, "eu-central-1").add_auth(request)
        change(request)
        return httpx.request(
            request.method, request.url, headers=dict(request.headers.items()), content=request.data, trust_env=False
        )

    def replace(name: str, value: str) -> Callable[[Any], None]:
        def change(request: Any) -> None:
            del request.headers[name]
            if value:
                request.headers[name] = value

        return change

    for service in ("sagemaker", "s3"):
        assert send(lambda _: None, service).status_code == 200
        assert send(lambda request: setattr(request, "data", b'{"NameContains": "x"}'), service).status_code in {
            400,
            403,
        }
        assert send(replace("Authorization", ""), service).status_code == 403
        assert send(replace("X-Amz-Date", ""), service).status_code == 403
        assert send(replace("X-Amz-Date", "20200101T000000Z"), service).status_code == 403
    assert send(replace("X-Amz-Target", "SageMaker.CreateTrainingJob")).status_code == 403
    assert send(replace("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"), "s3").status_code == 400
    assert (
        send(lambda request: setattr(request, "url", request.url.replace("a%20key", "code.zip")), "s3").status_code
        == 403
    )
    assert httpx.get(f"{own.moto_url}/moto-api/data.json", trust_env=False).status_code == 403


def test_a_request_signed_long_ago_is_refused(own: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    monkeypatch.setattr("sagemaker_emulator.signatures._CLOCK_SKEW", timedelta(seconds=-1))
    assert "expired" in refusal(boto3.client("sagemaker").list_models)


@pytest.mark.parametrize(("stop", "last"), [(True, "Stopped"), (False, "MaxRuntimeExceeded")])
def test_a_job_is_stopped_by_request_and_by_its_limit(own: Emulator, client: Any, stop: bool, last: str) -> None:
    algorithm = {"TrainingImage": "ecr/slow-training", "TrainingInputMode": "File"}
    limit = {"MaxRuntimeInSeconds": 600 if stop else 1}
    client.create_training_job(**job_request(own, AlgorithmSpecification=algorithm, StoppingCondition=limit))
    while client.describe_training_job(TrainingJobName="job")["SecondaryStatus"] != "Training":
        time.sleep(0.02)
    if stop:
        client.stop_training_job(TrainingJobName="job")
    described = wait_for("job", client)
    assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("Stopped", last)
    assert "in status" in refusal(client.stop_training_job, TrainingJobName="job")


def test_refuses_models_configs_and_endpoints_without_what_they_rest_on(own: Emulator, client: Any) -> None:
    container = {"Image": "ecr/quick-serving", "ModelDataUrl": f"s3://{own.bucket}/none/model.tar.gz"}
    model = {"ModelName": "m", "ExecutionRoleArn": own.role, "PrimaryContainer": container}
    assert "Could not find model data" in refusal(client.create_model, **model)
    boto3.client("s3").put_object(Bucket=own.bucket, Key="none/model.tar.gz", Body=b"x")
    client.create_model(**model)
    assert "already existing model" in refusal(client.create_model, **model)
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}
    variant = {"VariantName": "AllTraffic", "ModelName": "absent", "ServerlessConfig": serverless}
    config = {"EndpointConfigName": "c", "ProductionVariants": [variant]}
    assert "Could not find model" in refusal(client.create_endpoint_config, **config)
    variant["ModelName"] = "m"
    both = [{**variant, "InstanceType": "ml.m5.large"}]
    assert "either" in refusal(client.create_endpoint_config, EndpointConfigName="c", ProductionVariants=both)
    endpoint = {"EndpointName": "e", "EndpointConfigName": "c"}
    assert "Could not find endpoint configuration" in refusal(client.create_endpoint, **endpoint)
    client.create_endpoint_config(**config)
    client.create_endpoint(**endpoint)
    assert "already existing endpoint" in refusal(client.create_endpoint, **endpoint)
    runtime = boto3.client("sagemaker-runtime")
    assert "ValidationError" in refusal(runtime.invoke_endpoint, EndpointName="e", Body=b"{}")
    while client.describe_endpoint(EndpointName="e")["EndpointStatus"] == "Creating":
        time.sleep(0.02)
    failed = client.describe_endpoint(EndpointName="e")
    assert failed["EndpointStatus"] == "Failed"
    assert "Failed to extract model data archive" in failed["FailureReason"]  # "x" is no archive
    client.delete_endpoint(EndpointName="e")
    for call, name in ((client.delete_model, "ModelName"), (client.describe_endpoint_config, "EndpointConfigName")):
        assert "Could not find" in refusal(call, **{name: "absent"})


def test_the_sdk_sends_a_serverless_variant_with_a_wrong_field_name(emulator: Emulator, cloud: Cloud) -> None:
    """Why the flow makes endpoint configs with boto3; this fails when the SDK is mended."""
    sdk = import_sdk()
    serverless = {"memory_size_in_mb": 2048, "max_concurrency": 1}
    variant = {"variant_name": "AllTraffic", "model_name": "m", "serverless_config": serverless}
    with pytest.raises(Exception, match="MemorySizeInMb"):
        sdk.EndpointConfig.create(endpoint_config_name="c", production_variants=[variant], **cloud.where)


def test_unmodified_sdk_reads_what_the_emulator_answers(emulator: Emulator, cloud: Cloud) -> None:
    assert list(import_sdk().TrainingJob.get_all(name_contains="absent", **cloud.where)) == []


def test_a_fault_is_answered_as_often_as_it_is_set(own: Emulator, client: Any) -> None:
    own.faults.active.append(ApiFault("ListModels", "ResourceLimitExceeded", "enough", times=2))
    for _ in range(2):
        assert "enough" in refusal(client.list_models)
    assert client.list_models()["Models"] == []


def test_an_emulator_of_its_own_ends_with_its_client(tmp_path: Path) -> None:
    code = """
import json, time
from sagemaker_emulator import emulator_process
with emulator_process({}) as running:
    print(json.dumps(running.variables), flush=True)
    time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        variables = json.loads(client.stdout.readline())
        os.kill(client.pid, signal.SIGKILL)
    url = variables["AWS_ENDPOINT_URL_SAGEMAKER"]
    while answers(url):  # the emulator notices the closed pipe
        time.sleep(0.05)


def test_the_emulators_own_environment_leads_nowhere() -> None:
    shell = {
        "AWS_PROFILE": "work", "AWS_REGION": "us-east-1", "AWS_CA_BUNDLE": "/ca.pem", "AWS_ENDPOINT_URL_S3": "http://x",
        "AWS_SESSION_TOKEN": "t", "AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_USE_FIPS_ENDPOINT": "true",
        "HTTP_PROXY": "http://proxy", "https_proxy": "http://proxy", "No_Proxy": "x", "REQUESTS_CA_BUNDLE": "/ca.pem",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": "/c", "BOTO_CONFIG": "/b", "MOTO_ACCOUNT_ID": "417203986512",
        "PATH": "/bin", "HOME": "/home/me",
    }  # fmt: skip
    before = dict(shell)
    found = without_accounts(shell)
    assert found.pop("AWS_CONFIG_FILE") == found.pop("AWS_SHARED_CREDENTIALS_FILE") == os.devnull
    assert found == {"PATH": "/bin", "HOME": "/home/me"}
    assert shell == before


def answers(url: str) -> bool:
    import httpx

    try:
        httpx.post(url, timeout=2, trust_env=False)
    except httpx.HTTPError:
        return False
    return True


@given(st.text(max_size=200), st.text(max_size=200))
def test_names_fit_whatever_is_deployed(study: str, variant: str) -> None:
    name = deployment_name(study, variant)
    assert len(f"{name}-t9") <= LONGEST
    assert all(part and part.isascii() and part.isalnum() for part in name.split("-"))
    assert name.startswith("convscope-")
    assert belongs_to(f"{name}-e1", name)
    assert not belongs_to(f"{name}0", name)
