"""Define, train and compare from a notebook or a script: what ``import convscope`` gives beside the declarations."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

from convscope.analysis.metrics import Analysis
from convscope.analysis.records import Claim
from convscope.analysis.study_records import StudyRun
from convscope.runs.check import check_data
from convscope.runs.environment import cores
from convscope.runs.execute import execute
from convscope.runs.executors import executor_named
from convscope.runs.plan import plan
from convscope.runs.results import trained_here
from convscope.runs.store import RunStore
from convscope.studies.study import Profile, Study

Row = dict[str, str]


def train(
    study: Study,
    profile: Profile | None = None,
    folder: Path | str = ".",
    *,
    jobs: int = 0,
    executor: str = "processes",
) -> None:
    """Train the runs of a study that are not there yet.

    Parameters
    ----------
    study
        What to train.
    profile
        Which of its budgets; None takes the first.
    folder
        Results go to ``build/runs`` in it, data sets to ``data``: with the folder of a checkout, those of the command
        line are found again.
    jobs
        How many at a time; 0 takes one a core.
    executor
        ``"processes"``, or ``"here"`` for one after the other in this process.

    Raises
    ------
    ConvscopeError
        The data do not fit the networks, or a run failed.
    """
    store, data_folder = _places(folder)
    todo = store.missing(plan([study], profile or _first(study)).values())
    if todo:
        check_data(todo, data_folder)
        execute(todo, store, data_folder, jobs or cores(), executor_named(executor))


def results(study: Study, profile: Profile | None = None, folder: Path | str = ".") -> StudyResults:
    """Compare the trained variants of a study and decide its claims.

    Parameters
    ----------
    study, profile, folder
        As for `train`, which comes first.

    Raises
    ------
    UnreadableResult
        A run is not trained.
    """
    store, data_folder = _places(folder)
    chosen = profile or _first(study)
    analysis = Analysis(chosen)
    analysis.add(trained_here(study, chosen, store, data_folder))
    metrics = analysis.metrics()
    return StudyResults(metrics.ran[study.id], metrics.claims)


@dataclass(frozen=True)
class StudyResults:
    """What the runs of a study gave: shown as a table, and as the numbers behind it.

    Parameters
    ----------
    study, claims
        The study's part of metrics.json, and its claims with their verdicts.
    """

    study: StudyRun
    claims: dict[str, Claim]

    @property
    def rows(self) -> list[Row]:
        """One row a variant: parameters, accuracy and gain over the baseline, in per cent with 95 % intervals."""
        gains = {row.a: row for row in self.study.against_baseline}
        return [
            {
                "variant": variant.title,
                "parameters": f"{variant.parameters:,}",
                "accuracy": _with_interval(variant.test_accuracy.mean, variant.test_accuracy.interval),
                "gain": _with_interval(gains[name].effect, gains[name].interval, "+") if name in gains else "",
            }
            for name, variant in self.study.variants.items()
        ]

    @property
    def verdicts(self) -> list[Row]:
        """One row a claim: what is claimed, and whether the runs support it."""
        return [{"claim": claim.statement, "verdict": claim.verdict} for claim in self.claims.values()]

    def __str__(self) -> str:
        return "\n\n".join(_as_text(table) for table in (self.rows, self.verdicts) if table)

    def _repr_html_(self) -> str:
        return "".join(_as_html(table) for table in (self.rows, self.verdicts) if table)


def _with_interval(value: float, interval: tuple[float, float] | None, sign: str = "") -> str:
    bounds = f" ({100 * interval[0]:{sign}.1f} to {100 * interval[1]:{sign}.1f})" if interval else ""
    return f"{100 * value:{sign}.1f} %{bounds}"


def _as_text(rows: list[Row]) -> str:
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in rows[0]}
    lines = [{name: name for name in rows[0]}, *rows]
    return "\n".join("  ".join(line[name].ljust(width) for name, width in widths.items()).rstrip() for line in lines)


def _as_html(rows: list[Row]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row.values()) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _first(study: Study) -> Profile:
    return next(iter(study.budgets))


def _places(folder: Path | str) -> tuple[RunStore, Path]:
    root = Path(folder).resolve()
    return RunStore(root / "build" / "runs"), root / "data"
