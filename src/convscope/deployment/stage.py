"""The build's step: which run is deployed, in which account, and the evidence of it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from convscope.datasets.find import find
from convscope.datasets.load import load
from convscope.datasets.splits import on_canvas
from convscope.deployment.plan import DEFAULT, Options, Plan, Target
from convscope.errors import DatasetUnavailable, DeploymentError
from convscope.files import write_json
from convscope.runs.plan import PlannedRun
from convscope.runs.published import WEIGHTS, PublishedRuns
from convscope.runs.result import RunResult
from convscope.specs import Table
from sagemaker_emulator import EmulatorError, Image, emulator_process

if TYPE_CHECKING:  # boto3 takes seconds to import; and a changed title of a study is no changed code
    from convscope.deployment.aws import Cloud
    from convscope.studies import Study

JOURNALS = ".journals"  # in the output folder; hidden, as it is no result
PREDICTED = 2000  # test images that are predicted here, from published weights of 16 bits

# One thread, as in the Dockerfiles: numeric modes ask for it.
_ENVIRONMENT = {
    "CONVSCOPE_OPT_ML": "{opt_ml}", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
}  # fmt: skip

IMAGES: Mapping[str, Image] = {
    "convscope-training": Image(
        train=[sys.executable, "-m", "convscope.deployment.train_entry"], environment=_ENVIRONMENT
    ),
    "convscope-serving": Image(
        serve=[sys.executable, "-m", "convscope.deployment.serving", "--host", "127.0.0.1"], environment=_ENVIRONMENT
    ),
}


class ResultReader(Protocol):
    """Where the result of a run is read: the store of this machine, or what is published."""

    def read(self, key: str) -> RunResult:
        """Return the result of a run."""


def deploy_run(
    store: ResultReader,
    run: PlannedRun,
    data_folder: Path,
    output: Path,
    target: Target = "emulator",
    *,
    options: Options = DEFAULT,
    region: str = "",
    bucket: str = "",
    role: str = "",
) -> Path:
    """Deploy a trained run, ask it, tear it down, and write what this proves.

    Parameters
    ----------
    store
        Has the run's result, with which the endpoint's answers are compared.
    run
        What is deployed; the training job trains it again.
    data_folder
        The project's ``data/``.
    output
        Gets ``evidence.json``.
    target
        ``"emulator"`` starts one for as long as it takes; ``"aws"`` costs money.
    region, bucket, role
        As `connected` takes them.

    Returns
    -------
    Path
        Of ``evidence.json``.

    Raises
    ------
    DeploymentError
        It could not be done, or something is left over; ``evidence.json`` is written in the second case.
    """
    from convscope.deployment.evidence import FILE, assemble_evidence
    from convscope.deployment.flow import deploy
    from convscope.deployment.sweep import SWEEP, still_there

    with connected(target, region, bucket, role) as cloud:
        plan = plan_of(store, run, data_folder, options)
        deployment = deploy(cloud, plan, output / JOURNALS, lambda line: print(line, file=sys.stderr, flush=True))
        evidence = assemble_evidence(deployment, plan, cloud)
    path = output / FILE
    write_json(path, evidence.as_json())
    if evidence.leftovers:
        raise DeploymentError(still_there(evidence.leftovers), SWEEP)
    return path


def plan_of(store: ResultReader, run: PlannedRun, data_folder: Path, options: Options) -> Plan:
    """Load what a deployment needs from this machine.

    Raises
    ------
    DeploymentError
        The data set is a table, of which a run trains several networks.
    UnreadableResult
        The run is not trained.
    """
    dataset = run.spec.data.dataset
    if isinstance(dataset, Table):
        raise DeploymentError(
            f"{run.title} is several networks, one for each fold of the table {dataset.name}; which one to deploy?",
            "Deploy a run on images.",
        )
    local = store.read(run.key)
    files: tuple[Path, ...] = ()
    if isinstance(dataset, str):
        files = tuple(find(dataset, data_folder, download=False).files.values())
    images = on_canvas(load(dataset, data_folder, download=False), run.spec.data.canvas)
    return Plan(run, local, images, files, options)


@contextmanager
def connected(target: Target, region: str = "", bucket: str = "", role: str | None = "") -> Iterator[Cloud]:
    """Connect to AWS, or to an emulator that lives as long as the block.

    Raises DeploymentError: the emulator does not start, or the account cannot be used.

    Parameters
    ----------
    target
        ``"emulator"`` has a region, a bucket and a role of its own, whatever is given; ``"aws"`` costs money.
    region, bucket, role
        As `convscope.deployment.aws.connect_aws` takes them.
    """
    from convscope.deployment.aws import connect_aws, connect_emulator, import_sdk

    if target == "aws":
        yield connect_aws(region, bucket, role)
        return
    try:
        with emulator_process(IMAGES, meanwhile=import_sdk) as running:
            yield connect_emulator(running)
    except EmulatorError as error:
        raise DeploymentError(str(error)) from error


def published_run(study: Study, variant: str, published: Path, data_folder: Path) -> PlannedRun | None:
    """Return the first run of a variant as it was published, None where it cannot be deployed.

    Parameters
    ----------
    study, variant
        Whose run of seed 0 in the full profile.
    published
        ``data/published``.
    data_folder
        The project's ``data/``; nothing is downloaded.
    """
    runs = PublishedRuns(published)
    specs = study.runs("full").get(variant, ())
    if not specs or not isinstance(specs[0].data.dataset, str):
        return None
    keys = {mode: key for mode, key in runs.find(specs[0]).items() if (runs.path(key) / WEIGHTS).is_file()}
    if not keys:
        return None
    try:
        find(specs[0].data.dataset, data_folder, download=False)
    except DatasetUnavailable:
        return None
    mode, key = next(iter(keys.items()))
    return PlannedRun(key, specs[0], mode, study.id, variant, f"{study.id} · {study.variant(variant).title} · seed 0")


@dataclass(frozen=True)
class PublishedStore:
    """Reads published runs as those of the store are read, with predictions computed from the kept weights."""

    published: Path  # ``data/published``
    data_folder: Path  # the project's ``data/``

    def read(self, key: str) -> RunResult:
        """Read a run; its predictions and confidences are those of the kept weights, on the first test images.

        Raises DeploymentError: its weights are not kept.
        """
        result = PublishedRuns(self.published).read(key)
        if not result.weights:
            raise DeploymentError(
                f"Of the published run {key[:12]} no weights are kept.", "Deploy a run that has some."
            )
        from convscope.deployment.artefact import write_artefact
        from convscope.deployment.serving.predictor import Predictor  # imports torch

        dataset = load(result.spec.data.dataset, self.data_folder, download=False)
        with tempfile.TemporaryDirectory(prefix="convscope-published-") as folder:
            predictor = Predictor(write_artefact(result, dataset, Path(folder)))
        answers = predictor.predict(dataset.test.pixels[:PREDICTED].astype(np.float32))
        return replace(
            result,
            predictions=np.array([answer.predicted_class for answer in answers], np.uint8),
            confidences=np.array([answer.confidence for answer in answers], np.float32),
        )
