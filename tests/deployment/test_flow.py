"""The whole flow against the emulated account: the real training, the real server, and nothing left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import boto3
import numpy as np
import pytest
import tiny_run
from emulation import QUICK, REAL, everything, tiny_plan
from PIL import Image

from convscope.checkout import MARKS
from convscope.datasets.folder import image_folder
from convscope.datasets.load import load
from convscope.deployment.artefact import package_code
from convscope.deployment.aws import Cloud, connect_aws, connect_emulator
from convscope.deployment.flow import deploy
from convscope.deployment.plan import Options, Plan
from convscope.deployment.stage import plan_of
from convscope.deployment.sweep import sweep
from convscope.engines import ENGINE_REVISION
from convscope.engines.numeric_mode import numeric_mode
from convscope.errors import DeploymentError
from convscope.files import sha256_of
from convscope.runs.plan import PlannedRun
from convscope.runs.store import RunStore
from convscope.runs.worker import trained
from convscope.specs import DataSpec, Dense, Table, canonical_json, run_key
from sagemaker_emulator.server import Emulator


@pytest.mark.slow
@pytest.mark.parametrize("instances", [(), ("ml.m5.large",)])
def test_trains_serves_and_leaves_nothing(cloud: Cloud, tmp_path: Path, instances: tuple[str, ...]) -> None:
    lines: list[str] = []
    plan = tiny_plan(replace(REAL, endpoint_instances=instances))
    deployed = deploy(cloud, plan, tmp_path, lines.append)
    assert deployed.leftovers == []
    assert list(tmp_path.iterdir()) == []  # the journal is forgotten
    assert deployed.artefact.run_key == plan.local.key
    assert deployed.artefact.test_accuracy == plan.local.test_accuracy
    # one batch of the evaluation, 500 images: the same bits as on this machine
    assert deployed.comparison.as_json() == {
        "images": 500,
        "against": "the predictions of the local run",
        "weights_identical": True,
        "same_class": 500,
        "largest_confidence_difference": 0.0,
        "identical": True,
    }
    for image in deployed.inference.images:
        assert image.predicted_class == image.local_class
        assert image.confidence == pytest.approx(image.local_confidence, abs=1e-3)
    assert [step.name for step in deployed.steps][-1] == "tear-down"
    assert len(deployed.latency.milliseconds) == 5
    assert ("InstanceType" in deployed.endpoint.variant) == bool(instances)
    assert any("Training" in line for line in lines)


@pytest.mark.slow
def test_images_of_ones_own_are_trained_and_served(cloud: Cloud, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for label, name in enumerate(("bar", "Kreuz ×")):
        (tmp_path / "shapes" / name).mkdir(parents=True)
        for number in range(60):
            pixels = rng.integers(40, size=(16, 16), dtype=np.uint8)
            pixels[:, 6:9] = 255
            pixels[6:9] = 255 if label else pixels[6:9]
            Image.fromarray(pixels).save(tmp_path / "shapes" / name / f"{number}.png")
    spec = tiny_run.spec(epochs=2)
    layers = (*spec.model.layers[:-1], Dense(2, "none"))
    folder = image_folder(tmp_path / "shapes")
    spec = replace(spec, data=DataSpec(folder, validation_images=16), model=replace(spec.model, layers=layers))
    mode = numeric_mode("torch", "cpu")
    key = run_key(spec, folder.fingerprint, mode, ENGINE_REVISION)
    run = PlannedRun(key, spec, mode, "shapes", "cnn", "shapes")
    dataset = load(folder, tmp_path, download=False)
    plan = Plan(run, trained(run, dataset, lambda *_: None), dataset, (), REAL)
    deployed = deploy(cloud, plan, tmp_path, lambda _line: None)
    assert deployed.artefact.run_key == key
    assert deployed.comparison.identical
    assert deployed.comparison.weights_identical
    assert deployed.comparison.images == 24
    assert {image.label for image in deployed.inference.images} <= {"bar", "Kreuz ×"}
    assert deployed.leftovers == []


@pytest.mark.slow
def test_a_model_of_other_weights_is_compared_with_itself(cloud: Cloud, tmp_path: Path) -> None:
    """On AWS another processor may give other last bits; then the artefact's own model is the measure."""
    plan = tiny_plan(REAL)
    changed = {name: array * 0.5 for name, array in plan.local.weights.items()}
    deployed = deploy(cloud, replace(plan, local=replace(plan.local, weights=changed)), tmp_path, lambda _line: None)
    assert deployed.comparison.against == "the artefact's model, evaluated here"
    assert not deployed.comparison.weights_identical
    assert deployed.comparison.identical


def test_a_long_run_and_the_data_go_through_channels(
    emulator: Emulator, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convscope.deployment.flow.LONGEST_HYPERPARAMETER", 100)
    data = tmp_path / "data" / "train-images"
    data.parent.mkdir()
    data.write_bytes(b"images")
    deployed = deploy(cloud, replace(tiny_plan(), files=(data,)), tmp_path, lambda _line: None)
    (job,) = [
        job.description
        for job in emulator.records.all("TrainingJob")
        if job.description["TrainingJobArn"] == deployed.training.arn
    ]
    assert [channel["ChannelName"] for channel in job["InputDataConfig"]] == ["code", "config", "training"]
    assert "run" not in job["HyperParameters"]


def test_two_deployments_at_once_do_not_touch_each_other(cloud: Cloud, tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        tasks = [pool.submit(deploy, cloud, tiny_plan(), tmp_path, lambda _line: None) for _ in range(2)]
        first, second = (task.result() for task in tasks)
    assert first.name != second.name
    assert first.leftovers == second.leftovers == []
    # each had its own endpoint to the end
    assert first.endpoint.transitions[-1].status == "InService"
    assert second.endpoint.transitions[-1].status == "InService"


def test_the_second_type_of_machine_is_taken_where_the_first_is_not_to_be_had(
    emulator: Emulator, cloud: Cloud, tmp_path: Path
) -> None:
    from sagemaker_emulator import CapacityFault

    emulator.faults.active.append(CapacityFault(("ml.m5.large",)))
    machines = ("ml.m5.large", "ml.m5.xlarge")
    options = replace(QUICK, training_instances=machines, endpoint_instances=machines)
    deployed = deploy(cloud, tiny_plan(options), tmp_path, lambda _line: None)
    assert deployed.training.instance_type == "ml.m5.xlarge"
    assert deployed.endpoint.variant["InstanceType"] == "ml.m5.xlarge"
    statuses = [transition.status for transition in deployed.endpoint.transitions]
    assert statuses == ["Creating", "Failed", "Creating", "InService"]
    assert deployed.leftovers == []


# ---------------------------------------------------------------- before anything is created


FOR_AWS = {
    "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
    "CONVSCOPE_BUCKET": "mine", "CONVSCOPE_ROLE": "arn:aws:iam::417203986512:role/mine",
}  # fmt: skip


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ("AWS_ACCESS_KEY_ID", "credentials"),
        ("AWS_REGION", "region"),
        ("CONVSCOPE_BUCKET", "bucket"),
        ("CONVSCOPE_ROLE", "role"),
    ],
)
def test_says_in_one_line_what_is_missing(
    no_aws: None, monkeypatch: pytest.MonkeyPatch, missing: str, named: str
) -> None:
    for name, value in FOR_AWS.items():
        if name != missing and not (missing == "AWS_ACCESS_KEY_ID" and name == "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, value)
    with pytest.raises(DeploymentError, match=f"Missing for a deployment: {named}") as caught:
        connect_aws()
    assert "\n" not in caught.value.message
    assert "Nothing was created" in caught.value.message


def test_all_that_is_missing_is_named_at_once(no_aws: None) -> None:
    with pytest.raises(DeploymentError, match=r"credentials .*region .*bucket .*role"):
        connect_aws()


def test_aws_is_not_an_emulator(emulator: Emulator, no_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.moto_url)
    with pytest.raises(DeploymentError, match="target is aws, but AWS_ENDPOINT_URL is http://127"):
        connect_aws("eu-central-1", "bucket", "role")


def test_nothing_leads_away_from_the_emulator(
    emulator: Emulator, no_aws: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Environment, files of AWS and proxies would each lead the clients elsewhere, or keep them from loopback."""
    (tmp_path / "config").write_text("[profile nobody]\nendpoint_url = http://127.0.0.1:9\nregion = us-east-1\n")
    files = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_USE_FIPS_ENDPOINT": "true", "AWS_SESSION_TOKEN": "t"}
    of_services = {f"AWS_ENDPOINT_URL_{name}": "http://127.0.0.1:9" for name in ("S3", "STS", "IAM", "SAGEMAKER")}
    for name, value in {**FOR_AWS, **SHELL_FOR_AWS, **files, **of_services}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MOTO_ACCOUNT_ID")  # this emulator runs in the test's own process
    before = dict(os.environ)
    cloud = connect_emulator(emulator.running)
    assert (cloud.region, cloud.bucket, cloud.role) == ("eu-central-1", emulator.bucket, emulator.role)
    assert cloud.sagemaker.list_endpoints()["Endpoints"] == []
    found = cloud.resources.TrainingJob.get_all(**cloud.where)  # by the clients that the SDK makes
    assert [job.training_job_name for job in found if job.training_job_status == "InProgress"] == []
    here = {emulator.moto_url, emulator.sagemaker_url}
    assert set().union(*cloud.witness.origins.values()) == here
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"bucket": "no-such-bucket-here"}, "bucket no-such-bucket-here cannot be used"),
        ({"role": "arn:aws:iam::123456789012:role/nobody"}, "role .*nobody cannot be used"),
    ],
)
def test_looks_at_bucket_and_role(emulator: Emulator, changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(DeploymentError, match=reason):
        connect_emulator(replace(emulator.running, **changed))


def test_a_bucket_of_another_region_is_refused(emulator: Emulator) -> None:
    s3 = boto3.client("s3", region_name="eu-west-1")
    s3.create_bucket(Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with pytest.raises(DeploymentError, match="far-away is in eu-west-1, not in eu-central-1"):
        connect_emulator(replace(emulator.running, bucket="far-away"))


def test_a_table_is_refused(tmp_path: Path) -> None:
    plan: Plan = tiny_plan()
    data = replace(plan.run.spec.data, dataset=Table("breast_cancer"))
    run: PlannedRun = replace(plan.run, spec=replace(plan.run.spec, data=data))
    with pytest.raises(DeploymentError, match="one for each fold of the table breast_cancer"):
        plan_of(RunStore(tmp_path), run, tmp_path, Options())


# ---------------------------------------------------------------- code, sweep


def test_the_packed_code_is_the_same_each_time_and_all_that_a_job_imports(tmp_path: Path) -> None:
    """Nothing comes from the image's own package, and nothing of studies, analysis, report or server goes along."""
    for name in ("one.zip", "two.zip"):
        package_code(tmp_path / name)
    assert sha256_of(tmp_path / "one.zip") == sha256_of(tmp_path / "two.zip")
    packed = {name.split("/")[1] for name in ZipFile(tmp_path / "one.zip").namelist() if name.count("/") > 1}
    assert packed == {"datasets", "deployment", "engines", "models", "runs", "specs"}
    code = (
        "import sys\nfrom convscope.deployment.train_entry import main\n"
        "assert main(sys.argv[1:]) == 0\n"
        "print(*{m.__file__ for n, m in sys.modules.items() if n.partition('.')[0] == 'convscope'}, sep='\\n')"
    )
    variables = {
        "PYTHONPATH": str(tmp_path / "one.zip"),
        "CONVSCOPE_OPT_ML": str(tmp_path / "ml"),
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", code, "--run", canonical_json(tiny_run.spec())],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    _, files = done.stdout.split("artefact written", 1)
    imported = files.splitlines()[1:]
    assert len(imported) > 40
    assert [file for file in imported if not file.startswith(str(tmp_path / "one.zip"))] == []


def test_sweep_takes_what_has_name_and_tag_and_nothing_else(cloud: Cloud, tmp_path: Path) -> None:
    cloud.s3.put_object(Bucket=cloud.bucket, Key="weights", Body=b"x")
    container = {"Image": "ecr/quick-serving", "ModelDataUrl": f"s3://{cloud.bucket}/weights"}
    for name, tags in (
        ("convscope-mine", [{"Key": "project", "Value": "convscope"}]),
        ("convscope-of-somebody-else", []),
        ("other", [{"Key": "project", "Value": "convscope"}]),
    ):
        cloud.sagemaker.create_model(ModelName=name, ExecutionRoleArn=cloud.role, PrimaryContainer=container, Tags=tags)
    cloud.s3.put_object(Bucket=cloud.bucket, Key="convscope/convscope-gone/code.zip", Body=b"x")
    cloud.s3.create_multipart_upload(Bucket=cloud.bucket, Key="convscope/convscope-gone/data")
    assert sweep(cloud, [tmp_path], lambda _line: None) == []
    names = [model["ModelName"] for model in cloud.sagemaker.list_models()["Models"]]
    assert sorted(names) == ["convscope-of-somebody-else", "other"]
    for name in names:
        cloud.sagemaker.delete_model(ModelName=name)
    cloud.s3.delete_object(Bucket=cloud.bucket, Key="weights")


# What the deployment guide asks for, what a company's network asks for, and an emulator of somebody else.
SHELL_FOR_AWS = {
    "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_PROFILE": "nobody",
    "AWS_CA_BUNDLE": "/absent.pem", "CONVSCOPE_BUCKET": "my-own-bucket",
    "CONVSCOPE_ROLE": "arn:aws:iam::417203986512:role/mine",
    "AWS_ENDPOINT_URL": "http://localhost:4566", "HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9", "REQUESTS_CA_BUNDLE": "/absent.pem", "MOTO_ACCOUNT_ID": "417203986512",
}  # fmt: skip


def test_nothing_of_aws_is_asked_of_the_emulator(tmp_path: Path) -> None:
    for mark in MARKS:
        (tmp_path / mark).parent.mkdir()
        (tmp_path / mark).touch()
    done = subprocess.run(
        [sys.executable, "-m", "convscope", "deploy", "sweep", "--bucket", "mine"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "bucket and a role of its own; mine is not used" in done.stderr


@pytest.mark.slow
def test_the_commands_run_and_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run is deployed on an emulator of its own, and nothing is left; the sweep knows its checkout."""
    for mark in MARKS:
        (tmp_path / mark).parent.mkdir()
        (tmp_path / mark).touch()
    from convscope.deployment.stage import deploy_run

    for name, value in SHELL_FOR_AWS.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    local = tiny_run.result()
    store = RunStore(tmp_path / "build" / "runs")
    store.write(local)
    run = PlannedRun(local.key, local.spec, local.mode, "tiny", "cnn", "tiny")
    output = tmp_path / "build" / "smoke" / "deployment"
    path = deploy_run(store, run, tmp_path / "data", output, options=Options(latency_calls=3))
    assert dict(os.environ) == before
    evidence = json.loads(path.read_text())
    assert evidence["label"] == "EMULATED"
    assert evidence["comparison"]["identical"]
    for machine_path in (str(tmp_path), str(Path.home()), sys.prefix):
        assert machine_path not in path.read_text()
    command = "from convscope.deployment.commands import deploy_app; deploy_app()"
    done = subprocess.run(
        [sys.executable, "-c", command, "sweep"], cwd=tmp_path / "site", capture_output=True, text=True, check=True
    )
    assert done.stdout == "Nothing is left.\n"


def test_everything_sees_what_is_there(emulator: Emulator, cloud: Cloud) -> None:
    """The check that the other tests rest on."""
    cloud.s3.put_object(Bucket=cloud.bucket, Key="weights", Body=b"x")
    assert everything(emulator, cloud) == ["weights"]
    cloud.s3.delete_object(Bucket=cloud.bucket, Key="weights")
