"""What `make submit` says of a submission is so."""

from __future__ import annotations

from typing import Any

from convscope.analysis.records import Metrics
from convscope.analysis.study_records import StudyRun
from convscope.handin.bundle import OPTIONAL, _in_words


def test_runs_of_this_machine_are_not_said_to_be_of_another() -> None:
    metrics = Metrics.model_construct(studies={"table": StudyRun.model_construct(status="run")})
    facts: dict[str, Any] = {"runs": {"included": True, "count": 6, "weights": False, "note": ""}, "absent": OPTIONAL}
    included, left_out = _in_words(facts, metrics)
    assert included[0] == "1 study: table"
    assert "deployment: nothing was deployed" in left_out
    assert not any("elsewhere" in line for line in (*included, *left_out))
