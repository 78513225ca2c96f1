"""A student edition in German, made by the real command and built: nothing that the tool itself writes is English."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from checkout import ROOT, Checkout
from convscope.course.edition import STUDY, write_course
from convscope.errors import ConvscopeError
from convscope.language import catalogue

GERMAN = catalogue("de")
# Words that every English sentence has; names and data stand in traced elements, code and references.
ENGLISH = re.compile(r"\b(the|of|and|is|are|with|for|to|from|not|which|each|Figure|Table|Section|Contents)\b")

POINT = r"(?<![\w.])\d+\.\d{1,2}(?![\w.])"  # a decimal as English writes it


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a copy of this checkout under git: an edition is made from a commit."""
    checkout = Checkout.copy_to(tmp_path_factory.mktemp("course") / "checkout")
    git(checkout.root, "init", "--quiet")
    git(checkout.root, "add", "--all")
    git(checkout.root, "commit", "--quiet", "--message", "All")
    return checkout


@pytest.fixture(scope="module")
def german(here: Checkout) -> Checkout:
    folder = here.root.parent / "edition"
    done = here.run("course", "new", str(folder), "--language", "de")
    assert done.returncode == 0, done.stderr
    assert "To fill in  report/_essay.qmd" in done.stdout
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Edition")
    return Checkout(folder)


@pytest.mark.slow
def test_an_edition_has_its_checks_and_none_of_the_answers(german: Checkout) -> None:
    root = german.root
    assert not (root / "data" / "published").exists()
    assert {path.name for path in (root / "report" / "studies").iterdir()} == {f"{STUDY}.py"}
    assert "lang: de\n" in (root / "report" / "_quarto.yml").read_text()
    assert (root / "report" / "assignment.yml").read_bytes() == (ROOT / "report" / "assignment.yml").read_bytes()
    assert "neocognitron" not in "".join(path.read_text() for path in (root / "report").glob("*.qmd"))
    assert f"STUDIES ?= {STUDY}\n" in (root / "Makefile").read_text()
    words = re.sub(r"`[^`]*`|<!--.*?-->|make \w+", "", (root / "README.md").read_text())
    assert not ENGLISH.search(words)
    study = (root / "report" / "studies" / f"{STUDY}.py").read_text()
    assert study.count("TODO: warum") >= 5
    assert 'title="Meine Studie"' in study


@pytest.mark.slow
@pytest.mark.extra
def test_nothing_in_the_german_edition_is_english_but_what_students_name(german: Checkout) -> None:
    german.built("report", STUDIES=STUDY, DEPLOY="0")
    for name in ("report", "supplement"):
        page = BeautifulSoup((german.build / "report" / f"{name}.html").read_bytes(), "html.parser")
        assert page.html is not None
        assert page.html["lang"] == "de"
        for tag in page.select("script, style, svg, math, code, pre, em, [data-format=text], #refs, .citation"):
            tag.decompose()
        for tag in page.select(".header-section-number, .toc-section-number, .cross-reference"):
            tag.decompose()
        assert re.findall(POINT, " ".join(page.get_text(" ").split())) == []
        for tag in page.select("[data-source]"):
            tag.decompose()
        text = " ".join(page.get_text(" ").split())
        assert "Abbildung 1" in text or name == "supplement"
        around = [text[max(found.start() - 40, 0) : found.end() + 40] for found in ENGLISH.finditer(text)]
        assert around == []
    drawn = [
        " ".join(text.split())
        for file in (german.build / "figures").glob("*.svg")
        for text in re.findall(r"<!-- (.*?) -->", file.read_text(encoding="utf-8"), re.DOTALL)
    ]
    assert "Epoche" in drawn
    english = [text for text in set(drawn) if text in GERMAN and GERMAN.text(text) != text]
    assert english == []
    assert not [text for text in drawn if ENGLISH.search(text) or re.search(POINT, text)]


@pytest.mark.slow
@pytest.mark.extra
def test_the_grade_sheet_of_an_edition_asks_for_what_is_to_be_written(german: Checkout) -> None:
    code = (
        "import json; from pathlib import Path; from convscope.grade.sheet import write_grade; "
        "print(json.dumps(write_grade(Path('.'), Path('build/smoke')).as_json()))"
    )
    german.built("report", STUDIES=STUDY, DEPLOY="0")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=german.root,
        env=german.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    graded = json.loads(done.stdout)
    criteria = {criterion["id"]: criterion for task in graded["tasks"] for criterion in task["criteria"]}
    missing = {name for name, criterion in criteria.items() if criterion["missing"]}
    written = {f"interpretation-{name}" for name in ("locality", "sharing", "equivariance", "hierarchy", "not")}
    assert written | {"network-decisions", "network-padding"} <= missing
    shown = {"data-size", "data-distribution", "baseline-diagram", "baseline-curves", "experiment-kernel",
             "network-table", "interpretation-formula", "experiment-measures", "data-dimensions",
             "baseline-limits"}  # fmt: skip
    assert not shown & missing
    assert criteria["data-size"]["statement"] == "Anzahl der Bilder im Trainings-, Validierungs- und Testteil"
    assert "Es fehlt" in (german.build / "grade" / "index.md").read_text()
    with (german.build / "report" / "data" / f"fig-{STUDY}-curves.csv").open() as file:
        assert {row["variant"] for row in csv.DictReader(file)} == {"mlp", "cnn3", "cnn5", "cnn7"}


def test_a_folder_that_is_there_and_an_unknown_language_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work.txt").write_text("mine")
    with pytest.raises(ConvscopeError, match="is there already, and not empty"):
        write_course(ROOT, tmp_path / "mine")
    with pytest.raises(ConvscopeError, match="There is no catalogue for 'xx'; there is en, de"):
        write_course(ROOT, tmp_path / "new", "xx")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
