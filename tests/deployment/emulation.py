"""What the tests of deployments share: a tiny plan, quick container images, a client in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import tiny_run

from convscope.deployment.aws import Cloud, connect_emulator
from convscope.deployment.flow import deploy
from convscope.deployment.plan import Options, Plan
from convscope.deployment.records import Leftover
from convscope.deployment.stage import IMAGES
from convscope.deployment.sweep import inventory
from convscope.runs.plan import PlannedRun
from sagemaker_emulator import Image, Running
from sagemaker_emulator.server import Emulator

HERE = Path(__file__).parent
COPY = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2], dirs_exist_ok=True)"
SAVE = "import pathlib, sys, time; pathlib.Path(sys.argv[1], 'saved').write_text('so far'); time.sleep(600)"
QUICK = Options(training_image="ecr/quick-training:1", serving_image="ecr/quick-serving:1", latency_calls=3)
REAL = Options(latency_calls=5)


def tiny_plan(options: Options = QUICK) -> Plan:
    local = tiny_run.result()
    run = PlannedRun(local.key, local.spec, local.mode, "tiny", "cnn", "tiny cnn")
    return Plan(run, local, tiny_run.dataset(), (), options)


def images(artefact: Path) -> dict[str, Image]:
    """The project's own images, and some that start at once because nothing is computed in them."""
    server = [sys.executable, str(HERE / "stand_in_server.py"), "{port}"]
    return {
        **IMAGES,
        "quick-training": Image(train=[sys.executable, "-S", "-c", COPY, str(artefact), "{opt_ml}/model"]),
        "quick-serving": Image(serve=server),
        "slow-training": Image(train=[sys.executable, "-S", "-c", "import time; time.sleep(600)"]),
        "saving-training": Image(train=[sys.executable, "-S", "-c", SAVE, "{opt_ml}/model"]),
        "broken-serving": Image(serve=[sys.executable, "-c", "raise ImportError('no module named inference')"]),
        "hanging-serving": Image(serve=[*server, "never-healthy"]),
    }


def everything(emulator: Emulator, cloud: Cloud) -> list[str]:
    """All that the emulated account still has, whoever made it, jobs that have ended aside."""
    kinds = ("Endpoint", "EndpointConfig", "Model", "TrainingJob")
    left = [
        f"{kind} {resource.description[f'{kind}Name']}"
        for kind in kinds
        for resource in emulator.records.all(kind)
        if resource.description.get("TrainingJobStatus") not in {"Completed", "Failed", "Stopped"}
    ]
    keys = cloud.s3.list_objects_v2(Bucket=cloud.bucket).get("Contents", [])
    uploads = cloud.s3.list_multipart_uploads(Bucket=cloud.bucket).get("Uploads", [])
    return [*left, *(entry["Key"] for entry in (*keys, *uploads))]


def there(cloud: Cloud) -> list[Leftover]:
    return inventory(cloud, lambda _name: True)


# ---------------------------------------------------------------- a client in a process of its own

_CONTEXT = multiprocessing.get_context("forkserver")  # each child comes from a clean process that has the SDK loaded
_CONTEXT.set_forkserver_preload(["convscope.deployment.flow", "sagemaker.core.resources"])


def start_client(emulator: Running, plan: Plan, journals: Path, output: Path, kill_at: str = "") -> BaseProcess:
    """Deploy in another process; ``output`` gets its lines.

    kill_at names an operation: the process is killed when it is answered, before the client knows.
    """
    client = _CONTEXT.Process(target=_client, args=(emulator, plan, journals, output, kill_at))
    client.start()
    return client


def _client(emulator: Running, plan: Plan, journals: Path, output: Path, kill_at: str) -> None:
    cloud = connect_emulator(emulator)

    def killed(**_: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if kill_at:
        for events in (cloud.session.events, cloud.s3.meta.events):  # that of clients to come, and of the one there is
            events.register(f"response-received.*.{kill_at}", killed)
    with output.open("w") as lines:

        def report(line: str) -> None:
            print(line, file=lines, flush=True)

        try:
            deploy(cloud, plan, journals, report)
        except Exception as error:
            report(f"{type(error).__name__}: {error}")
            raise SystemExit(1) from None
