"""The catalogue of German: whole, and with every hole, anchor and mark of the English text in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from checkout import ROOT
from convscope.analysis.metrics import Analysis
from convscope.course.edition import PROSE
from convscope.errors import ReportError
from convscope.grade import sheet
from convscope.grade.assignment import read_assignment
from convscope.language import Catalogue, catalogue, language_of, languages, units
from convscope.notebooks.cells import opening_cells, training_cells
from convscope.notebooks.lesson import lesson_cells
from convscope.studies import STUDIES
from worlds import results_of

EDITION = ROOT / "src" / "convscope" / "course" / "edition"
TEMPLATES = [
    *(ROOT / "report" / f"{name}.qmd" for name in PROSE),
    *sorted((ROOT / "report" / "datasheets").glob("_*.qmd")),
    *sorted(EDITION.glob("*.qmd")),
    *sorted((ROOT / "src" / "convscope" / "grade").glob("*.jinja")),
]
GERMAN = catalogue("de")


STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
STEERS = re.compile(r"(<%[^%]*%>\s*)+")  # nothing but a block of Jinja2
SETS = re.compile(r"[a-z]_.*|m = .*|[\w-]+: ?[\w ]*")  # a formula, or a setting of the front matter


def words_of(unit: str) -> str:
    """Return what a reader sees of a unit: no holes but the sentences in them, no attributes, no formulas."""

    def sentences(hole: re.Match[str]) -> str:
        return " ".join(part for part in STRING.findall(hole[0]) if re.search(r"[a-z] \w", part))

    text = re.sub(r"<#.*?#>|<!--.*?-->", "", unit, flags=re.DOTALL)
    text = re.sub(r"<<.*?>>|<%.*?%>|\{[%{].*?[%}]\}", sentences, text, flags=re.DOTALL)
    text = text.replace('title="', "} ")
    return re.sub(r"\{[^{}]*\}|\$\$?[^$]*\$\$?|`[^`]*`|\[@[^\]]*\]|@[\w-]+", "", text)


def spoken(path: Path) -> list[str]:
    """Return the units of a template that have words in them."""
    found = [" ".join(unit.split()) for unit in units(path.read_text(encoding="utf-8"))]
    said = [unit for unit in found if re.search(r"[A-Za-z]{3,}", words_of(unit))]
    return [unit for unit in said if not STEERS.fullmatch(unit) and not SETS.fullmatch(unit)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_is_cut_without_losing_a_character(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "\n".join(units(text)) == text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_sentence_of_a_template_has_its_german(path: Path) -> None:
    lacking = [unit for unit in spoken(path) if unit not in GERMAN]
    assert lacking == [], f"write them into src/convscope/language/de.po: {lacking[:3]}"


def test_every_sentence_of_a_notebook_has_its_german() -> None:
    """All but code and what it prints, which are in English everywhere."""
    analysis = Analysis("smoke")
    analysis.add(results_of(STUDIES["fashion"], dict.fromkeys(("mlp", "cnn3", "cnn5", "cnn7"), 0.8)))
    facts = analysis.metrics().ran["fashion"]

    def said(texts: Catalogue) -> list[str]:
        opening = opening_cells("fashion", facts, texts, document="report", profile="smoke", repository="", sha256="")
        cells = [*opening, *lesson_cells(facts, texts), *training_cells(facts, 7, texts)]
        return [cell.source for cell in cells if cell.cell_type == "markdown"]

    english, german = said(catalogue("en")), said(GERMAN)
    assert len(german) == len(english)
    same = {unit for text in english for unit in units(text) if len(unit.split()) > 1} & {
        unit for text in german for unit in units(text)
    }
    assert same == set()
    assert "das Kapitel *Clothing: Fashion-MNIST* des Berichts" in german[0]
    assert "\n- **Google Colab.**" in german[0]


def test_every_text_of_the_grade_sheet_has_its_german() -> None:
    assignment = read_assignment(ROOT)
    texts = [sheet.SAYS, sheet.TOY, sheet.VARY, "yes", "no", "not applicable"]
    for task in assignment.tasks:
        texts += [task.title, task.worth, task.step]
        texts += [text for criterion in task.criteria for text in (criterion.asks, criterion.step) if text]
    for checklist in assignment.checklists:
        texts += [checklist.title, checklist.about]
        texts += [text for question in checklist.questions for text in (question.asks, question.because)]
    assert [text for text in texts if text not in GERMAN] == []


MARKS = re.compile(r"\{#[^}]*\}|data-topic=\"[\w-]+\"|@[\w-]*<<[^>]*>>[\w-]*|\{[a-z_]+\}|@\w[\w-]*|\{\.literal\}")


def marks(text: str) -> list[str]:
    """Return anchors, topics, references, placeholders: what must not change with the language."""
    return sorted(MARKS.findall(text))


def test_german_keeps_every_anchor_topic_and_placeholder() -> None:
    messages = GERMAN._messages
    differing = {english: german for english, german in messages.items() if marks(english) != marks(german)}
    assert differing == {}
    assert len(messages) > 300


def test_german_quotes_no_number_that_english_does_not() -> None:
    for english, german in GERMAN._messages.items():
        places = re.compile(r'"(/[^"]*)"')
        assert set(places.findall(german)) <= set(places.findall(english)), english


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("Layer 1: 16 maps of 28×28", "Schicht 1: 16 Karten von 28×28"),
        ("conv 3×3, ReLU", "Faltung 3×3, ReLU"),
        ("MLP, 235,146 parameters", "MLP, 235.146 Parameter"),
        ("shirt", "shirt"),
    ],
)
def test_numbers_get_their_marks_and_what_is_unknown_stays(english: str, german: str) -> None:
    assert GERMAN.text(english) == german


def test_english_changes_nothing() -> None:
    text = (ROOT / "report" / "_study.qmd").read_text(encoding="utf-8")
    assert catalogue("en").template(text) == text
    assert catalogue("en").text("Results") == "Results"


def test_the_language_is_one_setting(tmp_path: Path) -> None:
    assert language_of(ROOT / "report") == "en" == yaml.safe_load((ROOT / "report" / "_quarto.yml").read_text())["lang"]
    assert language_of(tmp_path) == "en"
    (tmp_path / "_quarto.yml").write_text("lang: de\n")
    assert language_of(tmp_path) == "de"
    (tmp_path / "_quarto.yml").write_text("lang: fr\n")
    with pytest.raises(ReportError, match="lang is 'fr'; there are catalogues for en, de"):
        language_of(tmp_path)
    assert languages() == ["en", "de"]


def absences() -> list[str]:
    """Return every sentence that says why something is missing, as the sources have it, x for its holes."""
    found = []
    for file in sorted((ROOT / "src" / "convscope" / "grade").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Absent"):
                continue
            said = node.args[0]
            if isinstance(said, ast.Constant):
                found.append(str(said.value))
            elif isinstance(said, ast.JoinedStr):
                found.append("".join(str(p.value) if isinstance(p, ast.Constant) else "x" for p in said.values))
    return found


def test_every_reason_why_something_is_missing_has_its_german() -> None:
    internal = "x looks at a study"  # a mistake in report/assignment.yml, not in a build
    reasons = [reason for reason in absences() if not reason.startswith(internal)]
    assert len(reasons) > 30
    assignment = read_assignment(ROOT)
    needs = [need for each in assignment.criteria for need in each.needs]
    needs += [need for each in assignment.checklists for question in each.questions for need in question.needs]
    reasons += [need.otherwise for need in needs if need.otherwise]
    assert len(reasons) > 40
    # What is a subject in one hole is one of several sentences: "says x of x".
    several = {"x says x of x": "x says nothing of x", "x has x words of xx": "x has x words of x"}
    assert [r for r in reasons if GERMAN.sentence(several.get(r, r)) == several.get(r, r)] == []
    assert GERMAN.sentence("Tabelle 3 does not show /a/b") == "Tabelle 3 zeigt /a/b nicht"


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("50,000", "50.000"),
        ("0.5", "0,5"),
        ("−1,234.5 to", "−1.234,5 to"),
        ("3.11.2", "3.11.2"),  # a version
        ("v2.6", "v2.6"),
        ("0.772, 0.9", "0,772, 0,9"),
        ("10,000.", "10.000."),
    ],
)
def test_numbers_alone_are_written_as_germans_do(english: str, german: str) -> None:
    assert GERMAN.number(english) == german
