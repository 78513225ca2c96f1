"""A grade sheet that claims more than is there is a forgery, in whatever words it claims it."""

from __future__ import annotations

from typing import Any

import pytest

from convscope.grade.records import CheckedCriterion, CheckedTask, Grade
from convscope.handin.examine import compare_sheets


def sheet(*states: str, present: int | None = None) -> Any:
    criteria = [{"id": f"c{number}", "status": state} for number, state in enumerate(states)]
    counted = sum(state == "evidence present" for state in states)
    return {"tasks": [{"criteria": criteria}], "present": counted if present is None else present}


STATES = ("evidence present", "missing", "missing")
HERE = Grade.model_construct(
    tasks=(
        CheckedTask.model_construct(
            criteria=tuple(
                CheckedCriterion.model_construct(id=f"c{number}", status=state) for number, state in enumerate(STATES)
            )
        ),
    )
)


def test_the_same_sheet_holds() -> None:
    assert compare_sheets(sheet(*STATES), HERE) == ([], [])


@pytest.mark.parametrize(
    "forged",
    [
        sheet("evidence present", "evidence present", "missing"),
        sheet("evidence present", "present", "missing", present=2),
        sheet("evidence present", "evidence  present", "missing", present=2),
        sheet("evidence present", "missing", "missing", present=3),
    ],
)
def test_a_claim_of_more_is_a_problem(forged: Any) -> None:
    problems, _ = compare_sheets(forged, HERE)
    assert problems


def test_a_sheet_that_claims_less_is_one_to_look_at() -> None:
    problems, notes = compare_sheets(sheet("missing", "missing", "missing"), HERE)
    assert (problems, len(notes)) == ([], 1)
