"""`convscope new-study`: what it writes runs as it is, and names that would do harm are refused."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from checkout import Checkout
from convscope.errors import SpecError
from convscope.studies import STUDIES, select
from convscope.submission.new_study import write_study


@pytest.mark.slow
@pytest.mark.extra
def test_the_written_study_gets_a_report_and_its_todos_are_missing(tmp_path: Path) -> None:
    checkout = Checkout.copy_to(tmp_path)
    said = checkout.built("new-study", "my_flowers").stdout
    assert "make all STUDIES=my_flowers PROFILE=smoke" in said
    checkout.built("all", STUDIES="my_flowers")
    study = checkout.metrics()["studies"]["my_flowers"]
    assert list(study["variants"]) == ["mlp", "cnn3", "cnn5", "cnn7"]
    assert list(study["experiments"]) == ["kernel"]
    html = (checkout.build / "report" / "report.html").read_text(encoding="utf-8")
    assert "What these runs show." in html
    graded = json.loads((checkout.build / "grade.json").read_bytes())
    criteria = {criterion["id"]: criterion for task in graded["tasks"] for criterion in task["criteria"]}
    assert criteria["data-distribution"]["status"] == "evidence present"
    assert criteria["experiment-kernel"]["status"] == "evidence present"
    assert criteria["network-padding"]["missing"] == ["My study: Table 6 gives no reason for 'padding'."]
    assert "TODO" in criteria["experiment-observations"]["missing"][0]


def test_the_template_declares_a_study(tmp_path: Path) -> None:
    file, prose = write_study(tmp_path, "my_flowers")
    assert (file.name, prose.name) == ("my_flowers.py", "my_flowers.qmd")
    (study,) = select("my_flowers", tmp_path)
    assert {decision.decision for decision in study.decisions} >= {"Kernel size", "Padding", "Head"}
    assert set(study.budgets) == {"smoke", "quick", "full"}
    text = file.read_text(encoding="utf-8")
    assert "NAME" not in text + prose.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert text.count("#") > 10  # commented


@pytest.mark.parametrize("name", ["", "two words", "1st", "../up", "class", "größe", "a-b", *list(STUDIES)[:2]])
def test_names_that_would_do_harm_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpecError, match="study") as raised:
        write_study(tmp_path, name)
    assert repr(name) in raised.value.message
    assert raised.value.hint
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("suffix", [".py", ".qmd"])
def test_nothing_is_overwritten(tmp_path: Path, suffix: str) -> None:
    there = tmp_path / f"mine{suffix}"
    there.write_text("mine")
    with pytest.raises(SpecError, match=f"mine{suffix} is there already"):
        write_study(tmp_path, "mine")
    assert [file.name for file in tmp_path.iterdir()] == [there.name]
    assert there.read_text() == "mine"
