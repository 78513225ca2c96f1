"""Which verdicts flipped: kept between builds, whatever ends one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from convscope.analysis.changes import Flip, flips_in_words, note_verdicts, read_changes


def metrics(accuracy: float = 0.9, **verdicts: str) -> dict[str, Any]:
    claims = {name: {"verdict": verdict, "leaning": None, "reason": ""} for name, verdict in verdicts.items()}
    return {"profile": "quick", "datasets": {}, "studies": {"s": accuracy}, "claims": claims}


def test_flips_are_found_and_said(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.json"
    first = note_verdicts(metrics(a="supported", b="refuted"), path)
    assert first.flipped is None
    assert "no earlier build" in flips_in_words(first)
    same = note_verdicts(metrics(0.91, a="supported", b="refuted"), path)
    assert same.flipped == ()
    assert "no verdict has flipped" in flips_in_words(same)
    flipped = note_verdicts(metrics(0.92, a="refuted", b="refuted", c="supported"), path)
    assert flipped.flipped == (Flip(claim="a", was="supported", **{"is": "refuted"}),)
    assert flips_in_words(flipped) == "claims: a was supported, is refuted"
    # a build that was killed here says the same when it goes on
    assert note_verdicts(metrics(0.92, a="refuted", b="refuted", c="supported"), path) == flipped
    assert note_verdicts(metrics(0.93, a="refuted", b="refuted", c="supported"), path).flipped == ()


def test_a_build_of_other_studies_forgets_nothing(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.json"
    note_verdicts(metrics(a="supported"), path)
    assert note_verdicts(metrics(b="refuted"), path).flipped is None
    back = note_verdicts(metrics(0.8, a="inconclusive"), path)
    assert back.flipped == (Flip(claim="a", was="supported", **{"is": "inconclusive"}),)


def test_with_few_seeds_the_leaning_flips(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.json"
    few = [
        {"verdict": "inconclusive", "leaning": leaning, "reason": "n too small"} for leaning in ("supported", "refuted")
    ]
    for claim in few:
        changes = note_verdicts(metrics() | {"claims": {"a": claim}}, path)
    assert changes.flipped is not None
    (flip,) = changes.flipped
    assert (flip.was, flip.now) == ("inconclusive, leaning to supported", "inconclusive, leaning to refuted")


def test_a_damaged_file_is_no_earlier_build(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.json"
    for damage in ("", "[]", '{"results": "x"}', '{"results"', '{"flipped": [{"claim": 1}]}'):
        path.write_text(damage)
        assert read_changes(path).flipped is None
        assert note_verdicts(metrics(a="supported"), path).flipped is None
