"""What can go wrong, made to go wrong: the right message, and nothing left."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import tarfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from cutting_proxy import cutting_proxy
from emulation import QUICK, everything, images, start_client, tiny_plan

from convscope.deployment import aws
from convscope.deployment.aws import Cloud, connect_emulator
from convscope.deployment.flow import deploy
from convscope.deployment.inference import SHOWN_IMAGES, Exchange
from convscope.deployment.journal import Signals
from convscope.deployment.plan import Options, Plan
from convscope.deployment.sweep import sweep
from convscope.errors import ConvscopeError, DeploymentError, Interrupted
from sagemaker_emulator import ApiFault, ArtefactFault, CapacityFault
from sagemaker_emulator.server import Emulator


def fails(cloud: Cloud, tmp_path: Path, options: Options = QUICK) -> str:
    """Deploy, and return why it failed; the fixture `cloud` checks that nothing is left."""
    with pytest.raises(ConvscopeError) as caught:
        deploy(cloud, tiny_plan(options), tmp_path, lambda _line: None)
    assert list(tmp_path.iterdir()) == []
    return str(caught.value)


# ---------------------------------------------------------------- training


def test_a_training_script_that_crashes(cloud: Cloud, tmp_path: Path) -> None:
    """The real entry point, in a job whose data set was not uploaded."""
    plan: Plan = tiny_plan(replace(QUICK, training_image=""))
    spec = replace(plan.run.spec, data=replace(plan.run.spec.data, dataset="fashion-mnist"))
    with pytest.raises(DeploymentError, match=r"did not complete: AlgorithmError: .*channel 'training' is missing"):
        deploy(cloud, replace(plan, run=replace(plan.run, spec=spec)), tmp_path, lambda _line: None)


def test_an_image_that_is_not_there(cloud: Cloud, tmp_path: Path) -> None:
    assert "Cannot pull the image ecr/absent" in fails(cloud, tmp_path, replace(QUICK, training_image="ecr/absent"))
    assert "Cannot pull the image ecr/absent" in fails(cloud, tmp_path, replace(QUICK, serving_image="ecr/absent"))


def test_an_unknown_type_of_machine(cloud: Cloud, tmp_path: Path) -> None:
    assert "enum value set" in fails(cloud, tmp_path, replace(QUICK, training_instances=("ml.m5.huge",)))
    assert "enum value set" in fails(cloud, tmp_path, replace(QUICK, endpoint_instances=("ml.m5.huge",)))


def test_no_machine_of_any_type(emulator: Emulator, cloud: Cloud, tmp_path: Path) -> None:
    emulator.faults.active.append(CapacityFault(("ml.m5.large", "ml.m5.xlarge")))
    options = replace(QUICK, training_instances=("ml.m5.large", "ml.m5.xlarge"))
    assert "CapacityError" in fails(cloud, tmp_path, options)


# ---------------------------------------------------------------- artefact


def cut_off(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-1000])


def flip_a_byte(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 0xFF
    archive.write_bytes(content)


def escape(archive: Path) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("../escaped")
        member.size = 3
        tar.addfile(member, io.BytesIO(b"bad"))


def link_out(archive: Path) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("model.json")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)


def empty(archive: Path) -> None:
    with tarfile.open(archive, "w:gz"):
        pass


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (cut_off, "cut off or damaged"),
        (flip_a_byte, "damaged"),
        (escape, "refused"),
        (link_out, "refused"),
        (empty, "model.json cannot be read"),
    ],
)
def test_a_bad_artefact_is_found_before_a_model_is_made_of_it(
    emulator: Emulator, cloud: Cloud, tmp_path: Path, change: Callable[[Path], None], reason: str
) -> None:
    emulator.faults.active.append(ArtefactFault(change))
    assert reason in fails(cloud, tmp_path)
    assert emulator.records.all("Model") == []
    assert not (tmp_path.parent / "escaped").exists()


# ---------------------------------------------------------------- endpoint


def test_broken_inference_code(cloud: Cloud, tmp_path: Path) -> None:
    assert "did not pass the ping health check" in fails(
        cloud, tmp_path, replace(QUICK, serving_image="ecr/broken-serving")
    )


def test_an_answer_that_cannot_be(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    impossible = {"predicted_class": 0, "label": "bar", "confidence": 1.5}
    monkeypatch.setattr(Exchange, "predictions", [impossible] * SHOWN_IMAGES)
    assert "does not fit its schema at /confidence: Input should be less than or equal to 1" in fails(cloud, tmp_path)


def test_an_endpoint_that_never_comes_up(quick_artefact: Path, tmp_path: Path) -> None:
    with Emulator(images=images(quick_artefact), health_check_seconds=1) as own:
        cloud = connect_emulator(own.running)
        reason = fails(cloud, tmp_path, replace(QUICK, serving_image="ecr/hanging-serving"))
        assert everything(own, cloud) == []
    assert "did not pass the ping health check" in reason


def test_an_endpoint_that_takes_longer_than_we_wait(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convscope.deployment.provision._ENDPOINT_SECONDS", 1)
    assert "took longer than 1 s" in fails(cloud, tmp_path, replace(QUICK, serving_image="ecr/hanging-serving"))


# ---------------------------------------------------------------- the API


def test_throttling_is_absorbed(emulator: Emulator, cloud: Cloud, tmp_path: Path) -> None:
    for operation in ("DescribeTrainingJob", "DescribeEndpoint", "DeleteEndpoint"):
        emulator.faults.active.append(ApiFault(operation, "ThrottlingException", "Rate exceeded", times=2))
    assert deploy(cloud, tiny_plan(), tmp_path, lambda _line: None).leftovers == []
    assert all(fault.times == 0 for fault in emulator.faults.active if isinstance(fault, ApiFault))


@pytest.mark.parametrize(
    ("operation", "thing"),
    [
        ("CreateTrainingJob", "TrainingJob"),
        ("CreateModel", "Model"),
        ("CreateEndpointConfig", "EndpointConfig"),
        ("CreateEndpoint", "Endpoint"),
    ],
)
def test_a_limit_is_named_with_what_to_do(
    emulator: Emulator, cloud: Cloud, tmp_path: Path, operation: str, thing: str
) -> None:
    message = "The account-level service limit 'ml.m5.large for endpoint usage' is 0 Instances"
    emulator.faults.active.append(ApiFault(operation, "ResourceLimitExceeded", message))
    reason = fails(cloud, tmp_path)
    assert f"{thing} convscope-tiny-cnn" in reason
    assert message in reason
    assert "Service Quotas" in reason


def test_an_endpoint_that_cannot_be_deleted_yet(emulator: Emulator, cloud: Cloud, tmp_path: Path) -> None:
    busy = ApiFault("DeleteEndpoint", "ValidationException", "Cannot update in-progress endpoint", times=2)
    emulator.faults.active.append(busy)
    assert deploy(cloud, tiny_plan(), tmp_path, lambda _line: None).leftovers == []
    assert busy.times == 0


def test_what_cannot_be_deleted_is_named_and_swept_later(emulator: Emulator, cloud: Cloud, tmp_path: Path) -> None:
    emulator.faults.active.append(ApiFault("DeleteModel", "AccessDeniedException", "not yours", times=2))
    deployed = deploy(cloud, tiny_plan(), tmp_path, lambda _line: None)
    assert [thing.kind for thing in deployed.leftovers] == ["Model"]
    emulator.faults.active.clear()
    assert sweep(cloud, [tmp_path], lambda _line: None) == []
    assert list(tmp_path.iterdir()) == []


def test_a_failure_with_leftovers_says_both(emulator: Emulator, cloud: Cloud, tmp_path: Path) -> None:
    emulator.faults.active += [
        ApiFault("CreateEndpoint", "ResourceLimitExceeded", "limit"),
        ApiFault("DeleteModel", "AccessDeniedException", "not yours"),
    ]
    with pytest.raises(DeploymentError, match=r"(?s)limit.*Still there: Model convscope-.*deploy sweep"):
        deploy(cloud, tiny_plan(), tmp_path, lambda _line: None)
    assert sweep(cloud, [tmp_path], lambda _line: None) == []


# ---------------------------------------------------------------- the network


@pytest.mark.parametrize(("cuts", "succeeds"), [(1, True), (100, False)])
def test_an_upload_that_is_cut_off(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cuts: int, succeeds: bool
) -> None:
    monkeypatch.setitem(aws._RETRIES, "total_max_attempts", 2)
    direct = connect_emulator(emulator.running)
    with cutting_proxy(emulator.moto_url, cuts) as proxy:
        through = {**emulator.running.variables, "AWS_ENDPOINT_URL": proxy.url}
        cloud = connect_emulator(replace(emulator.running, variables=through))
        if succeeds:
            assert deploy(cloud, tiny_plan(), tmp_path, lambda _line: None).leftovers == []
        else:
            assert "code.zip cannot be created: Connection was closed" in fails(cloud, tmp_path)
        assert proxy.done >= 1
    assert everything(emulator, direct) == []


def test_an_account_that_cannot_be_reached_while_tearing_down(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first failure stays visible, and the journal stays for the sweep."""
    monkeypatch.setitem(aws._RETRIES, "total_max_attempts", 1)
    denied = [ApiFault(f"List{kind}s", "AccessDeniedException", "no", times=9) for kind in ("Endpoint", "Model")]
    emulator.faults.active += [ApiFault("CreateModel", "ResourceLimitExceeded", "limit reached"), *denied]
    cloud = connect_emulator(emulator.running)
    with pytest.raises(DeploymentError, match=r"(?s)limit reached.*Still there: .*Model convscope.*deploy sweep"):
        deploy(cloud, tiny_plan(), tmp_path, lambda _line: None)
    assert [path.suffix for path in tmp_path.glob("*.jsonl")] == [".jsonl"]
    emulator.faults.active.clear()
    assert sweep(cloud, [tmp_path], lambda _line: None) == []
    assert everything(emulator, cloud) == []


# ---------------------------------------------------------------- the client dies


KILL_POINTS = (
    "PutObject",
    "CreateTrainingJob",
    "GetObject",
    "CreateModel",
    "CreateEndpointConfig",
    "CreateEndpoint",
    "InvokeEndpoint",
    "DeleteEndpoint",
    "DeleteEndpointConfig",
    "DeleteModel",
    "DeleteObject",
)


@pytest.mark.slow
@pytest.mark.parametrize("operation", KILL_POINTS)
def test_a_client_killed_between_a_request_and_its_answer(
    emulator: Emulator, cloud: Cloud, tmp_path: Path, operation: str
) -> None:
    journals = tmp_path / "journals"
    client = start_client(emulator.running, tiny_plan(), journals, tmp_path / "lines", operation)
    client.join()
    assert client.exitcode == -signal.SIGKILL, (tmp_path / "lines").read_text()
    assert len(list(journals.glob("*.jsonl"))) == 1
    assert sweep(cloud, [journals], lambda _line: None) == []
    assert everything(emulator, cloud) == []
    assert list(journals.iterdir()) == []


@pytest.mark.slow
def test_a_job_that_saves_its_model_when_it_is_stopped(emulator: Emulator, cloud: Cloud, tmp_path: Path) -> None:
    """What comes into being while things are removed is removed too, and the journal with it."""
    plan = tiny_plan(replace(QUICK, training_image="ecr/saving-training:1"))
    client = start_client(emulator.running, plan, tmp_path / "journals", tmp_path / "lines")

    def saved() -> bool:
        jobs = [job.container for job in emulator.records.all("TrainingJob") if job.container]
        return any((job.log.parent / "model/saved").exists() for job in jobs)

    while not saved():
        assert client.is_alive(), (tmp_path / "lines").read_text()
        time.sleep(0.02)
    client.kill()
    client.join()
    assert sweep(cloud, [tmp_path / "journals"], lambda _line: None) == []
    assert everything(emulator, cloud) == []
    assert list((tmp_path / "journals").glob("*.jsonl")) == []


@pytest.mark.slow
def test_sweep_without_the_journal(emulator: Emulator, cloud: Cloud, tmp_path: Path) -> None:
    client = start_client(emulator.running, tiny_plan(), tmp_path / "lost", tmp_path / "lines", "InvokeEndpoint")
    client.join()
    assert len(everything(emulator, cloud)) == 5  # endpoint, config, model, code, artefact
    assert sweep(cloud, [], lambda _line: None) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("phase", ["training job: Training", "endpoint: Creating"])
def test_a_signal_while_waiting_tears_down(
    emulator: Emulator, cloud: Cloud, tmp_path: Path, number: signal.Signals, phase: str
) -> None:
    options = replace(QUICK, training_image="ecr/slow-training", serving_image="ecr/hanging-serving")
    if "endpoint" in phase:
        options = replace(options, training_image=QUICK.training_image)
    lines = tmp_path / "lines"
    client = start_client(emulator.running, tiny_plan(options), tmp_path / "journals", lines)
    while phase not in (lines.read_text() if lines.exists() else ""):
        assert client.is_alive()
        time.sleep(0.02)
    # while it lives, a sweep leaves it alone
    told: list[str] = []
    sweep(cloud, [tmp_path / "journals"], told.append)
    assert any("is running and is left alone" in line for line in told)
    assert everything(emulator, cloud) != []
    assert client.pid is not None
    os.kill(client.pid, number)
    os.kill(client.pid, signal.SIGTERM)  # an impatient second one must not stop the tear-down
    client.join()
    assert client.exitcode == 1
    # which of the two a process gets first is the system's choice
    assert re.search(f"Interrupted: Stopped by ({number.name}|SIGTERM)", lines.read_text())
    assert "tear-down: nothing is left" in lines.read_text()


def test_a_signal_that_a_library_swallows_is_raised_again() -> None:
    with Signals() as signals:
        with contextlib.suppress(BaseException):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)
        with pytest.raises(Interrupted, match="SIGTERM"):
            signals.check()
        os.kill(os.getpid(), signal.SIGTERM)  # a second one raises nothing
        signals.hold()
        signals.check()
    assert signal.getsignal(signal.SIGTERM) is not signals._handle


def test_an_unknown_fault_of_the_service_is_no_traceback(emulator: Emulator, cloud: Cloud, tmp_path: Path) -> None:
    emulator.faults.active.append(ApiFault("DescribeEndpoint", "AccessDeniedException", "not yours", times=1))
    assert "not yours" in fails(cloud, tmp_path)


def test_the_emulators_errors_reach_plain_clients(emulator: Emulator, cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="Could not find endpoint"):
        cloud.sagemaker.describe_endpoint(EndpointName="absent")
