"""The whole way of the data: study, runs, metrics.json, figures, report, site; each step only when it is due.

Nothing heavy is imported until a step has work to do: the check that everything is up to date takes well under a
second and imports no torch.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import convscope
from convscope.datasets.availability import why_unavailable
from convscope.errors import ConvscopeError, DatasetUnavailable, ReportError
from convscope.files import digest, digest_of_files, replacing, write_json
from convscope.report.backend import Backend, choose
from convscope.report.origins import repository_of
from convscope.runs.environment import commit, cores
from convscope.runs.plan import PlannedRun, plan, plan_study
from convscope.runs.store import RunStore, UnreadableResult
from convscope.specs import ImageFolder, Table
from convscope.stages import Stage, files_below
from convscope.studies import Profile, Study, select

PACKAGE = Path(convscope.__file__).parent
# Each step depends on the code of its floor and of the floors below it.
_GROUND = (
    "specs",
    "files.py",
    "errors.py",
    "studies",
    "datasets",
    "models",
    "engines",
    "runs",
    "analysis",
)
PUBLISHED: Literal["published"] = "published"
RESULT_FILES = ("metrics.json", "pictures.safetensors")
VERDICTS = "verdicts.json"  # beside them: the verdicts, and which of them flipped
EVIDENCE_FILES = ("evidence.json", "page.md")
# What the grade sheet looks at beside the build.
HANDED_IN = ("README.md", "LICENSE", "Makefile", "pyproject.toml", "requirements.lock", "data/README.md")


@dataclass(frozen=True)
class Pipeline:
    """One profile's build in one checkout.

    Parameters
    ----------
    root
        Of the checkout: it holds ``report/``, ``site/``, ``data/``; ``build/`` is made there.
    profile
        How much is run; ``published`` runs nothing and takes the results in data/published/.
    studies
        Names, separated by spaces or commas; empty for all.
    jobs
        Training processes; 0 takes one a core.
    device
        ``auto``, ``cpu``, ``cuda``, ``mps``.
    strict
        A data set that is not to be had is an error.
    backend
        What renders HTML and PDF.
    """

    root: Path
    profile: Profile | Literal["published"] = "quick"
    studies: str = ""
    jobs: int = 0
    device: str = "auto"
    strict: bool = False
    backend: Backend = "auto"

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
    def evidence_folders(self) -> tuple[Path, ...]:
        """Where evidence of deployments lies: of this build, and of one on AWS that is kept in the repository."""
        return (self.build / "deployment", self.published_folder / "deployment")

    @property
    def published_folder(self) -> Path:
        """Results of a long run, kept in the repository."""
        return self.root / "data" / "published"

    @cached_property
    def selected(self) -> tuple[Study, ...]:
        """The studies asked for; without names, all that are part of the profile."""
        if self.studies.strip():
            return select(self.studies, self.root / "report" / "studies")
        return tuple(study for study in select() if self._budgets in study.budgets)

    @property
    def _budgets(self) -> Profile:
        """Profile whose budgets apply: published results are those of the full one."""
        return "full" if self.profile == PUBLISHED else self.profile

    # ------------------------------------------------------------ data

    def find_data(self, *, again: bool = False) -> dict[str, str]:
        """Look for the data sets that the profile needs, and fetch what is missing.

        Parameters
        ----------
        again
            Look again for what was not to be had a short while ago.

        Returns
        -------
        dict
            Why not, by the id of each study whose data set is not to be had.

        Raises
        ------
        DatasetUnavailable
            In strict mode.
        """
        reasons: dict[str, str] = {}
        if self.profile == PUBLISHED:
            return reasons
        for study in self.selected:
            name = study.budget(self._budgets).data(study.data).dataset
            if isinstance(name, str):
                memory = self.root / "build" / "data" / f"{name}.json"
                reason = why_unavailable(name, self.data_folder, memory, again=again)
                if reason and self.strict:
                    raise DatasetUnavailable(reason, "STRICT=1 makes this an error; without it the study is left out.")
                if reason:
                    reasons[study.id] = reason
        return reasons

    # ------------------------------------------------------------ training

    def planned(self) -> dict[str, PlannedRun]:
        """Return the runs of the profile by key, without the studies whose data set is not to be had."""
        if self.profile == PUBLISHED:
            return {}
        left_out = self.find_data()
        return plan([s for s in self.selected if s.id not in left_out], self._budgets, self.device)

    def train(self) -> None:
        """Train what is missing."""
        runs = self.planned()
        todo = [run for run in runs.values() if self.store.state(run.key) is None]
        if not todo:
            return
        from convscope.runs.execute import execute  # noqa: PLC0415

        if len(todo) < len(runs):
            print(f"{len(runs) - len(todo)} of {len(runs)} runs are there already.", file=sys.stderr)
        execute(todo, self.store, self.data_folder, self.jobs or cores())

    # ------------------------------------------------------------ stages

    def metrics_stage(self) -> Stage:
        """Results to metrics.json and the pictures beside it; published ones are taken as they are."""
        outputs = [self.build / name for name in RESULT_FILES]

        def inputs() -> str:
            if self.profile == PUBLISHED:
                return digest_of_files(self.published_folder / name for name in RESULT_FILES)
            states = [f"{key} {self.store.state(key)}" for key in self.planned()]
            left_out = json.dumps(self.find_data(), sort_keys=True)
            return digest([self._code(*_GROUND), *states, left_out, self.studies])

        def work() -> None:
            if self.profile == PUBLISHED:
                self._take_published()
            else:
                self._analyse(self.build, dict.fromkeys(study.id for study in self.selected))
            self._note_verdicts()

        stage = self._stage("metrics", inputs, [*outputs, self.build / VERDICTS], work)
        return replace(stage, before_overwriting=self._refuse_contradictions)

    def _note_verdicts(self) -> None:
        """Keep the verdicts for the next build, and say which flipped since the previous one."""
        from convscope.analysis.changes import described, note_verdicts  # noqa: PLC0415

        metrics = json.loads((self.build / RESULT_FILES[0]).read_bytes())
        print(described(note_verdicts(metrics, self.build / VERDICTS)), file=sys.stderr)

    def _refuse_contradictions(self) -> None:
        """Stop where metrics.json was edited so that it contradicts itself, rather than silently write it anew.

        Raises
        ------
        ReportError
            A number or verdict in it does not follow from the others. A file that cannot be read says nothing wrong.
        """
        from convscope.analysis.integrity import check_consistency  # noqa: PLC0415
        from convscope.analysis.metrics_file import validate  # noqa: PLC0415

        try:
            metrics = json.loads((self.build / RESULT_FILES[0]).read_bytes())
            validate(metrics)
        except (OSError, ValueError, ReportError):
            return
        check_consistency(metrics)

    def _analyse(self, folder: Path, seeds: dict[str, int | None]) -> None:
        """Write metrics.json and pictures; a damaged result is reported, removed and trained again.

        Parameters
        ----------
        folder
            Where to write.
        seeds
            Take the first so many seeds of a study; None takes all of the profile.
        """
        from convscope.analysis.metrics import Analysis  # noqa: PLC0415
        from convscope.analysis.pictures import write_pictures  # noqa: PLC0415

        left_out = self.find_data()
        analysis = Analysis(self._budgets, self.store, self.data_folder, self.device)
        for study in self.selected:
            if study.id in left_out:
                analysis.leave_out(study, left_out[study.id])
            elif seeds[study.id] == 0:
                analysis.leave_out(study, "No seed of it is complete yet.")
            else:
                try:
                    analysis.add(study, seeds[study.id])
                except UnreadableResult as error:
                    print(f"metrics: {error.message} It is trained again.", file=sys.stderr)
                    self.store.discard(error.key)
                    self.train()
                    return self._analyse(folder, seeds)
        write_pictures(folder / RESULT_FILES[1], analysis.pictures)
        write_json(folder / RESULT_FILES[0], analysis.metrics())
        return None

    def _take_published(self) -> None:
        for name in RESULT_FILES:
            if not (self.published_folder / name).is_file():
                raise ConvscopeError(
                    f"PROFILE is 'published', but {self.published_folder} has no {name}.",
                    "`make all PROFILE=full` and then `make publish` put it there.",
                )
        from convscope.analysis.metrics_file import read_metrics  # noqa: PLC0415

        read_metrics(self.published_folder / RESULT_FILES[0])
        for name in RESULT_FILES:
            with replacing(self.build / name) as temporary:
                shutil.copyfile(self.published_folder / name, temporary)

    def publish(self) -> dict[str, int | None]:
        """Write the results of the full profile to data/published/, with those seeds of each study that are complete.

        Returns
        -------
        dict
            Number of seeds by study id.
        """
        seeds: dict[str, int | None] = {}
        for study in self.selected:
            variants = plan_study(study, "full", self.device).values()
            complete = [all(self.store.state(run.key) for run in seed) for seed in zip(*variants, strict=True)]
            seeds[study.id] = complete.index(False) if False in complete else len(complete)
        self._analyse(self.published_folder, seeds)
        return seeds

    def figures_stage(self) -> Stage:
        """Metrics to figures."""
        metrics, pictures = (self.build / name for name in RESULT_FILES)
        folder = self.build / "figures"

        def work() -> None:
            from convscope.analysis.metrics_file import read_metrics  # noqa: PLC0415
            from convscope.analysis.pictures import read_pictures  # noqa: PLC0415
            from convscope.figures.draw import draw  # noqa: PLC0415

            draw(read_metrics(metrics), read_pictures(pictures), folder, self.jobs or cores())

        def inputs() -> str:
            return digest([self._code("figures", "specs", "models"), digest_of_files([metrics, pictures])])

        return self._stage("figures", inputs, [folder], work)

    def report_stage(self) -> Stage:
        """Metrics, figures and prose to report.html, report.pdf and the site's page."""
        metrics, figures, output = self.build / "metrics.json", self.build / "figures", self.build / "report"

        def inputs() -> str:
            files = files_below(metrics, self.build / VERDICTS, figures, self.root / "report")
            linked = [commit(self.root), repository_of(self.root)]
            return digest([self._code("report"), digest_of_files(files), *linked, choose(self.backend)])

        def work() -> None:
            from convscope.analysis.metrics_file import read_metrics  # noqa: PLC0415
            from convscope.report.publish import publish  # noqa: PLC0415

            flipped = json.loads((self.build / VERDICTS).read_bytes())["flipped"]
            publish(
                self.root / "report", read_metrics(metrics), figures, output, commit(self.root), flipped=flipped,
                backend=self.backend,
            )  # fmt: skip

        return self._stage("report", inputs, [output], work)

    def deployment_stage(self) -> Stage | None:
        """Turn a trained run into the evidence that it can be deployed; None where nothing was trained here.

        A process of its own, beside the report's: it starts servers, and takes them down whatever ends it.
        """
        run = self._deployed()
        if run is None:
            return None
        folder = self.build / "deployment"

        def inputs() -> str:
            return digest([self._code(*_GROUND, "deployment"), f"{run.key} {self.store.state(run.key)}"])

        def work() -> None:
            command = [
                sys.executable, "-m", "convscope", "deploy", "run", "--study", run.study, "--variant", run.variant,
                "--profile", self.profile, "--device", self.device,
            ]  # fmt: skip
            if subprocess.run(command, cwd=self.root, stdout=subprocess.DEVNULL, check=False).returncode:
                raise ConvscopeError(
                    "The deployment failed; its own message stands above.",
                    "`make deploy` tries it again by itself; `convscope deploy sweep` removes what it left.",
                )

        return self._stage("deployment", inputs, [folder / name for name in EVIDENCE_FILES], work)

    def _deployed(self) -> PlannedRun | None:
        """Return the run that is deployed: the reference network of the first study on a data set of the registry."""
        runs = self.planned().values()
        for study in sorted(self.selected, key=lambda study: study.id != "fashion"):
            for run in runs:
                public = not isinstance(run.spec.data.dataset, ImageFolder | Table)
                if public and (run.study, run.variant, run.spec.seed) == (study.id, study.reference, 0):
                    return run
        return None

    def grade_stage(self) -> Stage:
        """Report, evidence and notebooks to grade.json and its pages: what the assignment asks for, and where it is."""
        outputs = [self.build / "grade.json", self.build / "grade"]

        def inputs() -> str:
            evidence = [folder / name for folder in self.evidence_folders for name in EVIDENCE_FILES]
            built = [self.build / name for name in ("metrics.json", "figures", "report", "notebooks")]
            files = files_below(*built, *evidence, *(self.root / name for name in HANDED_IN))
            return digest([self._code("submission", "specs", "studies", "engines", "models"), digest_of_files(files)])

        def work() -> None:
            from convscope.submission.grade import write_grade  # noqa: PLC0415

            write_grade(self.root, self.build, self.evidence_folders)

        return self._stage("grade", inputs, outputs, work)

    def site_stage(self) -> Stage:
        """Report, grade sheet, documentation and downloads to the site."""
        site, report = self.build / "site", self.build / "report"

        def inputs() -> str:
            evidence = [folder / name for folder in self.evidence_folders for name in EVIDENCE_FILES]
            built = [self.build / name for name in ("metrics.json", "grade.json", "grade")]
            return digest_of_files(files_below(self.root / "site", report, *built, PACKAGE, *evidence))

        def work() -> None:
            from convscope.report.site import build_site  # noqa: PLC0415

            build_site(self.root, self.build, site, self.evidence_folders)

        return self._stage("site", inputs, [site], work)

    def notebooks_stage(self) -> Stage:
        """Report to one executed notebook a study."""
        results = [self.build / name for name in RESULT_FILES]
        folder = self.build / "notebooks"

        def inputs() -> str:
            code = self._code(*_GROUND, "figures", "report", "submission/notebooks")
            files = files_below(*results, self.root / "report")
            return digest([code, digest_of_files(files), repository_of(self.root)])

        def work() -> None:
            from convscope.submission.notebooks.write import write_notebooks  # noqa: PLC0415

            write_notebooks(
                self.build, folder, code=self._code(*_GROUND, "figures", "submission/notebooks"), profile=self.profile,
                repository=repository_of(self.root), jobs=self.jobs or cores(),
            )  # fmt: skip

        return self._stage("notebooks", inputs, [folder], work)

    def notebooks(self) -> dict[str, Path | None]:
        """Return the notebook of each study, None where it was not run."""
        studies = json.loads((self.build / RESULT_FILES[0]).read_bytes())["studies"]
        folder = self.build / "notebooks"
        return {name: folder / f"{name}.ipynb" if study["status"] == "run" else None for name, study in studies.items()}

    def all(self, until: str = "site") -> None:
        """Bring everything up to date, up to and with a step.

        Parameters
        ----------
        until
            ``metrics``, ``figures``, ``report``, ``notebooks`` or ``site``.
        """
        self.find_data()
        self.train()
        with ThreadPoolExecutor(1) as beside:  # the report tells of the deployment, which takes long: it starts first
            deployment = self.deployment_stage() if until not in {"metrics", "figures"} else None
            deployed = beside.submit(deployment.bring_up_to_date) if deployment else None
            for stage in (self.metrics_stage(), self.figures_stage()):
                stage.bring_up_to_date()
                if stage.name == until:
                    return
            failure = deployed.exception() if deployed else None
        if failure:  # the report is rendered without it, and the build still fails
            print(f"deployment: {failure}", file=sys.stderr)
        for stage in (self.report_stage(), self.notebooks_stage(), self.grade_stage(), self.site_stage()):
            stage.bring_up_to_date()
            if stage.name == until:
                break
        if failure:
            raise failure

    def _stage(self, name: str, inputs: Any, outputs: list[Path], work: Any) -> Stage:
        return Stage(name, inputs, outputs, work, self.build / ".stages" / f"{name}.json")

    def _code(self, *parts: str) -> str:
        """Digest of the source code of some parts of this package."""
        return digest_of_files(files_below(*(PACKAGE / part for part in parts)))
