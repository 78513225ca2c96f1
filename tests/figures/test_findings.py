"""What figures say they found: made from their rows, other with other results, and German in a German document."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from convscope.analysis.metrics_file import parse
from convscope.analysis.pictures import Pictures
from convscope.figures import findings
from convscope.figures.draw import FINDINGS, drawings
from convscope.figures.registry import Material
from convscope.files import Json
from convscope.language import catalogue
from convscope.report import alternatives
from turned import turned

LOOKS = re.compile(  # figures of what things look like, which find nothing
    r".*-(samples|means|board|histogram|preprocessing|filters|features)|connectivity|drawn-digits|deployment-way"
)
# Follow from the specifications and data sets alone, or compare a network with itself.
SAME = re.compile(r".*-(architecture|classes|receptive-field)|design(_cifar10)?-(class-accuracy|confusion)")


@pytest.fixture(scope="module")
def told(published: tuple[Json, Pictures]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What every figure of the published results says, and in the world turned round."""
    metrics, pictures = published
    stored = json.loads(json.dumps(metrics))
    worlds = (drawings(Material(parse(world), pictures)) for world in (stored, turned(stored)))
    here, there = ({name: drawing.says for name, drawing in world.items()} for world in worlds)
    return here, there


@pytest.mark.slow
def test_every_figure_of_results_says_what_it_found(told: tuple[dict[str, list[str]], dict[str, list[str]]]) -> None:
    assert [name for name, said in told[0].items() if not said and not LOOKS.fullmatch(name)] == []


@pytest.mark.slow
def test_other_results_are_told_otherwise(told: tuple[dict[str, list[str]], dict[str, list[str]]]) -> None:
    here, there = told
    same = {name for name, said in here.items() if said and there.get(name) == said}
    assert {name for name in same if not SAME.fullmatch(name)} == set()


@pytest.mark.slow
def test_every_finding_has_its_german(told: tuple[dict[str, list[str]], dict[str, list[str]]]) -> None:
    german = catalogue("de").sentence
    assert [said for all_said in told[0].values() for said in all_said if german(said) == said] == []


def test_an_alternative_text_says_what_is_drawn_and_what_it_found(tmp_path: Path) -> None:
    rows = [{"title": "MLP", "test_accuracy": 0.892}, {"title": "CNN", "test_accuracy": 0.924}]
    (tmp_path / FINDINGS).write_text(json.dumps({"accuracy": findings.extremes(rows), "samples": []}))
    assert alternatives.FINDINGS == FINDINGS
    tell = alternatives.alternatives(tmp_path)
    assert tell("accuracy", "Dot chart") == "Dot chart. Highest: CNN (92.4 %); lowest: MLP (89.2 %)."
    assert [tell(name, "Images") for name in ("samples", "unknown")] == ["Images", "Images"]
    assert alternatives.alternatives(tmp_path, "de")("accuracy", "Punkte").startswith(
        "Punkte. Am höchsten: CNN (92,4 %)"
    )
