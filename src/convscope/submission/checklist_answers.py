"""Answers to the checklists, each computed from what was built.

What a build cannot know about itself (who consented, who was paid) follows from what it holds: public or generated
images, and no people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from convscope.runs.store import RunStore
from convscope.specs import to_json
from convscope.submission.artefacts import Absent, Evidence, Part
from convscope.submission.chapters import Build

Answer = Literal["yes", "no", "not applicable"]


@dataclass(frozen=True)
class Answered:
    """An answer, what it follows from, and where that is."""

    answer: Answer
    because: str
    evidence: tuple[Evidence, ...] = ()


def _yes(because: str, *found: Part | Evidence) -> Answered:
    return Answered("yes", because, tuple(part.evidence if isinstance(part, Part) else part for part in found))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


# ---------------------------------------------------------------- reproducibility


def claims(build: Build) -> Answered:
    """Count claims and verdicts."""
    declared = build.metrics["claims"].values()
    if not declared:
        raise Absent("no claim is declared; add some to the study")
    section = build.report.part("sec-claims")
    decided = sum(claim["verdict"] != "inconclusive" for claim in declared)
    return _yes(
        f"{_counted(len(declared), 'claim')} with a verdict computed from the results; {decided} decided, the others "
        "are called inconclusive. The wording of the text follows from the verdict.",
        section,
    )


def limitations(build: Build) -> Answered:
    """Look for what the text says it does not show."""
    sections = [build.report.part("sec-limits")]
    sections[0].must_say({"what is not shown": "does not show"})
    for chapter in build.comparisons:
        section = chapter.section("interpretation")
        if "limits" in section.prose.lower():
            sections.append(section)
    return _yes("A section says what this does not show; chapters name limits of their own.", *sections)


def theory(build: Build) -> Answered:
    """Name the formulas; nothing is proved."""
    equations = [name for name in ("eq-convolution", "eq-output-size") if build.report.has(name)]
    return Answered(
        "not applicable",
        f"No theorem is claimed. The report states definitions and {_counted(len(equations), 'known formula')}, with "
        "their sources, and proves nothing.",
        tuple(build.report.part(name).evidence for name in equations),
    )


def reproducible(build: Build) -> Answered:
    """Count the runs that are named by a key."""
    lock = build.file(build.root / "requirements.lock")
    runs = {run for chapter in build.chapters for v in chapter.study["variants"].values() for run in v["runs"]}
    if not runs:
        raise Absent("no run is named by its key")
    return _yes(
        f"{_counted(len(runs), 'run')}, each named by a hash of its specification, data and arithmetic; one command "
        "repeats them, and versions are locked.",
        lock, build.file(build.root / "Makefile"), build.report.part("sec-methods"),
    )  # fmt: skip


def open_access(build: Build) -> Answered:
    """Tell public and generated data from folders of one's own."""
    sources = {name: facts["source"] for name, facts in build.metrics["datasets"].items()}
    folders = [name for name, source in sources.items() if source == "folder"]
    if folders:
        raise Absent(f"the images in {', '.join(folders)} are a folder of your own; say where others find them")
    return _yes(
        f"The code is here under an open licence; the data ({', '.join(sources)}) are public or generated, and are "
        "fetched and verified by `make data`.",
        build.file(build.root / "LICENSE"), build.file(build.root / "data" / "README.md", "data/README.md"),
    )  # fmt: skip


def details(build: Build) -> Answered:
    """Look for settings beside the results."""
    sections = [build.report.part("sec-methods")]
    for chapter in build.comparisons:
        section = chapter.section("results")
        section.must_show(*(f"{chapter.at}/training/{what}" for what in ("epochs", "batch_size")))
        sections.append(section)
    return _yes("Splits, optimiser, learning rate, batch size and epochs stand with the results.", *sections)


def error_bars(build: Build) -> Answered:
    """Look for intervals over several seeds."""
    few = [chapter.title for chapter in build.experimental if chapter.study["seeds"] < 2]
    if few:
        raise Absent(f"one seed alone in {', '.join(few)}")
    tables = [chapter.table("against-baseline") for chapter in build.comparisons]
    for chapter, table in zip(build.comparisons, tables, strict=True):
        table.must_show(f"{chapter.at}/against_baseline/0/interval")
    seeds = {chapter.study["seeds"] for chapter in build.experimental}
    return _yes(
        f"95 % intervals over {' or '.join(map(str, sorted(seeds)))} seeds and over test images, standard deviations, "
        "and a sign-flip test; the report says how they are made.",
        *tables, build.report.part("sec-methods"),
    )  # fmt: skip


def compute(build: Build) -> Answered:
    """Name machines and add up training times."""
    machines = build.metrics["environment"]["machines"]
    timings = build.metrics["timings"]["studies"]
    seconds = sum(sum(variant["train_seconds"]["values"]) for study in timings.values() for variant in study.values())
    if not machines or not seconds:
        raise Absent("neither machine nor time is known")
    listed = "; ".join(
        f"{machine['processor']}, {machine['cores']} cores, {machine['mode']['dtype']} on {machine['mode']['device']}"
        for machine in machines
    )
    table = build.report.part("tbl-provenance")
    table.must_show("/environment/machines/0/processor")
    return _yes(f"{listed}. All runs together trained for {seconds / 3600:.2f} hours of one core or device.", table)


def ethics(build: Build) -> Answered:
    """Look for the data sheets."""
    people = sorted(name for name, facts in build.metrics["datasets"].items() if facts["source"] == "folder")
    if people:
        raise Absent(f"only you know whether the images in {', '.join(people)} may be used")
    return _yes(
        "No experiment involves people. What is known of the origin of each data set stands in its data sheet.",
        build.report.part("sec-datasheets"),
    )


def impact(build: Build) -> Answered:
    """Say how small the networks are."""
    return Answered(
        "not applicable",
        f"Networks of at most {_largest(build):,} parameters, trained on small standard images to compare layers; none "
        "is meant for use.",
    )


def safeguards(build: Build) -> Answered:
    """Say what is released."""
    return Answered(
        "not applicable",
        "Nothing that could be misused is released: data known before or generated, and networks of at most "
        f"{_largest(build):,} parameters.",
    )


def _largest(build: Build) -> int:
    return max(
        (variant["parameters"] for chapter in build.chapters for variant in chapter.study["variants"].values()),
        default=0,
    )


def licences(build: Build) -> Answered:
    """List the licence of each data set."""
    for name, facts in build.metrics["datasets"].items():
        if not facts["licence"].strip():
            raise Absent(f"the licence of {name} is not named")
    facts_of = build.metrics["datasets"].values()
    listed = "; ".join(dict.fromkeys(f"{facts['title']}: {facts['licence']}" for facts in facts_of))
    return _yes(
        f"Each data set is cited, with what is known of its licence. {listed}.", build.report.part("sec-datasheets")
    )


def new_assets(build: Build) -> Answered:
    """Look for what documents the code and its results."""
    return _yes(
        "The code is documented, with a licence; every number of the report is in metrics.json, which has a schema.",
        build.file(build.root / "README.md"),
        build.file(build.root / "LICENSE"),
        build.file(build.folder / "metrics.json"),
    )  # fmt: skip


def no_people(build: Build) -> Answered:
    """Say where the data come from."""
    titles = dict.fromkeys(facts["title"] for facts in build.metrics["datasets"].values())
    return Answered(
        "not applicable",
        f"The data ({', '.join(titles)}) existed before, or were drawn by a program; for this work nobody was asked, "
        "paid or observed.",
    )


def language_models(build: Build) -> Answered:
    """List the kinds of layers that the networks consist of."""
    kinds = {
        layer["type"]
        for chapter in build.chapters
        for model in chapter.models.values()
        for layer in to_json(model)["layers"]
    }
    return Answered(
        "not applicable",
        f"No method uses a language model: the networks consist of {', '.join(sorted(kinds))}. If one helped you to "
        "write, say so where your institution asks for it.",
    )


# ---------------------------------------------------------------- completeness of code


def dependencies(build: Build) -> Answered:
    """Count packages that are pinned by a hash."""
    lock = build.root / "requirements.lock"
    found = build.file(lock)
    packages = [line for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line and line[0] not in " #"]
    if not packages or "--hash=sha256:" not in lock.read_text(encoding="utf-8"):
        raise Absent("requirements.lock pins no package by its hash")
    return _yes(
        f"{len(packages)} packages, each with version and hash.", found, build.file(build.root / "pyproject.toml")
    )


def _targets(build: Build, *wanted: str) -> Evidence:
    makefile = build.root / "Makefile"
    found = build.file(makefile)
    lines = makefile.read_text(encoding="utf-8").splitlines()
    for target in wanted:
        if not any(line.startswith(f"{target}:") for line in lines):
            raise Absent(f"the Makefile has no target {target}")
    return found


def code_of(*wanted: str, folder: str) -> Callable[[Build], Answered]:
    """Return the answer for a floor of the package, and the targets that use it."""

    def answer(build: Build) -> Answered:
        package = build.root / "src" / "convscope" / folder
        files = sorted(package.rglob("*.py"))
        if not files:
            raise Absent(f"there is no {Path('src', 'convscope', folder)}")
        commands = " and ".join(f"`make {target}`" for target in wanted)
        return _yes(
            f"{_counted(len(files), 'module')} in src/convscope/{folder}; {commands}.", _targets(build, *wanted)
        )

    return answer


def weights(build: Build) -> Answered:
    """Count the runs whose weights are stored."""
    runs = {run for chapter in build.chapters for v in chapter.study["variants"].values() for run in v["runs"]}
    store = RunStore(build.root / "build" / "runs")
    kept = [run for run in runs if store.state(run)]
    if len(kept) < len(runs) or not runs:
        raise Absent(f"the weights of {len(kept)} of {len(runs)} runs are here; `make train` makes the others")
    return _yes(
        f"The weights of all {len(runs)} runs lie in build/runs. They are not part of the repository; "
        "`convscope serve-model` serves one."
    )


def readme(build: Build) -> Answered:
    """Look for results and commands in README.md."""
    readme = build.root / "README.md"
    found = build.file(readme)
    text = readme.read_text(encoding="utf-8")
    results = text.partition("<!-- results")[2].partition("<!-- end of results")[0]
    if not any(line.startswith("|") and "%" in line for line in results.splitlines()) or "make all" not in text:
        raise Absent("README.md has no table of results, or not the command that makes them")
    return _yes("README.md has a table of results and the commands that make them.", found)
