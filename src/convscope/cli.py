"""The command line: one sub-command a step of the build. The Makefile calls nothing else."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from convscope.build.project import Project
from convscope.build.run import Runner
from convscope.checkout import find_root
from convscope.course.commands import course_app
from convscope.deployment.commands import deploy_app, serve_model
from convscope.errors import ConvscopeError
from convscope.files import write_json
from convscope.handin.commands import diff, verify
from convscope.options import OF_A_BUILD, OF_DATA, OF_TRAINING, project_command

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="""What does a convolutional layer buy, and why?

    Each step does those before it as far as they are due: `convscope site` trains, analyses, draws and renders first.
    Results are kept in build/runs under the hash of everything that decides them, so nothing is trained twice, and
    Ctrl-C loses only the runs that are under way.""",
)


@project_command(app, "all", *OF_A_BUILD)
def everything(project: Project) -> None:
    """Train, analyse, draw, render the report, run the notebooks and build the site."""
    Runner(project).all()
    _where_to_look(project)


@project_command(app, "data", *OF_DATA)
def data(project: Project) -> None:
    """Find, download and verify the data sets; those that are missing are named."""
    missing = project.find_data(again=True)
    for study in project.selected:
        print(f"{study.id}: {'not available' if study.id in missing else 'ready'}")


@project_command(app, "train", *OF_TRAINING)
def train(project: Project) -> None:
    """Train the runs that are missing."""
    with project.locked():
        project.train()
    print(f"All {len(project.planned())} runs of profile {project.profile} are trained.")


def _up_to(step: str, description: str) -> None:
    """Add a command that builds up to a step."""

    @project_command(app, step, *OF_A_BUILD, description=description)
    def _(project: Project) -> None:
        Runner(project).all(until=step)


_up_to("metrics", "Analyse the results: build/PROFILE/metrics.json.")
_up_to("figures", "Draw the figures: build/PROFILE/figures/.")
_up_to("report", "Render the report: build/PROFILE/report/report.html and report.pdf.")
_up_to("site", "Build the site: build/PROFILE/site/.")


@project_command(app, "status", *OF_A_BUILD)
def status(project: Project) -> None:
    """Say which steps are due and why; do none of them."""
    runs = project.planned()
    missing = len(project.store.missing(runs.values()))
    print(f"train: {f'{missing} of {len(runs)} runs are missing' if missing else 'up to date'}")
    for step, reasons in Runner(project).due().items():
        print(f"{step}: {', '.join(reasons) or 'up to date'}")


@project_command(app, "serve", *OF_A_BUILD)
def serve(
    project: Project,
    port: Annotated[int, typer.Option(envvar="PORT", help="On this machine; 0 takes a free one.")] = 8000,
) -> None:
    """Show the site on this machine, rebuilt and reloaded when a source changes."""
    from convscope.report.site import serve as serve_site

    Runner(project).all()
    serve_site(project.root, project.build, port, rebuild=Runner(project).all)


@project_command(app, "notebooks", *OF_A_BUILD)
def notebooks(project: Project) -> None:
    """Write and run a Jupyter notebook a study: build/PROFILE/notebooks/."""
    Runner(project).all(until="notebooks")
    folder = project.build.relative_to(project.root) / "notebooks"
    for study, facts in json.loads((project.build / "metrics.json").read_bytes())["studies"].items():
        made = f"{folder / study}.ipynb" if facts["status"] == "run" else "not run, so it has no notebook"
        print(f"{study}: {made}")


@project_command(app, "grade", *OF_A_BUILD)
def grade(project: Project) -> None:
    """Check everything built against the assignment: build/PROFILE/grade.json."""
    from rich.console import Console

    from convscope.grade.records import Grade
    from convscope.grade.sheet import show

    Runner(project).all()
    show(Grade.model_validate_json((project.build / "grade.json").read_bytes()), Console())


@project_command(app, "readme", "profile", "studies", "device")
def readme(
    project: Project,
    check: Annotated[bool, typer.Option(help="Write nothing: fail where it is not what the results give.")] = False,
) -> None:
    """Write the results of a build into README.md, between its markers."""
    from convscope.report.readme import check_readme, update_readme

    Runner(project).all(until="figures" if check else "report")
    (check_readme if check else update_readme)(project.root, project.build)


@project_command(app, "publish", "studies", "device")
def publish(project: Project) -> None:
    """Add the finished runs of the full profile to data/published/runs/, to be committed; none is taken away."""
    from convscope.publication import publish_runs

    available = project.available()
    with project.locked():
        new_runs = publish_runs(available, project.store, project.data_folder, project.published, project.device)
    for study, new in new_runs.items():
        print(f"{study}: {new} new runs")


@project_command(app, "tune", "studies", "jobs", "device", "executor")
def tune(project: Project) -> None:
    """Try learning rates on validation images: the grid that a study declares, grown while the best is at its edge."""
    from convscope.runs.tuning import search

    with project.locked():
        for study in project.selected:
            print("\n".join(search(study, project.store, project.device, project.execute)))


@project_command(app, "timings", "studies", "device")
def timings(project: Project) -> None:
    """Measure how fast each network trains, alone and in turn, and keep it: data/published/timings.json."""
    from convscope.publication import TIMINGS
    from convscope.runs.timings import measure_speeds

    available = project.available()
    with project.locked():
        measured = measure_speeds(
            available, project.data_folder, project.device, say=lambda line: print(line, flush=True)
        )
    write_json(project.published_folder / TIMINGS, measured)
    if measured["load"] > 0.5:
        print(f"The machine was busy (load {measured['load']:.1f}); measure again when it is not.", file=sys.stderr)


@project_command(app, "verify-runs", "device")
def verify_runs(
    project: Project,
    count: Annotated[int, typer.Option(envvar="RUNS", min=1, help="How many published runs to train again.")] = 3,
    seed: Annotated[int, typer.Option(envvar="SEED", help="Decides which; another number draws others.")] = 0,
) -> None:
    """Train a random sample of the published runs again: bit-identical, within tolerance, or different (exit 1).

    What is kept of their data sets, pictures among it, is made again from the images.
    """
    from convscope.runs.again import data_described_again, sample, train_again

    keys = sample(project.published, count, seed)
    different = False
    for title, parts in data_described_again(keys, project.published, project.data_folder):
        print(f"{title}: {'different: ' + ', '.join(parts) if parts else 'as published'}", flush=True)
        different |= bool(parts)
    for found in train_again(keys, project.published, project.data_folder, project.device):
        print(
            f"{found.key[:12]}: {found.verdict}; test accuracy {found.accuracy:.2%}, now {found.accuracy_now:.2%}; "
            f"{found.answers_changed:.2%} of the answers differ",
            flush=True,
        )
        different |= found.verdict == "different"
    if not keys:
        raise ConvscopeError("data/published/ has no runs.", "`make publish` puts finished runs there.")
    if different:
        raise typer.Exit(1)


@project_command(app, "submit", *OF_A_BUILD)
def submit(
    project: Project,
    weights: Annotated[bool, typer.Option(envvar="WEIGHTS", help="Take the weights of all runs along.")] = False,
) -> None:
    """Build everything and put what is handed in into build/PROFILE/submission.zip."""
    from convscope.handin.bundle import identify, last_selection, write_bundle

    identify(project.root, strict=project.strict)  # what is missing is said now, not after hours of training
    project = replace(project, studies=project.studies.strip() or last_selection(project.root, project.build))
    if missing := project.missing():
        named = f" STUDIES={shlex.quote(project.studies)}" if project.studies else ""
        raise ConvscopeError(
            f"{len(missing)} runs are not trained, and `make submit` trains none.",
            f"`make all PROFILE={project.profile}{named}` does, and says how long it takes; then hand in.",
        )
    Runner(project).all()
    with project.locked():
        bundled = write_bundle(
            project.root, project.build, project.store, profile=project.profile, weights=weights, strict=project.strict
        )
    for changed in bundled.changed:
        print(f"not as in the commit: {changed}", file=sys.stderr)
    print("\nIncluded", *bundled.included, sep="\n  ")
    print("Left out", *(bundled.left_out or ("nothing",)), sep="\n  ")
    size = bundled.path.stat().st_size / 1e6
    print(f"\nHand in  {bundled.path.relative_to(project.root)}   {bundled.files} files, {size:.1f} MB")
    print(f"Seal     {bundled.seal}   (python verify.py prints it, too)")


@app.command("new-study")
def new_study(
    name: Annotated[str, typer.Argument(help="An identifier, such as my_flowers.")],
    images: Annotated[
        Path | None,
        typer.Option(
            help="Your own images: a folder with one sub-folder for each class, or with train/ and test/ that have "
            "them; a .npz file; or a .csv file of paths and labels. Without it the study is on generated digits."
        ),
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="Folder of the test images, where --images is that of training.")
    ] = None,
    size: Annotated[int, typer.Option(min=0, help="Scale images to so many pixels; 0: at most 64.")] = 0,
) -> None:
    """Write a commented study, which runs as it is: report/studies/NAME.py, and NAME.qmd for prose of your own."""
    from convscope.course.new_study import write_study

    root = find_root(Path.cwd())
    written = write_study(root, name, images, test, size)
    for line in written.said:
        print(line)
    for file in written.files:
        print(f"Written  {file.relative_to(root)}")
    print(f"Try it   make all STUDIES={name} PROFILE=smoke")


@app.command("install-quarto")
def install_quarto() -> None:
    """Try once to install Quarto with pip; the report is rendered with Pandoc and Typst where that fails."""
    from convscope.report.quarto import install

    found = install(Path(sys.prefix) / "quarto.json")
    print(f"Quarto: {found or 'not found here; Pandoc and Typst render the report'}")


app.add_typer(deploy_app, name="deploy")
app.add_typer(course_app, name="course")
app.command("serve-model")(serve_model)
app.command("diff")(diff)
app.command("verify")(verify)


def _where_to_look(project: Project) -> None:
    build = project.build.relative_to(project.root)
    print(f"\nReport   {build}/report/report.html\n         {build}/report/report.pdf; its supplement beside it")
    print(f"Site     {build}/site/index.html   (make serve PROFILE={project.profile} shows it in a browser)")
    print(f"Jupyter  {build}/notebooks/   (a notebook for each study)")
    print(f"Numbers  {build}/metrics.json")
    print(f"Grade    {build}/grade.json   (make grade PROFILE={project.profile} shows it)")
