"""The published results turned round: what the report and its supplement said strongly, they no longer say."""

from __future__ import annotations

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
from turned import OTHER, turned

pytestmark = pytest.mark.slow

# Grounds that stay as they are when a sign turns: an effect near zero, a claim that is open.
SYMMETRIC = re.compile(r" within [\d.]+ points| around zero | is inconclusive")


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
