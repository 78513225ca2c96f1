"""Training jobs: the real entry point as a subprocess, with the files and folders of a training container."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from sagemaker_emulator.containers import Container
from sagemaker_emulator.resources import Description, Resource
from sagemaker_emulator.storage import pack_folder
from sagemaker_emulator.validation import Refusal
from sagemaker_emulator.work import Work

_FOLDERS = ("input/config", "input/data", "model", "output/data", "checkpoints")


@dataclass
class TrainingJobs(Work):
    """Runs training jobs."""

    grace_seconds: float = 120  # between SIGTERM and SIGKILL; AWS gives 120

    def _fail(self, resource: Resource, reason: str) -> None:
        self._end(resource, "Failed", "Failed", FailureReason=reason)

    def _run(self, resource: Resource, *_described: Description) -> None:
        job, request = resource, resource.description
        instance_type = request["ResourceConfig"].get("InstanceType")
        if self.records.faults.out_of_capacity(instance_type):
            raise Refusal(
                "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different "
                "ML instance type."
            )
        opt_ml = self.folder / request["TrainingJobName"]
        for name in _FOLDERS:
            (opt_ml / name).mkdir(parents=True)
        self._enter(job, "Downloading", "Downloading input data")
        self._download(request, opt_ml)
        uri = request["AlgorithmSpecification"].get("TrainingImage", "")
        image = self._image(uri)
        if not image.train:
            raise Refusal(f"ClientError: Cannot pull the image {uri}: it does not exist.")
        self._enter(job, "Training", "Training image download completed. Training in progress.")
        if job.ending.is_set():
            self._end(job, "Stopped", "Stopped")
            return
        started = time.time()
        self.records.update(job, TrainingStartTime=started)
        job.container = Container(image, image.train, self._environment(request, opt_ml), opt_ml)
        timed_out = self._wait(job, job.container, request["StoppingCondition"]["MaxRuntimeInSeconds"])
        ended = time.time()
        seconds = max(1, round(ended - started))
        self.records.update(job, TrainingEndTime=ended, TrainingTimeInSeconds=seconds, BillableTimeInSeconds=seconds)
        if job.ending.is_set() or timed_out:
            # AWS keeps what a job has saved within its grace period, stopped or out of time ("StopTrainingJob").
            saved = self._uploaded(job, opt_ml) if any((opt_ml / "model").iterdir()) else {}
            self._end(job, "Stopped", "Stopped" if job.ending.is_set() else "MaxRuntimeExceeded", **saved)
        elif job.container.process.returncode != 0:
            raise Refusal(_failure(opt_ml, job.container))
        else:
            self._end(job, "Completed", "Completed", **self._uploaded(job, opt_ml))

    def _download(self, request: Description, opt_ml: Path) -> None:
        for channel in request.get("InputDataConfig", []):
            target = opt_ml / "input/data" / channel["ChannelName"]
            target.mkdir()
            try:
                self.storage.download(channel["DataSource"]["S3DataSource"]["S3Uri"], target)
            except Refusal as refusal:
                raise Refusal(f"ClientError: Data download failed: {refusal.message}") from refusal
        config = opt_ml / "input/config"
        (config / "hyperparameters.json").write_text(json.dumps(request.get("HyperParameters", {})))
        resources = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}
        (config / "resourceconfig.json").write_text(json.dumps(resources))

    def _environment(self, request: Description, opt_ml: Path) -> dict[str, str]:
        channels = [channel["ChannelName"] for channel in request.get("InputDataConfig", [])]
        return {
            "TRAINING_JOB_NAME": request["TrainingJobName"],
            # a container's paths are absolute: here they are below the job's folder
            **{name: text.replace("/opt/ml", str(opt_ml)) for name, text in request.get("Environment", {}).items()},
            "SM_MODEL_DIR": str(opt_ml / "model"),
            "SM_OUTPUT_DATA_DIR": str(opt_ml / "output/data"),
            "SM_CHANNELS": json.dumps(channels),
            "SM_HPS": json.dumps(request.get("HyperParameters", {})),
            "SM_CURRENT_HOST": "algo-1",
            "SM_HOSTS": '["algo-1"]',
            **{f"SM_CHANNEL_{name.upper()}": str(opt_ml / "input/data" / name) for name in channels},
        }

    def _wait(self, job: Resource, container: Container, most_seconds: float) -> bool:
        """Wait for the end, a stop or the time limit; return whether it was the limit."""
        deadline = time.monotonic() + most_seconds
        while container.is_running:
            timed_out = time.monotonic() > deadline
            if job.ending.is_set() or timed_out:
                self._enter(job, "Stopping", "Stopping the training job")
                container.stop(self.grace_seconds)
                return timed_out
            try:
                container.process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        return False

    def _uploaded(self, job: Resource, opt_ml: Path) -> dict[str, object]:
        """Pack and upload the model; return what the description then says of it."""
        self._enter(job, "Uploading", "Uploading generated training model")
        archive = opt_ml / "model.tar.gz"
        pack_folder(opt_ml / "model", archive)
        self.records.faults.change_artefact(archive)
        try:
            self.storage.upload(archive, artefact_uri(job.description))
        except Refusal as refusal:
            raise Refusal(f"ClientError: Artifact upload failed: {refusal.message}") from refusal
        return {"ModelArtifacts": {"S3ModelArtifacts": artefact_uri(job.description)}}

    def _enter(self, job: Resource, secondary: str, message: str = "", **changes: object) -> None:
        now = time.time()
        with self.records.lock:
            transitions = job.description["SecondaryStatusTransitions"]
            transitions[-1].setdefault("EndTime", now)
            transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": message})
            self.records.update(job, SecondaryStatus=secondary, **changes)

    def _end(self, job: Resource, status: str, secondary: str, **changes: object) -> None:
        self._enter(job, secondary, "", TrainingJobStatus=status, **changes)


def artefact_uri(request: Description) -> str:
    """Where a job's archive goes."""
    return f"{request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{request['TrainingJobName']}/output/model.tar.gz"


def _failure(opt_ml: Path, container: Container) -> str:
    """Say why a container failed: from its failure file, else from what it printed last."""
    file = opt_ml / "output/failure"
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else container.last_output()
    return f"AlgorithmError: {text.strip()}, exit code: {container.process.returncode}"
