"""One profile's build in one checkout: what was asked for, where everything lies, which runs it needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from convscope.datasets.availability import why_unavailable
from convscope.deployment.stage import published_run
from convscope.errors import DatasetUnavailable
from convscope.printable import must_be_printable
from convscope.report.backend import Backend
from convscope.runs.environment import cores
from convscope.runs.plan import PlannedRun, plan, plan_study
from convscope.runs.published import PublishedRuns
from convscope.runs.speed import Speed
from convscope.runs.store import RunStore
from convscope.specs import Table
from convscope.stages import say
from convscope.studies import Profile, Study, select

PUBLISHED: Literal["published"] = "published"


@dataclass(frozen=True)
class Project:
    """One profile's build in one checkout."""

    root: Path  # of the checkout: it holds ``report/``, ``site/``, ``data/``; ``build/`` is made there
    # how much is run; ``published`` runs nothing and takes the results in data/published/
    profile: Profile | Literal["published"] = "quick"
    studies: str = ""  # names, separated by spaces or commas; empty for all
    jobs: int = 0  # training processes; 0 takes one a core
    device: str = "auto"  # ``auto``, ``cpu``, ``cuda``, ``mps``
    strict: bool = False  # a data set that is not available is an error
    backend: Backend = "auto"  # what renders HTML and PDF
    deploy: bool = True  # whether a trained run is deployed to the local emulator
    executor: str = "processes"  # where runs are trained (`convscope.runs.executors`)

    @property
    def build(self) -> Path:
        """Everything generated for this profile."""
        return self.root / "build" / self.profile

    @property
    def data_folder(self) -> Path:
        """Where data sets are kept."""
        return self.root / "data"

    @property
    def store(self) -> RunStore:
        """Results of runs; all profiles share them."""
        return RunStore(self.root / "build" / "runs")

    @property
    def published_folder(self) -> Path:
        """Results of a long run, kept in the repository."""
        return self.root / "data" / "published"

    @property
    def published(self) -> PublishedRuns:
        """The runs that the repository keeps."""
        return PublishedRuns(self.published_folder)

    @property
    def evidence_folders(self) -> tuple[Path, ...]:
        """Where evidence of deployments lies: of this build, and of one on AWS that is kept in the repository."""
        return (self.build / "deployment", self.published_folder / "deployment")

    @cached_property
    def speed(self) -> Speed:
        """What is known of this machine's speed."""
        return Speed(self.root / "build" / ".speed.json")

    @property
    def processes(self) -> int:
        """How many processes work at a time."""
        return self.jobs or cores()

    @property
    def budgets(self) -> Profile:
        """Profile whose budgets apply: published results are those of the full one."""
        return "full" if self.profile == PUBLISHED else self.profile

    @cached_property
    def selected(self) -> tuple[Study, ...]:
        """The studies asked for; without names, all that are part of the profile.

        Raises SpecError: the report could not show a title or question, which an edit may have changed after training.
        """
        studies = select(self.studies, self.root / "report" / "studies")
        selected = tuple(study for study in studies if self.studies.strip() or self.budgets in study.budgets)
        for study in selected:
            of_study = f"of study {study.id!r}"
            must_be_printable(f"The title {of_study}", study.title)
            must_be_printable(f"The question {of_study}", study.question)
            for kind, parts in (("variant", study.variants), ("experiment", study.experiments)):
                for part in parts:
                    must_be_printable(f"The title of {kind} {part.id!r} {of_study}", part.title)
            for experiment in study.experiments:
                must_be_printable(f"The question of experiment {experiment.id!r} {of_study}", experiment.question)
            for claim in study.claims:
                must_be_printable(f"The statement of claim {claim.id!r} {of_study}", claim.statement)
        return selected

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let no other command work on this checkout's builds at the same time; wait where one does."""
        from filelock import FileLock, Timeout

        (self.root / "build").mkdir(exist_ok=True)
        lock = FileLock(self.root / "build" / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say("Another command builds in this checkout; this one waits for it.")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def find_data(self, *, again: bool = False) -> dict[str, str]:
        """Look for the data sets that the profile needs, and fetch what is missing.

        Raises DatasetUnavailable: in strict mode.

        Parameters
        ----------
        again
            Look again for what was not available a short while ago.

        Returns
        -------
        dict
            Why not, by the id of each study whose data set is not available.
        """
        reasons: dict[str, str] = {}
        if self.profile == PUBLISHED:
            return reasons
        for study in self.selected:
            name = study.budget(self.budgets).data(study.data).dataset
            if isinstance(name, str):
                memory = self.root / "build" / "data" / f"{name}.json"
                reason = why_unavailable(name, self.data_folder, memory, again=again)
                if reason and self.strict:
                    raise DatasetUnavailable(reason, "STRICT=1 makes this an error; without it the study is left out.")
                if reason:
                    reasons[study.id] = reason
        return reasons

    def available(self) -> list[Study]:
        """Return the studies whose data set is here."""
        left_out = self.find_data()
        return [study for study in self.selected if study.id not in left_out]

    def planned(self) -> dict[str, PlannedRun]:
        """Return the runs of the profile by key, without the studies whose data set is not available."""
        if self.profile == PUBLISHED:
            return {}
        return plan(self.available(), self.budgets, self.device)

    def missing(self) -> list[PlannedRun]:
        """Return the runs that are still to be trained."""
        return self.store.missing(self.planned().values())

    def train(self) -> None:
        """Train what is missing."""
        todo = self.missing()
        if todo and len(todo) < (planned := len(self.planned())):
            print(f"{planned - len(todo)} of {planned} runs are there already.", file=sys.stderr)
        self.execute(todo)

    def execute(self, runs: list[PlannedRun]) -> None:
        """Train runs, once it is clear that nothing stands against them."""
        if not runs:
            return
        from convscope.runs.check import check_data
        from convscope.runs.execute import execute
        from convscope.runs.executors import executor_named

        check_data(runs, self.data_folder)
        execute(runs, self.store, self.data_folder, self.processes, executor_named(self.executor), speed=self.speed)

    def deployed(self) -> PlannedRun | None:
        """Return the run that is deployed: the reference network of the first study on images.

        Of published results it is one whose weights are kept, where its data set is on this machine.
        """
        studies = sorted(self.selected, key=lambda study: study.id != "fashion")
        if self.profile == PUBLISHED:
            found = (
                published_run(study, study.reference, self.published_folder, self.data_folder) for study in studies
            )
            return next(filter(None, found), None)
        runs = self.planned().values()
        for study in studies:
            for run in runs:
                of_images = not isinstance(run.spec.data.dataset, Table)
                if of_images and (run.study, run.variant, run.spec.seed) == (study.id, study.reference, 0):
                    return run
        return None

    def explored(self, study: str, variant: str) -> PlannedRun | None:
        """Return the run of seed 0 that the site's explorer shows; None where the build has no such network."""
        for selected in self.selected:
            if selected.id == study and any(each.id == variant for each in selected.variants):
                return plan_study(selected, self.budgets, self.device, 1)[variant][0]
        return None
