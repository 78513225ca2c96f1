"""Negative control: other stored results, another report. Nothing in it is written by hand that they do not decide.

The networks of the Fashion-MNIST study get answers made up for eight seeds: claims are decided without training.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checkout import ROOT, SMOKE_STUDIES, SmokeBuild
from convscope.analysis.changes import note_verdicts
from convscope.analysis.metrics import Analysis
from convscope.analysis.metrics_file import parse
from convscope.datasets.load import load
from convscope.figures.draw import draw
from convscope.figures.registry import Material
from convscope.files import Json, write_json
from convscope.report.document import DOCUMENTS
from convscope.report.fill import fill, fill_plain
from convscope.report.formats import recompute, resolve
from convscope.report.lint import ungrounded_comparisons
from convscope.runs.plan import PlannedRun, plan_study
from convscope.runs.result import RunResult
from convscope.runs.results import trained_here
from convscope.runs.store import RunStore, UnreadableResult
from convscope.studies import STUDIES
from convscope.studies.study import Study

pytestmark = pytest.mark.slow

SEEDS = 8
ACCURACY = {"mlp": 0.80, "cnn3": 0.90, "cnn5": 0.89, "cnn7": 0.88}
SPAN = re.compile(r'\[((?:[^][\\]|\\.|\[[^][]*\])*)\]\{\.value data-source="([^"]*)" data-format="([^"]*)"\}')
# Of a run: what it answered and how it learned. Weights and cost belong to the network.
ANSWERS = ("predictions", "confidences", "test_accuracy", "test_loss", "history", "train_seconds")


@dataclass(frozen=True)
class Built:
    """What comes of stored results: metrics, the filled text of report and claims page, and figures."""

    metrics: Json
    text: str
    claims_page: str
    readme: str
    figures: dict[str, bytes]


@pytest.fixture(scope="module")
def study() -> Study:
    declared = STUDIES["fashion"]
    return replace(declared, budgets={"smoke": replace(declared.budget("smoke"), seeds=SEEDS)})


@pytest.fixture(scope="module")
def planned(study: Study) -> dict[str, tuple[PlannedRun, ...]]:
    return {name: tuple(runs) for name, runs in plan_study(study, "smoke", "auto").items()}


@pytest.fixture(scope="module")
def original(
    smoke_session: SmokeBuild, study: Study, planned: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, RunResult]:
    """Return a result for every run: the smoke build's first, with answers of the accuracy above."""
    trained = RunStore(smoke_session.checkout.runs)
    labels = load(study.budget("smoke").data(study.data).dataset, ROOT).test.labels
    random = np.random.default_rng(0)
    results = {}
    for place, (name, runs) in enumerate(planned.items()):
        like = trained.read(smoke_session.checkout.metrics()["studies"]["fashion"]["variants"][name]["runs"][0])
        for run in runs:
            right = random.random(len(labels)) < ACCURACY[name] + random.normal(0, 0.003)
            predictions = np.where(right, labels, (labels + 1 + random.integers(0, 9, len(labels))) % 10)
            last = like.history[-1]
            accuracy = float((predictions == labels).mean())
            trained_to = replace(last, train_accuracy=accuracy + 0.02 + 0.01 * place + 0.001 * run.spec.seed)
            results[run.key] = replace(
                like, key=run.key, spec=run.spec, predictions=predictions.astype(np.uint8), test_accuracy=accuracy,
                test_loss=1 - accuracy, history=(*like.history[:-1], trained_to), train_seconds=10.0 + place,
            )  # fmt: skip
    return results


def built(study: Study, results: dict[str, RunResult], folder: Path, previous: Built | None = None) -> Built:
    """Store results, analyse them, draw every figure and fill every text, as a build after a previous one does."""
    store = RunStore(folder / "runs")
    for result in results.values():
        store.write(result)
    analysis = Analysis("smoke")
    analysis.add(trained_here(study, "smoke", store, folder))
    found = analysis.metrics()
    metrics = found.as_json()
    figures = folder / "figures"
    draw(Material(found, analysis.pictures), figures)
    if previous:
        note_verdicts(previous.metrics, folder / "verdicts.json")
    flipped = note_verdicts(metrics, folder / "verdicts.json").as_json()["flipped"]
    facts = {"commit": "0123456", "backend": "pandoc", "flipped": flipped}
    fill(ROOT / "report", metrics, figures, facts, folder / "source")
    return Built(
        metrics,
        "".join((folder / "source" / f"{name}.qmd").read_text(encoding="utf-8") for name in DOCUMENTS),
        fill_plain(
            ROOT / "site" / "pages",
            "claims.md",
            metrics,
            claims=metrics["claims"],
            link=lambda label: f"{label}.md",
            has_data=bool,
        ),
        fill_plain(ROOT / "report", "readme.md", metrics, figure=lambda name, _: name),
        {path.name: path.read_bytes() for path in figures.glob("*.svg")},
    )


@pytest.fixture(scope="module")
def before(study: Study, original: dict[str, RunResult], tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built(study, original, tmp_path_factory.mktemp("before"))


@pytest.fixture(scope="module")
def swapped(
    study: Study,
    original: dict[str, RunResult],
    planned: dict[str, tuple[PlannedRun, ...]],
    before: Built,
    tmp_path_factory: pytest.TempPathFactory,
) -> Built:
    """Return what is built when the MLP gave the answers of the CNN and the CNN those of the MLP."""
    results = dict(original)
    for one, other in zip(planned["mlp"], planned["cnn3"], strict=True):
        for key, source in ((one.key, original[other.key]), (other.key, original[one.key])):
            results[key] = replace(original[key], **{name: getattr(source, name) for name in ANSWERS})
    return built(study, results, tmp_path_factory.mktemp("swapped"), before)


@pytest.fixture(scope="module")
def shifted(
    study: Study,
    original: dict[str, RunResult],
    planned: dict[str, tuple[PlannedRun, ...]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Built:
    """Return what is built when one seed of the CNN answered for the image after the one that it was shown."""
    key = planned["cnn3"][3].key
    moved = replace(original[key], predictions=np.roll(original[key].predictions, 1), test_loss=2.5)
    return built(study, original | {key: moved}, tmp_path_factory.mktemp("shifted"))


def values(metrics: Json, variant: str, measure: str = "test_accuracy") -> np.ndarray[Any, Any]:
    return np.array(metrics["studies"]["fashion"]["variants"][variant][measure]["values"])


def by_seed(metrics: Json, measure: str, variant: str) -> np.ndarray[Any, Any]:
    accuracy = values(metrics, variant)
    return accuracy if measure == "accuracy" else values(metrics, variant, "train_accuracy") - accuracy


def errors_removed(metrics: Json, classes: Sequence[int]) -> float:
    """Return the share of the MLP's errors on some classes that the CNN does not make, all seeds together."""
    wrong = {}
    for variant in ("mlp", "cnn3"):
        confusion = np.array(metrics["studies"]["fashion"]["variants"][variant]["confusion"])
        wrong[variant] = sum(confusion[label].sum() - confusion[label, label] for label in classes)
    return float(1 - wrong["cnn3"] / wrong["mlp"])


# ---------------------------------------------------------------- two variants are swapped


def test_swapped_every_number_of_the_two_is_the_others(before: Built, swapped: Built) -> None:
    was, now = (each.metrics["studies"]["fashion"]["variants"] for each in (before, swapped))
    of_the_network = {"title", "model", "parameters", "macs", "layers", "runs", "seeds", "failed"}
    for one, other in (("mlp", "cnn3"), ("cnn3", "mlp"), ("cnn5", "cnn5"), ("cnn7", "cnn7")):
        for part in now[one].keys() - of_the_network:
            assert now[one][part] == was[other][part], (one, part)
            assert (now[one][part] != was[one][part]) == (one != other), (one, part)
        assert {part: now[one][part] for part in of_the_network} == {part: was[one][part] for part in of_the_network}
    times = [each.metrics["timings"]["studies"]["fashion"] for each in (before, swapped)]
    assert times[1]["mlp"]["train_seconds"] == times[0]["cnn3"]["train_seconds"]
    assert times[1]["cnn3"]["train_seconds"] == times[0]["mlp"]["train_seconds"]
    orders = [each.metrics["timings"]["orders"]["fashion"]["ours"] for each in (before, swapped)]
    assert orders == [["mlp", "cnn3", "cnn5", "cnn7"], ["cnn3", "mlp", "cnn5", "cnn7"]]


def test_swapped_every_comparison_turns(before: Built, swapped: Built) -> None:
    compared = 0
    for place in ("against_baseline", "experiments/kernel/comparisons"):
        rows = zip(*(resolve(each.metrics, f"/studies/fashion/{place}") for each in (before, swapped)), strict=True)
        for was, now in rows:
            expected = values(swapped.metrics, now["a"]) - values(swapped.metrics, now["b"])
            assert now["effect"] == pytest.approx(expected.mean())
            for part in ("effect", "interval", "differences"):
                assert now[part] != was[part], (place, now["a"], part)
            compared += 1
    assert compared == 5


def test_swapped_every_verdict_follows(before: Built, swapped: Built, study: Study) -> None:
    claims = before.metrics["claims"], swapped.metrics["claims"]
    verdicts = [{name: claim["verdict"] for name, claim in each.items()} for each in claims]
    assert verdicts[0]["fashion-cnn3-beats-mlp"] == verdicts[0]["fashion-all-cnns-beat-mlp"] == "supported"
    assert verdicts[1]["fashion-cnn3-beats-mlp"] == verdicts[1]["fashion-all-cnns-beat-mlp"] == "refuted"
    assert verdicts[1]["fashion-3x3-best"] == verdicts[1]["fashion-larger-kernels-hurt"] == "refuted"
    for name, claim in claims[1].items():
        if claim["measure"] == "class gain":
            assert claim["effect"] == pytest.approx(-claims[0][name]["effect"])
            continue
        if claim["measure"] == "class gain in errors removed":
            others = [label for label in range(10) if label not in study.look_alikes]
            more = errors_removed(swapped.metrics, study.look_alikes) - errors_removed(swapped.metrics, others)
            assert claim["effect"] == pytest.approx(more)
            assert claim["effect"] != claims[0][name]["effect"]
            continue
        for comparison in claim["comparisons"]:
            expected = by_seed(swapped.metrics, claim["measure"], comparison["a"]) - (
                by_seed(swapped.metrics, claim["measure"], comparison["b"]) if comparison["b"] else 0
            )
            assert comparison["effect"] == pytest.approx(expected.mean()), name
        assert claim["effect"] != claims[0][name]["effect"], name


def test_swapped_the_figures_that_show_the_two_are_drawn_anew(before: Built, swapped: Built) -> None:
    assert before.figures.keys() == swapped.figures.keys()
    changed = {name for name in before.figures if before.figures[name] != swapped.figures[name]}
    from_answers = {"accuracy", "curves", "baseline-curves", "confusion", "class-accuracy", "cost"}
    assert changed == {f"fashion-{name}.svg" for name in from_answers} | {
        "claims.svg", "kernel-cost.svg",
    }  # fmt: skip


def test_swapped_no_text_says_that_the_convolutional_network_won(before: Built, swapped: Built) -> None:
    wordings = {
        outcome: set(re.findall(rf'"fashion-%s-beats-mlp"(?:(?!>>).)*?{outcome}="([^"]*)"', sources(), re.DOTALL))
        for outcome in ("supported", "refuted")
    }
    assert len(wordings["supported"]) == len(wordings["refuted"]) == 2  # chapter, README
    for text, said, unsaid in (
        (before.text + before.readme, "supported", "refuted"),
        (swapped.text + swapped.readme, "refuted", "supported"),
    ):
        assert all(wording in text for wording in wordings[said])
        assert not any(wording in text for wording in wordings[unsaid])
    for page, sign in ((before, "✓ supported"), (swapped, "✗ refuted")):
        section = page.claims_page.split(
            "### On Fashion-MNIST the CNN with 3×3 kernels classifies better than the MLP"
        )[1]
        start = '{#fashion-cnn3-beats-mlp}\n\n<p class="c-verdict">'
        assert section.strip().startswith(f"{start}{sign}")


def test_swapped_what_flipped_is_listed(before: Built, swapped: Built) -> None:
    statement = "On Fashion-MNIST the CNN with 3×3 kernels classifies better than the MLP"
    assert "there is no previous build to compare with" in before.text
    lines = swapped.text.splitlines()
    (line,) = [line for line in lines if statement in line and line.startswith("- ") and " was " in line]
    assert line.endswith("was *supported*, is *refuted*.")


def test_no_template_names_a_winner_by_itself() -> None:
    """The build's own rule, over the README's template too: a comparison rests on a verdict, a passage, a source."""
    assert list(ungrounded_comparisons(sources())) == []


def sources() -> str:
    files = [*sorted((ROOT / "report").rglob("*.qmd")), ROOT / "report" / "readme.md"]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


# ---------------------------------------------------------------- one seed is shifted


def test_shifted_what_rests_on_the_seed_changes_and_nothing_else(before: Built, shifted: Built) -> None:
    was, now = (each.metrics["studies"]["fashion"]["variants"] for each in (before, shifted))
    changed = {name: {part for part in now[name] if now[name][part] != was[name][part]} for name in now}
    touched = {"test_accuracy", "test_loss", "class_accuracy", "confusion"}
    assert changed == {"mlp": set(), "cnn3": touched, "cnn5": set(), "cnn7": set()}
    only = np.flatnonzero(values(before.metrics, "cnn3") != values(shifted.metrics, "cnn3"))
    assert only.tolist() == [3]
    for name, claim in shifted.metrics["claims"].items():
        involved = any("cnn3" in (each["a"], each["b"]) for each in claim["comparisons"])
        assert (claim["comparisons"] != before.metrics["claims"][name]["comparisons"]) == involved, name
    assert shifted.metrics["claims"]["fashion-cnn3-beats-mlp"]["verdict"] == "inconclusive"
    drawn = {name for name in before.figures if before.figures[name] != shifted.figures[name]}
    assert drawn == {f"fashion-{name}.svg" for name in ("accuracy", "confusion", "class-accuracy", "cost")} | {
        "claims.svg", "kernel-cost.svg",
    }  # fmt: skip


# ---------------------------------------------------------------- whatever was changed


@pytest.mark.parametrize("perturbed", ["swapped", "shifted"])
def test_every_number_in_the_text_is_the_new_one(before: Built, perturbed: str, request: pytest.FixtureRequest) -> None:
    after: Built = request.getfixturevalue(perturbed)
    texts = [shown(each.text) for each in (before, after)]
    changed = 0
    for source, rule in texts[1]:
        if rule.startswith(("markdown", "text")):
            continue
        new = recompute(after.metrics, source, rule)
        if not rule.startswith("verdict"):
            assert texts[1][source, rule] == {new}, source
        old = recompute(before.metrics, source, rule)
        if old != new:
            changed += 1
            assert texts[0].get((source, rule)) != texts[1][source, rule], source
    assert changed > 40  # of some four hundred places


def shown(text: str) -> dict[tuple[str, str], set[str]]:
    """Return what the text shows, by source and rule."""
    found: dict[tuple[str, str], set[str]] = {}
    for written, source, rule in SPAN.findall(text):
        found.setdefault((source, rule), set()).add(re.sub(r"\\(.)", r"\1", written))
    assert len(found) > 200
    return found


# ---------------------------------------------------------------- a run is dropped, a verdict is edited


def test_a_dropped_run_fails_the_analysis(
    study: Study, original: dict[str, RunResult], planned: dict[str, tuple[PlannedRun, ...]], tmp_path: Path
) -> None:
    dropped = planned["cnn3"][5].key
    with pytest.raises(UnreadableResult) as caught:
        built(study, {key: result for key, result in original.items() if key != dropped}, tmp_path)
    assert caught.value.key == dropped


def test_an_edited_verdict_fails_the_build(smoke_session: SmokeBuild) -> None:
    """The real command, on the build's own metrics.json: neither rendered nor silently written again."""
    checkout = smoke_session.checkout
    path = checkout.build / "metrics.json"
    kept = path.read_bytes()

    def flip(metrics: Json) -> None:
        metrics["claims"]["fashion-cnn3-beats-mlp"]["verdict"] = "supported"

    def improve(metrics: Json) -> None:
        metrics["studies"]["fashion"]["variants"]["cnn3"]["test_accuracy"]["mean"] = 0.999

    edits: list[tuple[Callable[[Json], None], str]] = [
        (flip, "Claim 'fashion-cnn3-beats-mlp' is called supported, but its numbers give inconclusive"),
        (improve, "/studies/fashion/variants/cnn3/test_accuracy, mean is 0.999"),
    ]
    try:
        for edit, message in edits:
            metrics = checkout.metrics()
            edit(metrics)
            parse(metrics)
            write_json(path, metrics)
            failed = checkout.run("report", STUDIES=SMOKE_STUDIES)
            assert failed.returncode == 1
            assert message in " ".join(failed.stderr.split())
            path.write_bytes(kept)
    finally:
        path.write_bytes(kept)
    assert "metrics: up to date" in checkout.built("metrics", STUDIES=SMOKE_STUDIES).stderr
