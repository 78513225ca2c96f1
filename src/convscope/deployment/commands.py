"""``convscope deploy``: the deployment as commands."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.checkout import find_root
from convscope.errors import ConvscopeError, DeploymentError

if TYPE_CHECKING:  # boto3 takes a second to import, and every command of convscope imports this module
    from convscope.deployment.aws import Target

PUBLISHED = "published"

deploy_app = typer.Typer(
    no_args_is_help=True, help="Amazon SageMaker: train, deploy, ask, tear down, with evidence; or its emulator."
)

TargetOption = Annotated[
    str, typer.Option(help="**emulator** (default, free, on this machine) or **aws** (costs money).")
]
RegionOption = Annotated[str, typer.Option(help="Where, on AWS; AWS_REGION or the profile's by default.")]
BucketOption = Annotated[str, typer.Option(help="S3 bucket in that region; CONVSCOPE_BUCKET by default.")]


@deploy_app.command("run")
def run(  # noqa: PLR0917  # typer turns parameters into options
    target: TargetOption = "emulator",
    profile: Annotated[str, typer.Option(envvar="PROFILE", help="Whose run: smoke, quick, full, published.")] = "quick",
    study: Annotated[str, typer.Option(help="Study of the run.")] = "fashion",
    variant: Annotated[str, typer.Option(help="Variant of the run; the study's reference by default.")] = "",
    device: Annotated[str, typer.Option(envvar="DEVICE", help="On which it was trained: auto, cpu, cuda.")] = "auto",
    instance_type: Annotated[
        str, typer.Option(help="Machine of the endpoint (ml.m5.large), or several with commas; serverless by default.")
    ] = "",
    training_instance_type: Annotated[str, typer.Option(help="Machine of the job, or several with commas.")] = "",
    training_image: Annotated[str, typer.Option(help="In Amazon ECR; convscope-training of the account.")] = "",
    serving_image: Annotated[str, typer.Option(help="In Amazon ECR; convscope-serving of the account.")] = "",
    role: Annotated[str, typer.Option(help="ARN of the role that SageMaker acts as; CONVSCOPE_ROLE by default.")] = "",
    bucket: BucketOption = "",
    region: RegionOption = "",
    output: Annotated[str, typer.Option(help="Folder for the evidence; build/PROFILE/deployment by default.")] = "",
) -> None:
    """Deploy a trained run, ask it, tear it down, and write evidence.json."""
    from convscope.deployment.plan import DEFAULT, Options  # noqa: PLC0415
    from convscope.deployment.published import PublishedStore, published_run  # noqa: PLC0415
    from convscope.deployment.serving.command import choose, trained_runs  # noqa: PLC0415
    from convscope.deployment.stage import Results, deploy  # noqa: PLC0415
    from convscope.runs.store import RunStore  # noqa: PLC0415
    from convscope.studies import profile_named, select  # noqa: PLC0415

    chosen_target = _target(target, region, bucket, role)
    root = find_root(Path.cwd())
    (chosen,) = select(study, root / "report" / "studies")
    name = f"{chosen.id}/{variant or chosen.reference}/seed0"
    store: Results = RunStore(root / "build" / "runs")
    if profile == PUBLISHED:
        published = root / "data" / "published"
        found = published_run(chosen, variant or chosen.reference, published, root / "data")
        if found is None:
            raise DeploymentError(
                f"{name} cannot be deployed as published: its weights are not kept, or its data set is not in data/.",
                "`make train` trains it; --profile quick then deploys it.",
            )
        planned, store = found, PublishedStore(published, root / "data")
    else:
        planned = choose(trained_runs(root, profile_named(profile), study, device), name, profile)
    options = Options(
        training_instances=_listed(training_instance_type) or DEFAULT.training_instances,
        endpoint_instances=_listed(instance_type),
        training_image=training_image,
        serving_image=serving_image,
    )
    folder = Path(output) if output else root / "build" / profile / "deployment"
    evidence = deploy(
        store,
        planned,
        root / "data",
        folder,
        chosen_target,
        options=options,
        region=region,
        bucket=bucket,
        role=role,
    )
    print(f"Evidence  {evidence}")


@deploy_app.command("sweep")
def sweep(
    target: TargetOption = "emulator",
    bucket: BucketOption = "",
    region: RegionOption = "",
    journals: Annotated[
        str, typer.Option(help="Folder with journals; those of all profiles in build/ by default.")
    ] = "",
) -> None:
    """Remove what killed deployments left: by their journals, and by name and tag where there is none."""
    from convscope.deployment.aws import connect  # noqa: PLC0415
    from convscope.deployment.emulated import emulated_account  # noqa: PLC0415
    from convscope.deployment.sweep import still_there  # noqa: PLC0415
    from convscope.deployment.sweep import sweep as do  # noqa: PLC0415

    folders = [Path(journals)] if journals else _journal_folders()
    chosen_target = _target(target, region, bucket)
    with ExitStack() as stack:
        if chosen_target == "emulator":
            bucket = stack.enter_context(emulated_account()).bucket
        cloud = connect(chosen_target, region, bucket, role=None)
        left = do(cloud, folders, lambda line: print(line, file=sys.stderr))
    if left:
        raise DeploymentError(still_there(left))
    print("Nothing is left.")


def _journal_folders() -> list[Path]:
    """Folders with journals of all profiles of this checkout."""
    from convscope.deployment.stage import JOURNALS  # noqa: PLC0415

    return sorted(find_root(Path.cwd()).glob(f"build/*/deployment/{JOURNALS}"))


def _target(name: str, *of_aws: str) -> Target:
    """Check the target, and that nothing is asked of the emulator that only AWS has."""
    if name not in {"emulator", "aws"}:
        raise ConvscopeError(f"The target is {name!r}; it must be emulator or aws.")
    if name == "emulator" and any(of_aws):
        given = ", ".join(filter(None, of_aws))
        raise ConvscopeError(
            f"The emulator has a region, a bucket and a role of its own; {given} is not used.",
            "Leave --region, --bucket and --role out, or use --target aws.",
        )
    return name  # type: ignore[return-value]  # checked just now


def _listed(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())
