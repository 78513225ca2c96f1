"""The build's step: one deployment and its evidence."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from convscope.deployment.aws import Target
from convscope.deployment.emulated import emulated_account
from convscope.deployment.plan import DEFAULT, Options, Plan
from convscope.errors import DeploymentError
from convscope.files import write_json
from convscope.runs.plan import PlannedRun
from convscope.runs.result import RunResult
from convscope.specs import ImageFolder, Table

JOURNALS = ".journals"  # in the output folder; hidden, as it is no result


class Results(Protocol):
    """Where the result of a run is read: the store of this machine, or what is published."""

    def read(self, key: str) -> RunResult:
        """Return the result of a run."""


def deploy(
    store: Results,
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
    options
        Machines and images.
    region, bucket, role
        As `convscope.deployment.aws.connect` takes them; the emulator has its own, whatever is given.

    Returns
    -------
    Path
        Of ``evidence.json``.

    Raises
    ------
    DeploymentError
        It could not be done, or something is left over; ``evidence.json`` is written in the second case.
    """
    with ExitStack() as stack:
        if target == "emulator":
            account = stack.enter_context(emulated_account())
            bucket, role = account.bucket, account.role
        from convscope.deployment.aws import connect  # noqa: PLC0415
        from convscope.deployment.evidence import FILE, assemble  # noqa: PLC0415
        from convscope.deployment.flow import deploy as do  # noqa: PLC0415
        from convscope.deployment.sweep import SWEEP, Leftover, still_there  # noqa: PLC0415

        cloud = connect(target, "" if target == "emulator" else region, bucket, role)
        plan = plan_of(store, run, data_folder, options)
        facts = do(cloud, plan, output / JOURNALS, _report)
        evidence = assemble(facts, plan, cloud)
    path = output / FILE
    write_json(path, evidence.as_json())
    if evidence.leftovers:
        raise DeploymentError(still_there(Leftover(thing.kind, thing.name) for thing in evidence.leftovers), SWEEP)
    return path


def plan_of(store: Results, run: PlannedRun, data_folder: Path, options: Options) -> Plan:
    """Load what a deployment needs from this machine.

    Raises
    ------
    DeploymentError
        The data set is a folder of images or a table, which the training container cannot take.
    UnreadableResult
        The run is not trained.
    """
    from convscope.datasets.find import find  # noqa: PLC0415
    from convscope.datasets.load import load  # noqa: PLC0415
    from convscope.datasets.splits import on_canvas  # noqa: PLC0415

    dataset = run.spec.data.dataset
    if isinstance(dataset, ImageFolder | Table):
        raise DeploymentError(
            f"{run.title} is trained on the data set {dataset.name}, which cannot be deployed.",
            "Deploy a run on a public or a generated data set.",
        )
    local = store.read(run.key)
    files: tuple[Path, ...] = ()
    if isinstance(dataset, str):
        files = tuple(find(dataset, data_folder, download=False).files.values())
    images = on_canvas(load(dataset, data_folder, download=False), run.spec.data.canvas)
    return Plan(run, local, images, files, options)


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
