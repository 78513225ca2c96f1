"""`convscope verify`, as a lecturer runs it: twenty submissions, two of them forged; and every way to forge one."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from submitted import Submitted, edit_json, pack, reseal

from convscope.files import sha256_of
from convscope.handin.examine import Finding, Standard, examine
from convscope.handin.marks import feedback, in_order, write_csv, write_feedback
from convscope.handin.verify_many import standard_of

pytestmark = pytest.mark.slow

Forge = Callable[[Path], object]


def a_criterion(folder: Path) -> None:
    """Claim evidence for everything."""

    def edit(grade: Any) -> None:
        for criterion in (each for task in grade["tasks"] for each in task["criteria"]):
            criterion.update(status="evidence present", missing=[])
        grade["present"] = grade["criteria"]

    edit_json(folder / "grade.json", edit)


def a_number(folder: Path) -> None:
    page = folder / "report" / "report.html"
    pattern = r'(data-source="/studies/fashion/variants/cnn3/test_accuracy/mean"[^>]*>)[\d.]+'
    text, changed = re.subn(pattern, r"\g<1>99.9", page.read_text(encoding="utf-8"))
    assert changed
    page.write_text(text, encoding="utf-8")


def a_number_without_its_source(folder: Path) -> None:
    """Type a number over one, so that nothing says where it comes from."""
    page = folder / "report" / "report.html"
    pattern = r'<span[^>]*data-source="/studies/fashion/variants/cnn3/test_accuracy/mean"[^>]*>[^<]*</span>'
    text, changed = re.subn(pattern, "99.9 %", page.read_text(encoding="utf-8"))
    assert changed
    page.write_text(text, encoding="utf-8")


def a_number_everywhere(folder: Path) -> None:
    """Type a number over wherever it stands, so that report and site agree."""
    pattern = r'<span[^>]*data-source="/studies/fashion/variants/cnn3/test_accuracy/mean"[^>]*>[^<]*</span>'
    for page in (*(folder / "report").glob("*.html"), *(folder / "site").rglob("*.html")):
        page.write_text(re.sub(pattern, "99.9 %", page.read_text(encoding="utf-8")), encoding="utf-8")


def an_interval(folder: Path) -> None:
    def edit(metrics: Any) -> None:
        metrics["studies"]["fashion"]["against_baseline"][0]["interval"] = [0.05, 0.06]

    edit_json(folder / "metrics.json", edit)


def predictions(folder: Path) -> None:
    """Turn wrong answers into others, with every file, hash and count made to fit, but for the labels."""
    metrics = json.loads((folder / "metrics.json").read_bytes())
    variant = metrics["studies"]["fashion"]["variants"]["cnn3"]
    run = folder / "runs" / variant["runs"][0]
    arrays = load_file(run / "predictions.safetensors")
    answers = arrays["predictions"].copy()
    first, second = np.flatnonzero(answers != answers[0])[:1][0], 0
    answers[first], answers[second] = answers[second], answers[first]  # as many of each class as before
    save_file(arrays | {"predictions": answers}, run / "predictions.safetensors")
    edit_json(
        run / "result.json",
        lambda result: result["files"]["predictions.safetensors"].update(
            sha256=sha256_of(run / "predictions.safetensors")
        ),
    )


def a_statement(folder: Path) -> None:
    """Claim something else, wherever it stands."""
    said: str = json.loads((folder / "metrics.json").read_bytes())["claims"]["fashion-cnn3-beats-mlp"]["statement"]
    for path in (folder / "metrics.json", *(folder / "report").glob("*.html"), *(folder / "site").rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(said, said.replace("CNN", "DNN")), encoding="utf-8")


def a_run_of_another_network(folder: Path) -> None:
    metrics = json.loads((folder / "metrics.json").read_bytes())
    variants = metrics["studies"]["fashion"]["variants"]
    run = folder / "runs" / variants["cnn3"]["runs"][0] / "result.json"
    other = json.loads((folder / "runs" / variants["mlp"]["runs"][0] / "result.json").read_bytes())
    edit_json(run, lambda result: result.update(spec=other["spec"]))


@pytest.fixture(scope="module")
def standard(submitted: Submitted) -> Standard:
    return standard_of(submitted.checkout.root, "HEAD")


def examined(folder: Path, path: Path, standard: Standard) -> Finding:
    return examine(pack(folder, path), standard)


def test_a_submission_as_it_was_handed_in_holds(submitted: Submitted, standard: Standard) -> None:
    found = examine(submitted.path, replace(standard, retrain=True))
    assert (found.problems, found.notes, found.changed) == ([], [], [])
    assert found.state == "holds"
    key, _, likeness = found.retrained.partition(" trained again: ")
    assert len(list(submitted.checkout.runs.glob(f"*/{key.removeprefix('run ')}*"))) == 1
    assert likeness == "bit-identical"
    assert found.retrained in feedback(found)
    assert found.grade is not None
    handed_in = json.loads((submitted.checkout.build / "grade.json").read_bytes())
    assert found.grade.present == handed_in["present"]
    assert found.manifest["extra"] == {"Matriculation number": "0123456"}


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (a_criterion, "grade.json claims evidence for 'deployment-aws'; there is none"),
        (a_number, "shows '99.9"),
        (a_number_without_its_source, "the report does not"),
        (a_number_everywhere, "numbers without a source: .*99.9"),
        (an_interval, "interval"),
        (a_statement, "Claim 'fashion-cnn3-beats-mlp'.*statement"),
        (predictions, "its predictions are right for|confusion of fashion/cnn3"),
        (a_run_of_another_network, "of another network than fashion/cnn3"),
    ],
)
def test_what_was_forged_is_named_though_every_hash_is_right(
    unpacked: Path, tmp_path: Path, standard: Standard, forge: Forge, said: str
) -> None:
    forge(unpacked)
    reseal(unpacked)
    found = examined(unpacked, tmp_path / "forged.zip", standard)
    assert found.state == "does not hold"
    assert any(re.search(said, problem) for problem in found.problems), found.problems


def test_a_changed_source_is_listed_and_a_changed_study_is_allowed(
    unpacked: Path, tmp_path: Path, standard: Standard
) -> None:
    for name in ("engines/torch_engine.py", "studies/fashion.py"):
        file = unpacked / "source" / "src" / "convscope" / name
        file.write_text(file.read_text() + "# mine\n")
    (unpacked / "source" / "src" / "convscope" / "more.py").write_text("")
    reseal(unpacked)
    found = examined(unpacked, tmp_path / "changed.zip", standard)
    assert found.problems == []
    assert found.changed == [
        "src/convscope/engines/torch_engine.py (changed)",
        "src/convscope/more.py (added)",
        "src/convscope/studies/fashion.py (changed)",
    ]
    assert found.state == "look at it"
    assert "2 files outside src/convscope/studies/" in found.notes[0]


def test_nothing_in_an_archive_is_run(unpacked: Path, tmp_path: Path, standard: Standard) -> None:
    trap = f"from pathlib import Path\nPath({str(tmp_path / 'sprung')!r}).touch()\n"
    for name in ("verify.py", "source/report/studies/fashion.py", "source/src/convscope/studies/fashion.py"):
        (unpacked / name).write_text(trap)
    reseal(unpacked)
    examined(unpacked, tmp_path / "trap.zip", standard)
    assert not (tmp_path / "sprung").exists()


def test_an_archive_that_breaks_the_checker_is_a_finding(unpacked: Path, tmp_path: Path, standard: Standard) -> None:
    (unpacked / "grade.json").write_text("[]")
    reseal(unpacked)
    found = examined(unpacked, tmp_path / "broken.zip", standard)
    assert found.problems[-1].startswith("it cannot be checked: TypeError")


def test_twenty_submissions_two_of_them_forged_in_one_command(
    submitted: Submitted, unpacked: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    for number in range(20):
        reseal(unpacked, authors=[f"Student {number}"], extra={"Matriculation number": f"{number:07}"})
        if number not in (7, 13):
            pack(unpacked, folder / f"student-{number:02}.zip")
    for number, forge in ((7, a_criterion), (13, predictions)):
        forged = tmp_path / f"forged-{number}" / "student"
        shutil.copytree(unpacked, forged)
        forge(forged)
        reseal(forged, authors=[f"Student {number}"])
        pack(forged, folder / f"student-{number:02}.zip")
    marks, pages = tmp_path / "marks.csv", tmp_path / "feedback"
    archives = [str(path) for path in sorted(folder.iterdir())]
    assert len(archives) == 20
    done = submitted.checkout.run(
        "verify", *archives, "--reference", "HEAD", "--csv", str(marks), "--feedback", str(pages), limit=3000
    )
    assert done.returncode == 1, done.stderr[-2000:]
    assert "20 submissions, 2 do not hold: student-07.zip, student-13.zip" in " ".join(done.stdout.split())
    with marks.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["archive"] for row in rows[:2]] == ["student-07.zip", "student-13.zip"]
    assert {row["archive"] for row in rows if row["result"] == "holds"} == {
        Path(name).name for name in archives if not name.endswith(("07.zip", "13.zip"))
    }
    assert {row["author: Matriculation number"] for row in rows} >= {"0000000", "0000019"}
    assert all(row["Data set understanding: points of 15"] == "" for row in rows)
    assert len(list(pages.glob("*.md"))) == 20
    forged_page = (pages / "student-07.md").read_text()
    assert forged_page.index("What does not hold") < forged_page.index("What is missing")


def test_marks_of_strangers_start_no_formula_and_stay_in_their_folder(tmp_path: Path, standard: Standard) -> None:
    evil = Finding("../=cmd.zip", {"authors": ["=HYPERLINK(1)"], "course": "C", "seal": "0" * 64, "title": "# T\n# X"})
    write_csv([evil], standard.assignment, tmp_path / "marks.csv")
    with (tmp_path / "marks.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["authors"] == "'=HYPERLINK(1)"
    written = write_feedback([evil, evil], tmp_path / "feedback")
    assert {path.parent for path in written} == {tmp_path / "feedback"}
    assert len(set(written)) == 2
    assert feedback(evil).startswith("# # T # X\n")
    bad = Finding("a.zip", problems=["x"])
    assert in_order([Finding("b.zip"), Finding("c.zip", notes=["n"]), bad]) == [
        bad, Finding("c.zip", notes=["n"]), Finding("b.zip"),
    ]  # fmt: skip
