"""The published results turned round: what the report and its supplement said strongly, they no longer say.

Every effect has the other sign, every verdict is the other one, what was accurate is not, and what is near no longer
looks alike. All of it is made up, and none of it is drawn: it is the text that is held against it.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from checkout import ROOT
from convscope.analysis.metrics_file import parse
from convscope.analysis.pictures import Pictures
from convscope.figures.draw import drawings
from convscope.figures.registry import Material
from convscope.files import Json
from convscope.report.fill import fill

pytestmark = pytest.mark.slow

OTHER = {"supported": "refuted", "refuted": "supported", "inconclusive": "inconclusive"}
# Grounds that stay as they are when a sign turns: an effect near zero, a claim that is open.
SYMMETRIC = re.compile(r" within [\d.]+ points| around zero | is inconclusive")


def turned(metrics: dict[str, Any]) -> dict[str, Any]:
    """Return results that say the opposite."""
    world = copy.deepcopy(metrics)
    for claim in world["claims"].values():
        claim["verdict"], claim["leaning"] = OTHER[claim["verdict"]], OTHER.get(claim["leaning"], claim["leaning"])
    negate(world["claims"])
    for facts in world["datasets"].values():
        facts["imbalance"] = 1.0 if facts["imbalance"] > 1.01 else 2.0
        distances = list(facts["neighbour_correlation"])
        values = [facts["neighbour_correlation"][distance] for distance in reversed(distances)]
        facts["neighbour_correlation"] = dict(zip(distances, values, strict=True))
    for study in world["studies"].values():
        if study["status"] == "run":
            turn(study)
    return world


def turn(study: dict[str, Any]) -> None:
    """Turn one study round."""
    negate(study)
    baseline, reference = (study["variants"][study[role]] for role in ("baseline", "reference"))
    baseline["confusion"], reference["confusion"] = reference["confusion"], baseline["confusion"]
    for variant in study["variants"].values():
        for measure in (variant["test_accuracy"], variant["train_accuracy"], *variant["class_accuracy"]):
            reflect(measure)
        variant["runs"] = ["0" * 64 for _ in variant["runs"]]
    for measures in study.get("shift", {}).get("accuracy", {}).values():
        for measure in measures:
            reflect(measure)
    for tried in study.get("tuning", {}).get("variants", {}).values():
        for point in tried["curve"]:
            reflect(point["validation_accuracy"])
    for layers in study.get("equivariance", {}).get("variants", {}).values():
        for layer in layers:
            for error in filter(None, layer["errors"]):
                reflect(error)


def negate(found: Any) -> None:
    """Give every comparison the other sign."""
    if isinstance(found, dict):
        if isinstance(found.get("effect"), float):
            found["effect"] = -found["effect"]
            if found.get("interval"):
                found["interval"] = [-found["interval"][1], -found["interval"][0]]
            if (removed := found.get("errors_removed")) and removed["interval"]:
                removed |= {"share": -removed["share"], "interval": [-end for end in reversed(removed["interval"])]}
        for inner in found.values():
            negate(inner)
    elif isinstance(found, list):
        for inner in found:
            negate(inner)


def reflect(measure: dict[str, Any]) -> None:
    """Make a fraction what is missing to one."""
    measure["mean"] = 1 - measure["mean"]
    if measure.get("interval"):
        measure["interval"] = [1 - measure["interval"][1], 1 - measure["interval"][0]]
    if "values" in measure:
        measure["values"] = [1 - value for value in measure["values"]]


@pytest.fixture(scope="module")
def stored(published: tuple[Json, Pictures]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(published[0]))
    return found


@pytest.fixture(scope="module")
def figures(published: tuple[Json, Pictures], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("figures")
    metrics, pictures = published
    for name in drawings(Material(parse(metrics), pictures)):
        (folder / f"{name}.svg").write_text("<svg/>")
    return folder


def told(metrics: dict[str, Any], figures: Path, folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """Return the text of both documents, and what became of each passage."""
    fill(ROOT / "report", metrics, figures, {"commit": "0123456", "backend": "pandoc", "flipped": None}, folder)
    text = "\n".join((folder / f"{name}.qmd").read_text(encoding="utf-8") for name in ("report", "supplement"))
    passages: list[dict[str, Any]] = json.loads((folder / "passages.json").read_bytes())
    return text, passages


@pytest.fixture(scope="module")
def both(
    stored: dict[str, Any], figures: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[tuple[str, list[dict[str, Any]]], tuple[str, list[dict[str, Any]]]]:
    folder = tmp_path_factory.mktemp("filled")
    return told(stored, figures, folder / "as-is"), told(turned(stored), figures, folder / "turned")


def test_every_strong_passage_gives_way(both: Any) -> None:
    (_, before), (_, after) = both
    strong = [each for each in before if each["measured"] and each["state"] == "stands"]
    assert len(strong) > 50
    standing = {
        (each["template"], each["line"])
        for each in after
        if each["measured"] and each["state"] == "stands"
        if not all(SYMMETRIC.search(ground) for ground in each["grounds"])
    }
    assert sorted(standing & {(each["template"], each["line"]) for each in strong}) == []


def test_no_strong_sentence_is_left(both: Any) -> None:
    """Word by word, without numbers: what a passage said in the one world stands nowhere in the other."""
    (_, before), (text, after) = both
    kept = {(each["template"], each["line"]) for each in after if each["state"] == "stands"}
    plain = words(text)
    for each in before:
        if each["measured"] and each["state"] == "stands" and (each["template"], each["line"]) not in kept:
            for sentence in re.split(r"(?<=[.:])\s+", words(each["text"])):
                assert len(sentence) < 60 or sentence not in plain, (each["template"], each["line"], sentence)


def test_verdicts_word_the_other_way(both: Any, stored: dict[str, Any]) -> None:
    found = set(re.findall(r'data-source="/claims/([\w-]+)/verdict" data-format="verdict (\w+)"', both[1][0]))
    assert len(found) > 15
    for claim, verdict in found:
        assert verdict == OTHER[stored["claims"][claim]["verdict"]]


def test_one_list_orders_the_chapters(stored: dict[str, Any], figures: Path, tmp_path: Path) -> None:
    templates = shutil.copytree(ROOT / "report", tmp_path / "report")
    source = (templates / "report.qmd").read_text(encoding="utf-8")
    (listed,) = re.findall(r"<% set chapters = (\[.*\]) %>", source)
    before = headings(stored, figures, templates, tmp_path / "before")
    order = json.loads(listed)
    (templates / "report.qmd").write_text(source.replace(listed, json.dumps(order[::-1])), encoding="utf-8")
    after = headings(stored, figures, templates, tmp_path / "after")
    summary, *chapters, references = before
    assert after == [summary, *chapters[::-1], references]
    assert len(chapters) >= len(order) - 2  # without a study of one's own, without a deployment


def headings(metrics: dict[str, Any], figures: Path, templates: Path, folder: Path) -> list[str]:
    fill(templates, metrics, figures, {"commit": "0123456", "backend": "pandoc", "flipped": None}, folder)
    return re.findall(r"^# (.+)$", (folder / "report.qmd").read_text(encoding="utf-8"), re.MULTILINE)


def words(text: str) -> str:
    """Return prose without its numbers and markup."""
    text = re.sub(r"\{[^{}]*\}", " ", text)
    return re.sub(r"[^A-Za-z.: ]+|\s+", " ", text).replace("  ", " ")
