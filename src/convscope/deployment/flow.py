"""A deployment from the first upload to the last deletion, with what it proves.

Whatever happens on the way, what was created is removed again: the journal says what, signals are exceptions, and
the tear-down waits for nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from convscope.datasets.folder import ARCHIVE, pack_folder
from convscope.deployment import inference
from convscope.deployment.artefact import Artefact, package_code, read_artefact, unpack_archive
from convscope.deployment.aws import Cloud, error_code, poll
from convscope.deployment.journal import Journal, Signals, Steps
from convscope.deployment.plan import Plan, deployment_name
from convscope.deployment.provision import Provision, given
from convscope.deployment.records import (
    Deployment,
    Endpoint,
    Leftover,
    ModelArchive,
    Training,
    Transition,
    UploadedCode,
    misfit,
)
from convscope.deployment.sweep import SWEEP, still_there, tear_down
from convscope.deployment.witness import utc
from convscope.errors import DeploymentError
from convscope.files import sha256_of, write_text
from convscope.specs import ImageFolder, canonical_json

LONGEST_HYPERPARAMETER = 2500
_COLD_START_SECONDS = 300


def deploy(cloud: Cloud, plan: Plan, journals: Path, report: Callable[[str], None]) -> Deployment:
    """Train, deploy, ask, tear down.

    Parameters
    ----------
    journals
        Folder for the journal, which stays there only if something is left.

    Raises
    ------
    DeploymentError
        Something failed; what was created has been removed, or the message names what has not.
    Interrupted
        A signal; the same holds.
    """
    started = datetime.now(UTC)
    steps = Steps(report)
    journal = Journal(journals / f"{deployment_name(plan.run.study, plan.run.variant)}.jsonl")
    with journal.held() as folder, Signals() as signals:
        place = {"account": cloud.account, "region": cloud.region, "bucket": cloud.bucket}
        journal.note("begin", cloud=place)
        provision = Provision(cloud, journal, plan, steps.say, signals.check)
        try:
            deployed = _up(provision, plan, steps, folder)
            signals.hold()
        except BaseException as error:
            signals.hold()
            left = _down(cloud, journal, steps)
            error = (
                signals.received or error
            )  # it may have struck in the middle of a request, and look like its failure
            what = _reason(error)
            if left:
                raise DeploymentError(f"{what or error}\n{still_there(left)}", SWEEP) from error
            if what:
                raise DeploymentError(what) from error
            raise error
        left = _down(cloud, journal, steps)
    return deployed(
        name=journal.deployment,
        started=utc(started),
        finished=utc(datetime.now(UTC)),
        steps=steps.done,
        leftovers=left,
    )


def _reason(error: BaseException) -> str:
    """Say what is wrong where an error of a library does not; empty for errors that do."""
    if isinstance(error, ValidationError):
        return misfit(error, f"An answer ({error.title})")
    return f"AWS refuses: {error}" if isinstance(error, ClientError | BotoCoreError) else ""


def _up(provision: Provision, plan: Plan, steps: Steps, folder: Path) -> partial[Deployment]:
    """Return the deployment but for how it began and ends."""
    with steps.step("packing and uploading code and data") as step:
        channels, hyperparameters, code = _upload(provision, plan, folder)
        step.outcome = f"channels: {', '.join(channels)}"
    with steps.step("training job") as step:
        job = provision.train(channels, hyperparameters)
        training = _training(job, provision)
        step.outcome = f"{job.training_job_status}, {training.billable_seconds} s billable"
    with steps.step("artefact") as step:
        artefact, archive = _artefact(provision, job.model_artifacts.s3_model_artifacts, folder)
        step.outcome = f"{archive.bytes:,} bytes, test accuracy {artefact.test_accuracy:.3f}"
    with steps.step("model") as step:
        model = provision.model(archive.uri)
        step.outcome = model.model_arn
    with steps.step("endpoint") as step:
        endpoint, variant, transitions = provision.endpoint()
        served = Endpoint(
            arn=endpoint.endpoint_arn,
            model_arn=model.model_arn,
            image=provision.image("serving"),
            variant=variant,
            transitions=transitions,
        )
        step.outcome = endpoint.endpoint_status

    def invoke(body: bytes) -> tuple[bytes, str]:
        provision.check()
        answer = endpoint.invoke(body=body, content_type=inference.JSON_TYPE, accept=inference.JSON_TYPE)
        return answer.body.read(), provision.cloud.witness.last_request_id("InvokeEndpoint")

    with steps.step("inference on random test images") as step:
        _wait_for_first_answer(invoke, plan)
        answered = inference.test_on_random_images(invoke, plan)
        step.outcome = ", ".join(f"{image.label} {image.confidence:.2f}" for image in answered.images)
    with steps.step("comparison with the model's own predictions") as step:
        compared = inference.compare(invoke, plan, artefact)
        step.outcome = (
            "identical to the bit"
            if compared.identical
            else f"{compared.same_class} of {compared.images} classes the same, confidences within "
            f"{compared.largest_confidence_difference:.2g}"
        )
    with steps.step("latency") as step:
        latency = inference.measure_latency(invoke, plan)
        step.outcome = f"median {latency.median:.1f} ms, 95 % within {latency.p95:.1f} ms"
    return partial(
        Deployment, code=code, training=training, artefact=archive, endpoint=served, inference=answered,
        comparison=compared, latency=latency,
    )  # fmt: skip


def _upload(provision: Provision, plan: Plan, folder: Path) -> tuple[dict[str, str], dict[str, str], UploadedCode]:
    """Upload code, run and data; return channels, hyperparameters and what the code is."""
    archive = folder / "code.zip"
    package_code(archive)
    provision.upload(archive, "code/code.zip")
    channels = {"code": provision.uri("code/")}
    spec = canonical_json(plan.run.spec)
    hyperparameters = {"name": plan.run.name}
    if len(spec) <= LONGEST_HYPERPARAMETER:
        hyperparameters["run"] = spec
    else:
        write_text(folder / "run.json", spec)
        provision.upload(folder / "run.json", "config/run.json")
        channels["config"] = provision.uri("config/")
    files, wanted = plan.files, plan.run.spec.data.dataset
    if isinstance(wanted, ImageFolder):  # one file: thousands of small ones take a request each
        files = (pack_folder(wanted, folder / ARCHIVE),)
    for path in files:
        provision.upload(path, f"training/{path.name}")
        channels["training"] = provision.uri("training/")
    code = UploadedCode(sha256=sha256_of(archive), bytes=archive.stat().st_size, uri=provision.uri("code/code.zip"))
    return channels, hyperparameters, code


def _artefact(provision: Provision, uri: str, folder: Path) -> tuple[Artefact, ModelArchive]:
    """Download and check what the job left, before anything is built on it."""
    archive = folder / "model.tar.gz"
    provision.download(uri, archive)
    unpack_archive(archive, folder / "model")
    artefact = read_artefact(folder / "model")
    return artefact, ModelArchive(
        uri=uri,
        bytes=archive.stat().st_size,
        sha256=sha256_of(archive),
        content_sha256=artefact.sha256,
        run_key=artefact.key,
        test_accuracy=artefact.test_accuracy,
    )


def _training(job: Any, provision: Provision) -> Training:
    return Training(
        arn=job.training_job_arn,
        image=provision.image("training"),
        instance_type=job.resource_config.instance_type,
        billable_seconds=given(job.billable_time_in_seconds),
        transitions=[
            Transition(status=transition.status, time=utc(transition.start_time))
            for transition in job.secondary_status_transitions
        ],
    )


def _wait_for_first_answer(invoke: inference.Invoke, plan: Plan) -> None:
    """Ask until there is an answer: a serverless endpoint starts its first container when it is first asked."""
    body = inference.request_body(plan.dataset.test.pixels[:1])

    def answers() -> bool:
        try:
            invoke(body)
        except ClientError as error:
            if error_code(error) != "ModelNotReadyException":
                raise
            return False
        return True

    poll(answers, _COLD_START_SECONDS, "The endpoint's first answer")


def _down(cloud: Cloud, journal: Journal, steps: Steps) -> list[Leftover]:
    """Tear down; what may be there still counts as left where AWS cannot be asked."""
    with steps.step("tear-down") as step:
        try:
            left = tear_down(cloud, journal, steps.say)
        except (ClientError, BotoCoreError) as error:
            steps.say(f"tear-down: AWS cannot be asked what is left: {error}")
            left = [Leftover(kind=kind, name=name) for kind, name in journal.intents()]
        step.outcome = still_there(left) if left else "nothing is left"
    return left
