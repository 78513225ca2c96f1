"""Do the steps of the table that are due, in the order in which they read what others write."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

from convscope.build.project import Project
from convscope.build.table import LOCK, TABLE, Step
from convscope.code import Code
from convscope.errors import ConvscopeError
from convscope.files import digest, sha256_of
from convscope.stages import Stage, files_below, say


class Runner:
    """The table's steps for one project.

    Nothing heavy is imported until a step has work to do: the check that everything is up to date takes about a
    second and imports no torch.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self._code: Code | None = None

    def all(self, until: str = "site") -> None:
        """Bring everything up to date, up to and with a step.

        Raises ConvscopeError: a step cannot be done. Where one that runs beside others fails, those are done first.
        """
        with self.project.locked():
            self._all(until)

    def _all(self, until: str) -> None:
        project = self.project
        project.find_data()
        self._say_how_long(needed(until))
        project.train()
        self._code = None  # sources may have changed since the last time, as while the site is served
        running: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(1) as pool:
            for step in needed(until):
                if step.beside:
                    if project.deploy and project.deployed():
                        running[step.name] = pool.submit(self.stage(step).bring_up_to_date)
                    continue
                for before in after(step):
                    if before in running:
                        running[before].exception()  # waits
                self.stage(step).bring_up_to_date()
        for name, future in running.items():
            if failure := future.exception():
                raise failure if isinstance(failure, ConvscopeError) else RuntimeError(name) from failure

    def _say_how_long(self, steps: Iterable[Step]) -> None:
        """Measure this machine where it is unknown, and foretell the whole build where there is much to do."""
        project = self.project
        todo = project.missing()
        if not todo and (project.build / "metrics.json").is_file():
            return
        from convscope.runs.executors import executor_named
        from convscope.runs.progress import duration, expected_duration

        speed = project.speed
        speed.measure(todo, executor_named(project.executor))
        training = expected_duration(todo, project.processes, speed.seconds, speed.start) if todo else 0.0
        waited_for = [step for step in steps if not step.beside]
        rest = sum(speed.step(f"{project.profile} {step.name}") or step.seconds for step in waited_for)
        say(f"About {duration(training + rest)} in all: {duration(training)} to train, {duration(rest)} for the rest.")
        if (times := crowded(os.getloadavg()[0], os.cpu_count() or 1, project.processes)) > 1:
            say(f"Other programs keep this machine busy: it may take up to {times} times as long.")

    def due(self) -> dict[str, list[str]]:
        """Return why each step is due, by name: changed inputs; none where it is up to date."""
        self._code = None
        return {step.name: self.stage(step).due() for step in TABLE}

    def stage(self, step: Step) -> Stage:
        """Return a step of the table as a stage of this project."""
        project, module = self.project, f"convscope.build.steps.{step.name}"

        def work() -> None:
            started = time.monotonic()
            import_module(module).work(project, **self._extra(step))
            project.speed.learn_step(f"{project.profile} {step.name}", time.monotonic() - started)

        def before_overwriting() -> None:
            check = getattr(import_module(module), "before_overwriting", None)
            if check:
                check(project)

        return Stage(
            step.name,
            lambda: self._inputs(step),
            [self._path(name) for name in step.writes],
            work,
            project.build / ".stages" / f"{step.name}.json",
            before_overwriting,
        )

    def _inputs(self, step: Step) -> dict[str, str]:
        project = self.project
        read = [file for name in step.reads for file in files_below(self._path(name))]
        names = {file: file.relative_to(project.root).as_posix() for file in [*read, project.root / LOCK]}
        unread = {file for pattern in step.unread for file in project.root.glob(pattern)}
        files = {name: _digest(file) for file, name in names.items() if file not in unread}
        known = (fact(project) for fact in step.facts)
        return self._below(step.modules) | files | {name: value for fact in known for name, value in fact.items()}

    def _below(self, modules: Iterable[str]) -> dict[str, str]:
        self._code = self._code or Code(self.project.root / "build" / ".imports.json")
        return self._code.below(modules)

    def _extra(self, step: Step) -> dict[str, str]:
        """Return what the work of a step takes beside the project: cells of notebooks run when their code changes."""
        if step.name != "notebooks":
            return {}
        return {"code": digest(f"{name} {sha}" for name, sha in self._below(step.starts).items())}

    def _path(self, name: str) -> Path:
        return self.project.root / name.replace("PROFILE", self.project.profile)


def after(step: Step) -> list[str]:
    """Return the names of the steps that write what a step reads."""
    return [other.name for other in TABLE if set(other.writes) & set(step.reads)]


def needed(until: str) -> list[Step]:
    """Return a step and all that it rests on, in order."""
    wanted = {until}
    for step in reversed(TABLE):
        if step.name in wanted:
            wanted.update(after(step))
    return [step for step in TABLE if step.name in wanted]


def _digest(file: Path) -> str:
    return sha256_of(file) if file.is_file() else "missing"


def crowded(load: float, processors: int, processes: int) -> int:
    """Return how many times as long this build may take beside what runs already.

    Examples
    --------
    >>> crowded(7.2, 2, 2), crowded(0.3, 2, 2), crowded(1.0, 16, 8)
    (5, 1, 1)
    """
    return max(1, round((load + processes) / max(processors, processes)))
