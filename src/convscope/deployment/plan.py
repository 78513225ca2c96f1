"""What is to be deployed, on which machines, and under which names and tags it can be found again."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from convscope.datasets.dataset import Dataset
from convscope.runs.plan import PlannedRun
from convscope.runs.result import RunResult

Target = Literal["emulator", "aws"]

PREFIX = "convscope-"
S3_FOLDER = "convscope/"
TAG = ("project", "convscope")
LONGEST = 63  # of SageMaker's names
_SUFFIX_ROOM = 4  # of the names of a deployment's parts: "-t2", "-e2"
TRAINING_INSTANCES = ("ml.m5.large", "ml.m5.xlarge", "ml.c5.xlarge")
SERVERLESS_MEMORY = 3072  # MB; the server with PyTorch needs 600 MB, and memory decides the share of a processor
SERVERLESS_CONCURRENCY = 2
MOST_TRAINING_SECONDS = 3600


@dataclass(frozen=True)
class Options:
    """Choices that do not change what is learned."""

    # types of machine, tried in this order when AWS has none left of one
    training_instances: tuple[str, ...] = TRAINING_INSTANCES
    endpoint_instances: tuple[str, ...] = ()  # the same for the endpoint; empty makes it serverless
    # of Amazon ECR; empty takes ``convscope-training`` and ``convscope-serving`` of the account, tag ``latest``
    training_image: str = ""
    serving_image: str = ""
    latency_calls: int = 50  # single images sent one after the other


DEFAULT = Options()


@dataclass(frozen=True)
class Plan:
    """One deployment."""

    run: PlannedRun  # what the training job trains
    local: RunResult  # the same run as trained on this machine
    dataset: Dataset  # in memory; its test images are sent to the endpoint
    files: tuple[Path, ...]  # of a public data set, uploaded for the job
    options: Options = DEFAULT  # choices of machines and images


def deployment_name(study: str, variant: str) -> str:
    """Return a new name: prefix, what is deployed, time (UTC) and chance, short enough for every part's name.

    A study and variant too long for it are cut, with some of their hash in place of the rest.
    """
    unique = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"
    what = re.sub(r"[^a-zA-Z0-9]+", "-", f"{study}-{variant}").strip("-").lower() or "model"
    room = LONGEST - _SUFFIX_ROOM - len(PREFIX) - len(unique) - 1
    if len(what) > room:
        mark = hashlib.sha256(what.encode()).hexdigest()[:6]
        what = f"{what[: room - len(mark) - 1].rstrip('-')}-{mark}"
    return f"{PREFIX}{what}-{unique}"


def belongs_to(name: str, deployment: str) -> bool:
    """Tell whether a resource is a deployment's own."""
    return name == deployment or name.startswith(f"{deployment}-")


def tags(deployment: str) -> list[dict[str, str]]:
    """Tags of everything that a deployment makes, as boto3 wants them."""
    return [{"Key": TAG[0], "Value": TAG[1]}, {"Key": "deployment", "Value": deployment}]
