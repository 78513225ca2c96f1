"""The grade sheet of a real build, and of damaged copies of it: each loses what rests on the damage, nothing else."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from damage import Copy, evidence, without_study
from damages import ALL, DAMAGES, DAMAGES_OF_REPEATS, NOT_IN_SMOKE, REPEATED
from pypdfium2 import PdfDocument
from rich.console import Console

from checkout import Checkout, SmokeBuild
from convscope.analysis.metrics_file import parse
from convscope.grade.build import Build
from convscope.grade.records import Grade
from convscope.grade.sheet import grade, show
from convscope.report.document import DOCUMENTS

pytestmark = pytest.mark.slow
STUDIES = "fashion design"  # the second has what most criteria of the experiments look for


@pytest.fixture(scope="module")
def graded(smoke_session: SmokeBuild, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = Checkout.twin_of(smoke_session.checkout, tmp_path_factory.mktemp("grade"))
    checkout.built("grade", STUDIES=STUDIES)
    return checkout


@pytest.fixture
def copy(graded: Checkout, tmp_path: Path) -> Copy:
    """Return a copy whose PDF is blank: that pages are found is tested once, and takes seconds."""
    root = tmp_path / "checkout"
    for name in ("README.md", "report/assignment.yml", "site/docs/images", "src/convscope/engines"):
        source, target = graded.root / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    folder = root / "build" / "smoke"
    for name in ("figures", "deployment", "notebooks"):
        shutil.copytree(graded.build / name, folder / name)
    shutil.copy(graded.build / "metrics.json", folder)
    shutil.copytree(graded.build / "report" / "data", folder / "report" / "data")
    pdf = PdfDocument.new()
    pdf.new_page(100, 100)
    pdf.save(folder / "report" / "report.pdf")
    return Copy(root, folder, BeautifulSoup(_without_pictures(graded), "html.parser"), [])


def _without_pictures(graded: Checkout) -> str:
    """Both documents, each picture a few bytes: nothing here looks into one, and they take most of the time."""
    html = "".join((graded.build / "report" / f"{name}.html").read_text(encoding="utf-8") for name in DOCUMENTS)
    return re.sub(r"(data:image/[\w+]+;base64,)[\w+/=]+", r"\1AAAA", html)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_copy_loses_what_rests_on_it(copy: Copy, name: str) -> None:
    damage, lost = DAMAGES[name]
    damage(copy)
    others = NOT_IN_SMOKE if "design" in _studies_left(copy) else NOT_IN_SMOKE - REPEATED
    assert copy.lost() == lost | others


def _studies_left(copy: Copy) -> set[str]:
    found: dict[str, Any] = json.loads((copy.folder / "metrics.json").read_bytes())
    for edit in copy.edits:
        edit(found)
    return {name for name, study in found["studies"].items() if study["status"] == "run"}


@pytest.mark.parametrize("name", DAMAGES_OF_REPEATS)
def test_repeated_runs(copy: Copy, name: str) -> None:
    without_study("design")(copy)
    before = copy.lost()
    assert not before & REPEATED
    DAMAGES_OF_REPEATS[name](copy)
    assert copy.lost() - before >= REPEATED


def test_every_criterion_is_lost_by_some_damage() -> None:
    lost = set().union(*(lost for _, lost in DAMAGES.values()), REPEATED)
    assert sorted(ALL - lost) == []


def test_evidence_of_amazon_agrees_in_all_its_parts(copy: Copy) -> None:
    """Hosts alone, or the label alone, make no evidence of AWS."""
    account = "417203986512"
    hosts = {"sagemaker": ["https://api.sagemaker.eu-central-1.amazonaws.com"]}
    evidence(lambda found: found.update(origins=hosts))(copy)
    assert "deployment-aws" in copy.lost()
    evidence(lambda found: found.update(label="AWS"))(copy)
    assert "deployment-aws" in copy.lost()

    def in_an_account(found: dict[str, Any]) -> None:
        found.update(json.loads(json.dumps(found).replace(found["account"], account)))

    evidence(in_an_account)(copy)
    assert "deployment-aws" not in copy.lost()
    customers = {"sagemaker": ["https://ec2-3-120-1-2.eu-central-1.compute.amazonaws.com"]}
    evidence(lambda found: found.update(origins=customers))(copy)
    assert "deployment-aws" in copy.lost()


def test_without_the_design_study_it_says_who_provides_its_experiments(copy: Copy) -> None:
    without_study("design")(copy)
    copy.lost()
    build = Build(copy.root, copy.folder)
    for edit in copy.edits:
        edit(build.values)
    build.metrics = parse(build.values)
    criteria = {c["id"]: c for task in grade(build).as_json()["tasks"] for c in task["criteria"]}
    missing = criteria["experiment-filters"]
    assert missing["status"] == "missing"
    assert "`design` (profiles smoke, full)" in missing["next_step"]  # reduced in quick
    assert "`design` (profiles smoke, quick, full)" in criteria["experiment-depth"]["next_step"]


def test_grade_json_counts_and_links(graded: Checkout) -> None:
    sheet = json.loads((graded.build / "grade.json").read_bytes())
    criteria = [criterion for task in sheet["tasks"] for criterion in task["criteria"]]
    assert {criterion["id"] for criterion in criteria} == ALL
    assert {c["id"] for c in criteria if c["status"] == "missing"} == NOT_IN_SMOKE
    assert sheet["present"] == len(ALL) - len(NOT_IN_SMOKE)
    assert sum(task["points"] for task in sheet["tasks"]) == 100
    assert not any(word in json.dumps(sheet) for word in ("awarded:", "score"))
    for each in _evidence(sheet):
        path, _, anchor = each["href"].partition("#")
        assert (graded.build / path).exists(), each
        if anchor and path.endswith(".html"):
            assert f'id="{anchor}"' in (graded.build / path).read_text(encoding="utf-8"), each


def _evidence(sheet: dict[str, Any]) -> Iterator[dict[str, Any]]:
    items = [c for task in sheet["tasks"] for c in task["criteria"]]
    items += [q for checklist in sheet["checklists"] for q in checklist["questions"]]
    for item in items:
        assert item.get("status") != "evidence present" or item["evidence"], item
        yield from item["evidence"]


def test_pages_of_the_pdf_have_what_they_are_named_for(graded: Checkout) -> None:
    pages = {}
    for name in DOCUMENTS:
        command = ["pdftotext", str(graded.build / "report" / f"{name}.pdf"), "-"]
        pages[name] = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\f")
    paged = [e for e in _evidence(json.loads((graded.build / "grade.json").read_bytes())) if e["page"]]
    assert len({e["label"] for e in paged}) > 20
    for each in paged:
        label = each["label"].removeprefix("Supplement, ")
        words = label.split() if each["kind"] == "section" else [f"{label}:"]
        text = " ".join(pages[Path(each["href"].partition("#")[0]).stem][each["page"] - 1].split())
        if each["kind"] != "file":
            assert all(word in text for word in words if word != "Section"), each


def test_checklists_are_answered_from_the_build(copy: Copy, graded: Checkout) -> None:
    reproducible, complete = json.loads((graded.build / "grade.json").read_bytes())["checklists"]
    assert "NeurIPS" in reproducible["source"]
    answers = {q["question"]: q["answer"] for q in (*reproducible["questions"], *complete["questions"])}
    no = {question for question, answer in answers.items() if answer == "no"}
    assert no == {"Are there error bars, and is it said what they mean?"}  # one seed in `design`
    assert {"yes", "no", "not applicable"} == set(answers.values())
    build = Build(copy.root, copy.folder)  # a checkout without lock file, Makefile and trained runs
    found = {q["question"]: q for checklist in grade(build).as_json()["checklists"] for q in checklist["questions"]}
    assert found["Are dependencies specified?"]["answer"] == "no"
    assert found["Are there trained models?"]["answer"] == "no"
    assert "`make train`" in found["Are there trained models?"]["because"]


@pytest.mark.parametrize("width", [80, 120])
def test_table_in_the_terminal(graded: Checkout, width: int) -> None:
    console = Console(file=io.StringIO(), width=width)
    show(Grade.model_validate_json((graded.build / "grade.json").read_bytes()), console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert f"Evidence for {len(ALL) - len(NOT_IN_SMOKE)} of {len(ALL)} criteria" in text
    assert "no points are awarded" in " ".join(text.split())


def test_pages_of_the_site_show_every_criterion_and_question(graded: Checkout) -> None:
    site = graded.build / "site" / "grade"
    page = BeautifulSoup((site / "index.html").read_bytes(), "html.parser")
    assert {str(e["id"]) for e in page.select("td span[id]")} == ALL
    assert (site / "grade.json").read_bytes() == (graded.build / "grade.json").read_bytes()
    checklists = BeautifulSoup((site / "checklists.html").read_bytes(), "html.parser")
    assert len(checklists.select("tbody tr")) == 21


def test_a_second_build_does_nothing(graded: Checkout) -> None:
    again = graded.built("all", STUDIES=STUDIES)
    assert "grade: up to date" in again.stderr
    assert "site: up to date" in again.stderr
