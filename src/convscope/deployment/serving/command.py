"""``convscope serve-model``: a trained run answers on this machine, exactly as it would in SageMaker."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from convscope.checkout import find_root
from convscope.errors import ConvscopeError
from convscope.runs.plan import PlannedRun, plan_study
from convscope.runs.store import RunStore
from convscope.studies import Profile, profile_named, select

SHOWN_NAMES = 12  # of the trained runs, in an error message


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
    chosen = choose(trained, run, profile)
    from convscope.deployment.serving.__main__ import serve  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="convscope-model-") as folder:
        write_run(chosen, run, root, Path(folder))
        print(f"POST http://{host}:{port}/invocations with an image, as in:")
        print(f"  curl --data-binary @image.png -H 'Content-Type: image/png' http://{host}:{port}/invocations")
        status = serve(Path(folder), host, port)
    if status:
        raise typer.Exit(status)


def trained_runs(root: Path, profile: Profile, studies: str, device: str) -> dict[str, PlannedRun]:
    """Return the runs of a profile that are trained, by name (``fashion/cnn3/seed0``), in the order of the report."""
    store = RunStore(root / "build" / "runs")
    chosen = [study for study in select(studies, root / "report" / "studies") if profile in study.budgets]
    runs = (run for study in chosen for runs in plan_study(study, profile, device).values() for run in runs)
    return {f"{run.study}/{run.variant}/seed{run.spec.seed}": run for run in runs if store.state(run.key) is not None}


def choose(trained: dict[str, PlannedRun], name: str, profile: str) -> PlannedRun:
    """Return the run of a name.

    Raises
    ------
    ConvscopeError
        None of the trained runs has it.
    """
    if name not in trained:
        more = [f"and {len(trained) - SHOWN_NAMES} more"] if len(trained) > SHOWN_NAMES else []
        known = ", ".join([*list(trained)[:SHOWN_NAMES], *more]) or "none"
        raise ConvscopeError(
            f"{name!r} is no trained run of profile {profile}; trained are: {known}.",
            "`convscope serve-model` alone lists them, `make train` trains them.",
        )
    return trained[name]


def write_run(run: PlannedRun, name: str, root: Path, folder: Path) -> None:
    """Write the artefact of a stored run into a folder."""
    from convscope.datasets.load import load  # noqa: PLC0415
    from convscope.deployment.artefact import write_artefact  # noqa: PLC0415

    dataset = load(run.spec.data.dataset, root / "data", download=False)
    write_artefact(RunStore(root / "build" / "runs").read(run.key), dataset, folder, name)
