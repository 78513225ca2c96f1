"""The whole build as one table: each step, what it reads, what it writes.

The code of a step is its module `convscope.build.steps.NAME` with all that this imports; the lock file counts for
every step. What a step reads may be what another one writes: that is their order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from convscope.build import facts
from convscope.build.project import Project

LOCK = "requirements.lock"
BUILD = "build/PROFILE/"
METRICS = f"{BUILD}metrics.json"
PICTURES = f"{BUILD}pictures.safetensors"
VERDICTS = f"{BUILD}verdicts.json"  # and which of them flipped since the last build
FIGURES = f"{BUILD}figures"
REPORT = f"{BUILD}report"
NOTEBOOKS = f"{BUILD}notebooks"
EXPLORER = f"{BUILD}explorer"
GRADE = (f"{BUILD}grade.json", f"{BUILD}grade")
ASSIGNMENT = "report/assignment.yml"
SETTINGS = "report/_quarto.yml"  # the language of the document among them
EVIDENCE = (f"{BUILD}deployment/evidence.json",)
KEPT_EVIDENCE = ("data/published/deployment/evidence.json",)
EMULATED_EVIDENCE = ("data/published/emulated/evidence.json",)  # the site shows it where a build has none


@dataclass(frozen=True)
class Step:
    """One row: a step of the build."""

    name: str  # also of its module in `convscope.build.steps`, whose function ``work`` does it
    writes: tuple[str, ...]  # files and folders, from the root of the checkout; PROFILE stands for the profile's name
    reads: tuple[str, ...] = ()  # the same, for what it reads beside its code
    unread: tuple[str, ...] = ()  # patterns of files in the folders of `reads` that it does not look at
    facts: tuple[Callable[[Project], facts.Facts], ...] = ()  # what else it rests on
    # modules that it starts as processes of their own, or writes as code to be run: no import leads there
    starts: tuple[str, ...] = ()
    # runs beside the steps that do not read what it writes; when it fails, the others go on, and the build fails in the
    # end
    beside: bool = False
    seconds: float = 5.0  # that it takes on two idle cores, until it is known how long it takes here

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that its code begins with."""
        return (f"convscope.build.steps.{self.name}", *self.starts)


TABLE = (
    Step(
        "deployment",
        facts=(facts.deployed,),
        starts=(
            "convscope.deployment.stage",
            "convscope.deployment.train_entry",
            "convscope.deployment.serving.__main__",
            "sagemaker_emulator.__main__",
        ),
        writes=EVIDENCE,
        beside=True,
    ),
    Step("metrics", seconds=10, facts=(facts.results,), writes=(METRICS, PICTURES, VERDICTS)),
    Step("figures", seconds=8, reads=(METRICS, PICTURES, SETTINGS, *EVIDENCE, *KEPT_EVIDENCE), writes=(FIGURES,)),
    Step(
        "report",
        reads=(METRICS, VERDICTS, FIGURES, "report", *EVIDENCE, *KEPT_EVIDENCE),
        unread=("report/studies/*.py", ASSIGNMENT),  # what studies declare is in the metrics
        facts=(facts.origin, facts.renderer),
        writes=(REPORT,),
        seconds=12,
    ),
    Step(
        "notebooks",
        reads=(METRICS, PICTURES, REPORT),
        facts=(facts.address,),
        starts=("convscope.figures.draw", "convscope.runs.worker", "convscope.notebooks.results"),
        writes=(NOTEBOOKS,),
        seconds=15,
    ),
    Step(
        "grade",
        reads=(
            METRICS,
            FIGURES,
            REPORT,
            NOTEBOOKS,
            *EVIDENCE,
            *KEPT_EVIDENCE,
            ASSIGNMENT,
            SETTINGS,
            "src",
            "README.md",
            "LICENSE",
            "Makefile",
            "pyproject.toml",
            "data/README.md",
        ),
        writes=GRADE,
    ),
    Step(
        "explorer",
        seconds=20,
        reads=("site/explorer", METRICS, PICTURES),
        facts=(facts.explored,),
        writes=(EXPLORER,),
    ),
    Step(
        "site",
        seconds=15,
        reads=("site", METRICS, REPORT, EXPLORER, *GRADE, *EVIDENCE, *KEPT_EVIDENCE, *EMULATED_EVIDENCE, "src"),
        facts=(facts.published_at,),
        writes=(f"{BUILD}site",),
    ),
)
