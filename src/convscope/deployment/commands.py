"""``convscope deploy``, the deployment, and ``convscope serve-model``, a trained run that answers here, as commands."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from convscope.checkout import find_root
from convscope.deployment.plan import DEFAULT, Options, Target
from convscope.deployment.stage import JOURNALS, PublishedStore, ResultReader, connected, deploy_run, published_run
from convscope.errors import ConvscopeError, DeploymentError
from convscope.runs.plan import PlannedRun, plan_study
from convscope.runs.store import RunStore
from convscope.studies import Profile, profile_named, select

PUBLISHED = "published"
SHOWN_NAMES = 12  # of the trained runs, in an error message

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
    chosen_target = _target(target, region, bucket, role)
    root = find_root(Path.cwd())
    (chosen,) = select(study, root / "report" / "studies")
    name = f"{chosen.id}/{variant or chosen.reference}/seed0"
    store: ResultReader = RunStore(root / "build" / "runs")
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
        planned = run_named(trained_runs(root, profile_named(profile), study, device), name, profile)
    options = Options(
        training_instances=_listed(training_instance_type) or DEFAULT.training_instances,
        endpoint_instances=_listed(instance_type),
        training_image=training_image,
        serving_image=serving_image,
    )
    folder = Path(output) if output else root / "build" / profile / "deployment"
    evidence = deploy_run(
        store, planned, root / "data", folder, chosen_target, options=options, region=region, bucket=bucket, role=role
    )
    print(f"Evidence  {evidence}")


@deploy_app.command("sweep")
def sweep_command(
    target: TargetOption = "emulator",
    bucket: BucketOption = "",
    region: RegionOption = "",
    journals: Annotated[
        str, typer.Option(help="Folder with journals; those of all profiles in build/ by default.")
    ] = "",
) -> None:
    """Remove what killed deployments left: by their journals, and by name and tag where there is none."""
    from convscope.deployment.sweep import still_there, sweep

    of_all_profiles = find_root(Path.cwd()).glob(f"build/*/deployment/{JOURNALS}")
    folders = [Path(journals)] if journals else sorted(of_all_profiles)
    with connected(_target(target, region, bucket), region, bucket, role=None) as cloud:
        left = sweep(cloud, folders, lambda line: print(line, file=sys.stderr))
    if left:
        raise DeploymentError(still_there(left))
    print("Nothing is left.")


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


def serve_model(  # noqa: PLR0917  # typer turns parameters into options
    run: Annotated[
        str, typer.Argument(help="Which trained run: **STUDY/VARIANT/seedN**. Without it the trained runs are listed.")
    ] = "",
    profile: Annotated[str, typer.Option(envvar="PROFILE", help="Whose runs: smoke, quick, full.")] = "quick",
    studies: Annotated[str, typer.Option(envvar="STUDIES", help="Among which studies; all by default.")] = "",
    device: Annotated[str, typer.Option(envvar="DEVICE", help="On which it was trained: auto, cpu, cuda.")] = "auto",
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT", min=0, max=65535, help="0 takes a free one.")] = 8080,
) -> None:
    """Serve a trained model on this machine: GET /ping, POST /invocations."""
    root = find_root(Path.cwd())
    trained = trained_runs(root, profile_named(profile), studies, device)
    if not run:
        print("\n".join(trained) or f"No run of profile {profile} is trained yet; `make train` does it.")
        return
    chosen = run_named(trained, run, profile)
    from convscope.datasets.load import load
    from convscope.deployment.artefact import write_artefact
    from convscope.deployment.serving.__main__ import serve
    from convscope.runs.execute import termination_as_interrupt

    # Uvicorn ends on a signal, then sends it once more: taken as Ctrl-C, it lets the folder go.
    with termination_as_interrupt(), tempfile.TemporaryDirectory(prefix="convscope-model-") as folder:
        dataset = load(chosen.spec.data.dataset, root / "data", download=False)
        write_artefact(RunStore(root / "build" / "runs").read(chosen.key), dataset, Path(folder), run)
        status = serve(Path(folder), host, port, lambda taken: _say_how_to_ask(f"http://{host}:{taken}/invocations"))
    if status:
        raise typer.Exit(status)


def _say_how_to_ask(address: str) -> None:
    print(f"POST {address} with an image, as in:")
    print(f"  curl --data-binary @image.png -H 'Content-Type: image/png' {address}", flush=True)


def trained_runs(root: Path, profile: Profile, studies: str, device: str) -> dict[str, PlannedRun]:
    """Return the runs of a profile that are trained, by name (``fashion/cnn3/seed0``), in the order of the report."""
    store = RunStore(root / "build" / "runs")
    chosen = [study for study in select(studies, root / "report" / "studies") if profile in study.budgets]
    runs = (run for study in chosen for runs in plan_study(study, profile, device).values() for run in runs)
    return {run.name: run for run in runs if store.state(run.key) is not None}


def run_named(trained: dict[str, PlannedRun], name: str, profile: str) -> PlannedRun:
    """Return the run of a name.

    Raises ConvscopeError: none of the trained runs has it.
    """
    if name not in trained:
        more = [f"and {len(trained) - SHOWN_NAMES} more"] if len(trained) > SHOWN_NAMES else []
        known = ", ".join([*list(trained)[:SHOWN_NAMES], *more]) or "none"
        raise ConvscopeError(
            f"{name!r} is no trained run of profile {profile}; trained are: {known}.",
            "`convscope serve-model` alone lists them, `make train` trains them.",
        )
    return trained[name]
