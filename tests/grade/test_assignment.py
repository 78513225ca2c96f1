"""report/assignment.yml: what it declares, and mistakes in it, which are named with their line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checkout import ROOT
from convscope.errors import ReportError
from convscope.grade.assignment import FILE, read_assignment


def test_points_add_up_and_every_task_is_there() -> None:
    assignment = read_assignment(ROOT)
    assert sum(task.points for task in assignment.tasks) == 100
    assert [task.id for task in assignment.tasks] == ["1", "2", "3", "4", "5", "6", "bonus", "validation", "handed in"]
    assert len(assignment.criteria) >= 68
    assert [len(checklist.questions) for checklist in assignment.checklists] == [16, 5]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / FILE).parent.mkdir()
    shutil.copy(ROOT / FILE, tmp_path / FILE)
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("check: one_factor", "check: two_factors", "there is no check 'two_factors'; there is above_chance"),
        ("points: 25", "points: many", "Input should be a valid integer"),
        ("of: some, needs", "of: none, needs", "Input should be 'comparisons', 'experiments', 'some' or 'report'"),
        ("rows: {class: classes}", "row: {class: classes}", "Extra inputs are not permitted, found"),
        (
            "{decides: kernel}",
            "{decides: kernel, check: figures}",
            "a need has one of in, least, varies, decides, evidence",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(root: Path, old: str, new: str, said: str) -> None:
    text = (root / FILE).read_text(encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1
    (root / FILE).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ReportError) as raised:
        read_assignment(root)
    assert f"{root / FILE}, line " in raised.value.message
    named = int(raised.value.message.split(", line ")[1].split(":")[0])
    assert line - 4 <= named <= line  # of the need, where what is wrong has no line of its own
    assert said in raised.value.message


def test_two_criteria_with_one_id_and_no_yaml_at_all(root: Path) -> None:
    text = (root / FILE).read_text(encoding="utf-8")
    (root / FILE).write_text(text.replace("id: data-means", "id: data-size"), encoding="utf-8")
    with pytest.raises(ReportError, match="two criteria have the id 'data-size'"):
        read_assignment(root)
    (root / FILE).write_text("tasks: [", encoding="utf-8")
    with pytest.raises(ReportError, match="is no YAML"):
        read_assignment(root)
    (root / FILE).unlink()
    with pytest.raises(ReportError, match="cannot be read"):
        read_assignment(root)
