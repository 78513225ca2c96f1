"""Negative control of every study and every verdict: other answers, other numbers; another verdict, other words.

Answers are made up for each network of each study, and in a second world those of its baseline and its reference are
exchanged. Then all claims are given one verdict after the other.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from checkout import ROOT
from convscope.analysis.metrics import Analysis
from convscope.analysis.metrics_file import parse
from convscope.analysis.pictures import Pictures
from convscope.figures.draw import drawings
from convscope.figures.registry import Material
from convscope.files import Json
from convscope.report.document import DOCUMENTS
from convscope.report.fill import fill, fill_plain
from convscope.report.formats import recompute
from convscope.runs.results import Results
from convscope.studies import STUDIES
from convscope.studies.study import Study
from worlds import results_of

pytestmark = pytest.mark.slow

VERDICTS = ("supported", "refuted", "inconclusive")
SPAN = re.compile(r'\[((?:[^][\\]|\\.|\[[^][]*\])*)\]\{\.value data-source="([^"]*)" data-format="([^"]*)"\}')
CALL = re.compile(r'verdict\(([^,()]+(?: \| format\([^()]*\))?),\s*((?:\w+="[^"]*"(?: \| format\([^()]*\))?,?\s*)+)\)')
WORDING = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class World:
    """What comes of results: metrics, and the text of both documents, the README and the page of claims."""

    metrics: Json
    pictures: Pictures
    text: str


def told(metrics: Json, pictures: Pictures, folder: Path) -> World:
    """Fill every text. Figures are named, not drawn."""
    figures = folder / "figures"
    figures.mkdir(parents=True)
    for name in drawings(Material(parse(metrics), pictures)):
        (figures / f"{name}.svg").write_text("<svg/>")
    facts = {"commit": "0123456", "backend": "pandoc", "flipped": None}
    fill(ROOT / "report", metrics, figures, facts, folder / "source")
    texts = [(folder / "source" / f"{name}.qmd").read_text(encoding="utf-8") for name in DOCUMENTS]
    texts.append(fill_plain(ROOT / "report", "readme.md", metrics, figure=lambda name, _: name))
    page = {"claims": metrics["claims"], "link": lambda label: f"{label}.md", "has_data": bool}
    texts.append(fill_plain(ROOT / "site" / "pages", "claims.md", metrics, **page))
    return World(metrics, pictures, "\n".join(texts))


def pair(study: Study) -> tuple[str, str]:
    """Return baseline and reference; where they are one, it and another."""
    others = (name for name in (study.reference, *study.runs("smoke")) if name != study.baseline)
    return study.baseline, next(others)


def exchanged(results: Results) -> Results:
    """Give the baseline the reference's answers, and the reference the baseline's."""
    runs = dict(results.runs)
    one, other = pair(results.study)
    for name, ours, theirs in ((one, runs[one], runs[other]), (other, runs[other], runs[one])):
        runs[name] = tuple(
            replace(one, predictions=other.predictions, test_accuracy=other.test_accuracy, history=other.history)
            for one, other in zip(ours, theirs, strict=True)
        )
    return replace(results, runs=runs)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, World]:
    """Return the results as they were made up, and with the answers exchanged."""
    made, turned = Analysis("smoke"), Analysis("smoke")
    for study in STUDIES.values():
        accuracy = {each.id: 0.80 + 0.015 * place for place, each in enumerate(study.variants_in("smoke"))}
        results = results_of(study, {name: min(level, 0.97) for name, level in accuracy.items()})
        made.add(results)
        turned.add(exchanged(results))
    first, second = (
        told(each.metrics().as_json(), each.pictures, tmp_path_factory.mktemp("world")) for each in (made, turned)
    )
    return first, second


@pytest.mark.parametrize("study", STUDIES)
def test_every_number_of_the_two_is_the_others(worlds: tuple[World, World], study: str) -> None:
    was, now = (world.metrics["studies"][study] for world in worlds)
    baseline, reference = pair(STUDIES[study])
    for one, other in ((baseline, reference), (reference, baseline)):
        for part in ("test_accuracy", "confusion", "class_accuracy", "curves"):
            assert now["variants"][one][part] == was["variants"][other][part], (one, part)
        assert now["variants"][one]["parameters"] == was["variants"][one]["parameters"]
    effects = [
        next(each["effect"] for each in world["against_baseline"] if each["a"] == reference) for world in (was, now)
    ]
    assert effects[1] == pytest.approx(-effects[0])
    assert effects[0] != 0


@pytest.mark.parametrize("study", STUDIES)
def test_every_claim_follows(worlds: tuple[World, World], study: str) -> None:
    """What compares accuracies is computed again from the accuracies of single runs."""
    for world in worlds:
        variants = world.metrics["studies"][study]["variants"]
        for name, claim in world.metrics["claims"].items():
            if claim["study"] != study or claim["measure"] not in ("accuracy", "generalisation gap"):
                continue
            for comparison in claim["comparisons"]:
                names = [each for each in (comparison["a"], comparison["b"], *(comparison["minus"] or ())) if each]
                values = [np.array(variants[each]["test_accuracy"]["values"]) for each in names]
                if claim["measure"] != "accuracy":
                    values = [
                        np.array(variants[each]["train_accuracy"]["values"]) - value
                        for each, value in zip(names, values, strict=True)
                    ]
                signed = [sign * value for sign, value in zip((1, -1, -1, 1), values, strict=False)]
                assert comparison["differences"] == pytest.approx(list(np.sum(signed, axis=0))), name
            assert claim["n"] == len(claim["comparisons"][0]["differences"])


def test_every_number_in_the_text_is_of_its_world(worlds: tuple[World, World]) -> None:
    changed, studies = 0, set()
    shown = [{(source, rule): text for text, source, rule in SPAN.findall(world.text)} for world in worlds]
    for (source, rule), text in shown[1].items():
        if rule.startswith(("markdown", "text")):
            continue
        new, old = (recompute(world.metrics, source, rule) for world in reversed(worlds))
        if not rule.startswith("verdict"):
            assert re.sub(r"\\(.)", r"\1", text) == new, source
        if old != new:
            changed += 1
            studies |= {source.split("/")[2]} if source.startswith("/studies/") else set()
    assert changed > 200
    assert studies == set(STUDIES)


# ---------------------------------------------------------------- one verdict after the other


@pytest.fixture(scope="module")
def by_verdict(worlds: tuple[World, World], tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    """Return a world for each verdict, in which all claims have it; arithmetic ones cannot be inconclusive."""
    found = {}
    for verdict in VERDICTS:
        metrics = copy.deepcopy(worlds[0].metrics)
        for claim in metrics["claims"].values():
            if claim["kind"] != "arithmetic" or verdict != "inconclusive":
                claim |= {"verdict": verdict, "leaning": claim["leaning"] and verdict, "reason": "made so"}
        found[verdict] = told(metrics, worlds[0].pictures, tmp_path_factory.mktemp(verdict))
    return found


def wordings() -> dict[str, list[dict[str, str]]]:
    """Return what the templates say for each verdict, by claim; ids that are put together stand for all that fit."""
    claims = [claim.id for study in STUDIES.values() for claim in study.claims]
    found: dict[str, list[dict[str, str]]] = {}
    for path in [*sorted((ROOT / "report").rglob("*.qmd")), ROOT / "report" / "readme.md"]:
        for named, words in CALL.findall(path.read_text(encoding="utf-8")):
            literal = re.search(r'"([^"]*)"', named)
            ending = re.sub(r"%[sd]", "[^-]+", re.escape(literal[1]) if literal else "")
            fitting = [each for each in claims if re.search(f"{ending}$", each)]
            for claim in fitting:
                found.setdefault(claim, []).append(dict(WORDING.findall(words)))
    return found


def test_every_claim_that_runs_decide_is_worded_for_every_verdict() -> None:
    worded = wordings()
    for study in STUDIES.values():
        for claim in study.claims:
            assert all(set(VERDICTS) <= set(words) for words in worded[claim.id]), claim.id


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_text_says_the_verdict_and_no_other(by_verdict: dict[str, World], verdict: str) -> None:
    world, worded = by_verdict[verdict], wordings()
    said: dict[str, list[str]] = {}
    for text, source, rule in SPAN.findall(world.text):
        if rule.startswith("verdict ") and source.startswith("/claims/"):
            claim = source.split("/")[2]
            if world.metrics["claims"][claim]["verdict"] == verdict:
                assert rule == f"verdict {verdict}", source
                said.setdefault(claim, []).append(plain(text))
    claims = {each: claim for each, claim in world.metrics["claims"].items() if claim["verdict"] == verdict}
    decided = {name for name, each in STUDIES.items() if any(claim.is_statistical for claim in each.claims)}
    assert {claims[each]["study"] for each in said} >= decided
    tables = {source: text for text, source, rule in SPAN.findall(world.text) if not rule.startswith("verdict ")}
    assert {tables[f"/claims/{each}/verdict"] for each in claims} == {verdict}
    for claim, texts in said.items():
        own = {start(words[verdict]) for words in worded[claim]}
        others = {start(words[other]) for words in worded[claim] for other in VERDICTS if other != verdict} - own
        for text in texts:
            assert any(text.startswith(begins) for begins in own), (claim, text)
            assert not any(begins and text.startswith(begins) for begins in others), (claim, text)


def plain(text: str) -> str:
    """Return words alone."""
    return " ".join(re.sub(r"\\(.)", r"\1", text).split())


def start(wording: str) -> str:
    """Return a wording up to the first number that is filled in."""
    return plain(re.split(r"<<|\{|~|%s", wording, maxsplit=1)[0])
