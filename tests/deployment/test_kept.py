"""The evidence that the repository keeps: checked against what is published, and never taken for a build's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny_run
from bs4 import BeautifulSoup
from markdown import markdown
from test_evidence import copy, elsewhere
from test_published import kept

from convscope.deployment.kept import read_kept
from convscope.errors import ConvscopeError
from convscope.files import write_json
from convscope.report.site import _add_evidence
from convscope.runs.published import PublishedRuns

Json = dict[str, Any]
PUBLISHED = Path(__file__).resolve().parents[2] / "data" / "published"


@pytest.fixture
def published(evidence: Json, tmp_path: Path) -> PublishedRuns:
    """A published run, and the evidence of its deployment."""
    runs = kept(tmp_path / "published", weights=True)
    write_json(runs.root / "emulated" / "evidence.json", evidence)
    return runs


def another_class(evidence: Json) -> None:
    image = evidence["inference"]["images"][2]
    image["true_class"] = (image["true_class"] + 1) % 10


def another_run(evidence: Json) -> None:
    evidence["run"]["key"] = evidence["artefact"]["run_key"] = "0" * 64


def another_answer(evidence: Json) -> None:
    evidence["inference"]["response"] = evidence["inference"]["response"].replace("confidence", "certainty")


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (another_class, "test image "),
        (another_run, "run.json cannot be read"),
        (another_answer, "SHA-256 of the response"),
        (lambda e: e["run"].update(test_accuracy=0.9999), "test accuracy is 0.9999"),
        (lambda e: e["artefact"].update(run_key="1" * 64), "artefact is of run 111111111111"),
        (lambda e: e.update(elsewhere(e)), "its label is AWS"),
    ],
)
def test_what_is_not_of_the_published_run_is_refused(
    published: PublishedRuns, evidence: Json, damage: Callable[[Json], None], named: str
) -> None:
    assert (read := read_kept(published.root))
    assert read.as_json() == copy(evidence)
    changed = copy(evidence)
    damage(changed)
    write_json(published.root / "emulated" / "evidence.json", changed)
    with pytest.raises(ConvscopeError, match=named):
        read_kept(published.root)


def test_bytes_of_the_run_that_were_changed_are_noticed(published: PublishedRuns) -> None:
    answers = published.path(tiny_run.result().key) / "answers.xz"
    answers.write_bytes(answers.read_bytes()[:-1] + b"x")
    with pytest.raises(ConvscopeError, match=r"answers\.xz"):
        read_kept(published.root)


def test_a_repository_may_keep_none(tmp_path: Path) -> None:
    assert read_kept(tmp_path) is None


def test_the_evidence_of_this_repository_is_of_its_published_run() -> None:
    evidence = read_kept(PUBLISHED)
    assert evidence
    assert (evidence.label, evidence.comparison.identical, evidence.leftovers) == ("EMULATED", True, [])
    result = PublishedRuns(PUBLISHED).read(evidence.run.key)
    assert result.test_accuracy == evidence.artefact.test_accuracy  # the job trained it again


def test_the_page_says_that_it_is_of_another_build_and_of_which_day(
    published: PublishedRuns, evidence: Json, tmp_path: Path
) -> None:
    _add_evidence(tmp_path / "docs", [tmp_path / "build"], published.root)
    page = BeautifulSoup(
        markdown((tmp_path / "docs" / "index.md").read_text(), extensions=["admonition"]), "html.parser"
    )
    titles = [title.text for title in page.select(".admonition-title")]
    assert titles == ["Of the published results, not of this build", "EMULATED"]
    said = page.select(".admonition")[0].text
    assert "This build deployed nothing" in said
    assert evidence["started"][:10] in said
    assert evidence["run"]["key"][:8] in said
    assert json.loads((tmp_path / "docs" / "evidence.json").read_bytes()) == copy(evidence)


def test_a_build_with_evidence_of_its_own_shows_that_alone(
    published: PublishedRuns, evidence: Json, tmp_path: Path
) -> None:
    own = copy(evidence) | {"name": "convscope-own"}
    write_json(tmp_path / "build" / "evidence.json", own)
    _add_evidence(tmp_path / "docs", [tmp_path / "build"], published.root)
    text = (tmp_path / "docs" / "index.md").read_text()
    assert "not of this build" not in text
    assert text.count("# Deployment: train") == 1
    assert json.loads((tmp_path / "docs" / "evidence.json").read_bytes()) == own


def test_without_either_the_page_says_so(tmp_path: Path) -> None:
    _add_evidence(tmp_path / "docs", [tmp_path / "build"], tmp_path / "published")
    assert "This build deployed nothing" in (tmp_path / "docs" / "index.md").read_text()
