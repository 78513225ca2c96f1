"""Options that commands share, and the project that they describe."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from convscope.build.project import PUBLISHED, Project
from convscope.checkout import find_root
from convscope.errors import ConvscopeError
from convscope.report.backend import chosen_backend
from convscope.runs.executors import executor_named
from convscope.studies import PROFILES, STUDIES

SHARED: dict[str, tuple[type, Any, str]] = {  # options of several commands: type, default, description
    "profile": (
        str,
        "quick",
        "How much is run: **smoke** (generated digits, seconds, no network), **quick** (real data, a preview in "
        "minutes), **full** (reference budgets, 10 seeds, hours), **published** (trains nothing: the results in the "
        "checkout).",
    ),
    "studies": (str, "", f"Studies to run, separated by spaces; all by default: {' '.join(STUDIES)}."),
    "jobs": (int, 0, "Training processes, one thread each; 0 takes one a core."),
    "device": (str, "auto", "auto (an NVIDIA GPU where there is one), cpu, cuda, mps."),
    "strict": (
        bool,
        False,
        "Fail when a data set is not available, instead of leaving its studies out; and hand in nothing that is not "
        "committed.",
    ),
    "executor": (
        str,
        "processes",
        "Where runs are trained: processes, here (in this process, for a debugger), or a class of your own, "
        "package.module:Class.",
    ),
    "backend": (str, "auto", "What renders HTML and PDF: auto (Quarto where it is), quarto, pandoc."),
    "deploy": (
        bool,
        True,
        "Deploy a trained run to an emulator of SageMaker on this machine: no AWS, no cost. 0 leaves it out.",
    ),
}
OF_DATA = ("profile", "studies", "strict")
OF_TRAINING = ("profile", "studies", "jobs", "device", "strict", "executor")
OF_A_BUILD = (*OF_TRAINING, "backend", "deploy")
Command = Callable[..., None]


def project_command(app: typer.Typer, name: str, *shared: str, description: str = "") -> Callable[[Command], Command]:
    """Make a function a command of an app, with options of `SHARED`; it gets the project of these."""

    def decorate(function: Command) -> Command:
        own = dict(list(inspect.signature(function, eval_str=True).parameters.items())[1:])
        parameters = {option: _parameter(option) for option in shared} | own

        def command(**given: Any) -> None:
            function(_project(**{option: given.pop(option) for option in shared}), **given)

        command.__signature__ = inspect.Signature(list(parameters.values()))  # type: ignore[attr-defined]
        command.__annotations__ = {option: parameter.annotation for option, parameter in parameters.items()}
        app.command(name, help=description or function.__doc__)(command)
        return function

    return decorate


def _parameter(option: str) -> inspect.Parameter:
    """Return an option of `SHARED` as a parameter: `make` gives it by the environment variable of its name."""
    kind, default, description = SHARED[option]
    least = 0 if kind is int else None
    given = Annotated[kind, typer.Option(envvar=option.upper(), min=least, help=description)]  # type: ignore[valid-type]
    return inspect.Parameter(option, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=given, default=default)


def _project(*, profile: str = "full", backend: str = "auto", executor: str = "processes", **options: Any) -> Project:
    """Return the project that options describe; words that are unknown are refused now, not after hours of training."""
    if profile not in (*PROFILES, PUBLISHED):
        raise ConvscopeError(f"PROFILE is {profile!r}; it must be one of {', '.join((*PROFILES, PUBLISHED))}.")
    chosen_backend(backend)  # type: ignore[arg-type]
    executor_named(executor)
    return Project(find_root(Path.cwd()), profile, backend=backend, executor=executor, **options)  # type: ignore[arg-type]
