"""What is to be deployed, and on which machines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from convscope.datasets.dataset import Dataset
from convscope.runs.plan import PlannedRun
from convscope.runs.result import RunResult

TRAINING_INSTANCES = ("ml.m5.large", "ml.m5.xlarge", "ml.c5.xlarge")
SERVERLESS_MEMORY = 3072  # MB; the server with PyTorch needs 600 MB, and memory decides the share of a processor
SERVERLESS_CONCURRENCY = 2
MOST_TRAINING_SECONDS = 3600


@dataclass(frozen=True)
class Options:
    """Choices that do not change what is learned.

    Parameters
    ----------
    training_instances
        Types of machine, tried in this order when AWS has none left of one.
    endpoint_instances
        The same for the endpoint; empty makes it serverless.
    training_image, serving_image
        Of Amazon ECR; empty takes ``convscope-training`` and ``convscope-serving`` of the account, tag ``latest``.
    latency_calls
        Single images sent one after the other.
    """

    training_instances: tuple[str, ...] = TRAINING_INSTANCES
    endpoint_instances: tuple[str, ...] = ()
    training_image: str = ""
    serving_image: str = ""
    latency_calls: int = 50


DEFAULT = Options()


@dataclass(frozen=True)
class Plan:
    """One deployment.

    Parameters
    ----------
    run
        What the training job trains.
    local
        The same run as trained on this machine.
    dataset
        In memory; its test images are sent to the endpoint.
    files
        Of the data set, uploaded for the job; none for generated images.
    options
        Choices of machines and images.
    """

    run: PlannedRun
    local: RunResult
    dataset: Dataset
    files: tuple[Path, ...]
    options: Options = DEFAULT

    @property
    def title(self) -> str:
        """As the model names itself: ``"fashion/cnn3/seed0"``."""
        return f"{self.run.study}/{self.run.variant}/seed{self.run.spec.seed}"
