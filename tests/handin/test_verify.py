"""What verify.py computes by itself, against the code that made the report; and that it needs nothing else."""

from __future__ import annotations

import ast
import copy
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import made_up
from checkout import ROOT
from convscope.analysis.claims import rule
from convscope.analysis.statistics import Estimate
from convscope.handin import verify
from convscope.handin.bundle import sealed
from convscope.publication import published_metrics
from convscope.report import formats
from convscope.runs.published import PublishedRuns

NUMBERS = st.one_of(st.floats(-1e7, 1e7), st.integers(-(10**9), 10**9), st.floats(-1, 1))
TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40)


@given(st.sampled_from(sorted(formats.NUMERIC)), st.integers(1, 6), NUMBERS)
def test_numbers_become_the_text_that_the_report_writes(style: str, digits: int, value: float) -> None:
    found = {"a/b": [value, value]}
    same = formats.recompute(found, "/a~1b/1", f"{style} {digits}")
    assert verify.text_of(found, "/a~1b/1", f"{style} {digits}") == same


@given(st.sampled_from(sorted(formats.OTHER)), TEXTS)
def test_words_become_the_text_that_the_report_writes(style: str, text: str) -> None:
    value = text if style not in ("list", "shape") else text.split()
    assert verify.text_of({"": value}, "/", style) == formats.recompute({"": value}, "/", style)


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("/a/0 /a/1", "ratio 2"),
        ("/a", "length"),
        ("/s", "length status=run"),
        ("/s", "length"),
        ("/s/m~1n", "key"),
        ("/nothing", "percent 1"),
        ("/nothing", "list"),
    ],
)
def test_what_is_no_plain_number_becomes_the_same_text(source: str, rule: str) -> None:
    metrics = {"a": [3.5, 2], "s": {"m/n": {"status": "run"}, "o": {"status": "not run"}}, "nothing": None}
    assert verify.text_of(metrics, source, rule) == formats.recompute(metrics, source, rule)


def test_no_rule_of_the_report_is_unknown_here() -> None:
    assert verify.NUMERIC.keys() == formats.NUMERIC.keys()
    assert verify.OTHER.keys() == formats.OTHER.keys()
    assert verify.PAIRS.keys() == formats.UNROUNDED.keys()


def estimates(n: int) -> st.SearchStrategy[Estimate]:
    # Steps that make ties with margins and with zero frequent.
    step = st.integers(-8, 8).map(lambda eighths: eighths / 64)
    error = st.sampled_from([0.0, 0.001, 0.01, 0.05])
    return st.builds(
        lambda effect, deviation: Estimate(
            effect, deviation if n > 1 else None, 0.0, deviation if n > 1 else None, 9.0 if n > 1 else None, n, 1000
        ),
        step,
        error,
    )


@given(
    st.sampled_from(["superiority", "equivalence", "best of k"]),
    st.sampled_from([1, 3, 7, 8, 10]).flatmap(lambda n: st.lists(estimates(n), min_size=1, max_size=4)),
    st.sampled_from([1 / 64, 1 / 32, 1 / 16]),
    st.sampled_from([0.95, 0.99]),
    st.sampled_from([0.0, 1 / 32]),
)
def test_verdicts_are_those_of_the_analysis(
    kind: str, compared: list[Estimate], margin: float, level: float, expected: float
) -> None:
    expected = expected if kind == "equivalence" else 0.0
    decided, _ = rule(kind, compared, margin, level, expected)
    claim = {
        "kind": kind,
        "margin": margin,
        "expected": expected,
        "comparisons": [{"effect": e.effect, "interval": e.interval(level), "n": e.n} for e in compared],
    }
    assert verify.verdict_of(claim) == decided.verdict


@pytest.mark.parametrize(("computed", "verdict"), [(3, "supported"), (5, "supported"), (5.01, "refuted")])
def test_arithmetic_claims_are_decided_by_every_count(computed: float, verdict: str) -> None:
    counts = [{"claimed": [1, 1], "computed": 1}, {"claimed": [3, 5], "computed": computed}]
    assert verify.verdict_of({"kind": "arithmetic", "counts": counts}) == verdict


PAGE = """<p>It has <span class="value" data-source="/n" data-format="count 0">1,234</span> parameters and
<span data-source="/why" data-format="markdown">a <em>good</em>
“reason” <span class="citation" data-cites="a">(<a href="#a">A 2011</a>)</span>, isn’t it</span>.<br>
<span data-source="/claims/c/verdict" data-format="verdict supported">It wins,
with <span data-source="/p" data-format="percent 1">91.2&nbsp;%</span>.</span></p>"""
METRICS: dict[str, Any] = {
    "n": 1234,
    "p": 0.912,
    "why": 'a *good* "reason" [@a], isn\'t it',
    "claims": {"c": {"verdict": "supported"}},
}


def test_a_page_that_says_what_metrics_say_passes() -> None:
    assert verify.check_page("page", PAGE, METRICS) == ([], 4)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("1,234", "1,235", "shows '1,235' where metrics.json gives '1,234' at /n"),
        ("91.2&nbsp;%", "91.2 %", "shows '91.2 %'"),
        ("good", "bad", "shows 'a bad “reason”, isn’t it'"),
        ('"/n"', '"/m"', "'/m' in metrics.json cannot be written as 'count 0'"),
        ('"count 0"', '"weight"', "cannot be written as 'weight'"),
        ('data-format="count 0"', "", "cannot be written as ''"),
        ("verdict supported", "verdict refuted", "words of the 'verdict refuted' stand where"),
    ],
)
def test_a_page_that_says_otherwise_is_named(old: str, new: str, named: str) -> None:
    assert old in PAGE
    (problem,), _ = verify.check_page("page", PAGE.replace(old, new), METRICS)
    assert problem.startswith("page: ")
    assert named in problem


def test_a_page_without_any_source_is_no_report() -> None:
    assert verify.check_page("page", "<p>91.2 %</p>", METRICS)[0] == ["page: no number in it says where it comes from"]


def test_a_chapter_may_have_no_number() -> None:
    page = "<h1>4 Deployment</h1><style>p { width: 91.2% }</style><p>This build deployed nothing (Section 5).</p>"
    assert verify.check_page("site/report/deployed-network.html", page, METRICS) == ([], 0)
    (problem,), _ = verify.check_page("site/report/table.html", page + "<p>It reads 0.91 of them.</p>", METRICS)
    assert problem == "site/report/table.html: no number in it says where it comes from"


def test_numbers_of_headings_formulas_and_literals_are_no_results() -> None:
    page = (
        '<nav><ul><li><nav><a>3.1 What the layer assumes</a></nav></li></ul><a>3.2 Take away</a></nav><h2>3.1 What</h2>'
        '<p>Faces were aligned (<span class="citation">Author 2014, p. 3.2</span>), '
        '<span class="literal">3.3 % <span>of 5.5</span></span> of them, in <code>v2.6</code>, '
        '<math><mn>0.5</mn></math>.</p>'
    )  # fmt: skip
    assert verify.check_page("site/report/why-it-works.html", page, METRICS) == ([], 0)
    for said in ("<p>It reads 91.2 %.</p>", "<p>0.91</p>", "<li>9 %</li>"):
        (problem,), _ = verify.check_page("site/report/why-it-works.html", page + said, METRICS)
        assert problem == "site/report/why-it-works.html: no number in it says where it comes from"


@pytest.mark.parametrize("study", verify.SHOWN_ON["site/explore.html"])
def test_the_explorer_shows_numbers_where_its_studies_were_run(study: str) -> None:
    page = "site/explore.html"
    assert verify.check_page(page, "<p>Not run.</p>", {"studies": {study: {"status": "not run"}}}) == ([], 0)
    assert verify.check_page(page, "<p>Not run.</p>", {"studies": {"fashion": {"status": "run"}}}) == ([], 0)
    (problem,), _ = verify.check_page(page, "<p>91.2 %</p>", {"studies": {study: {"status": "run"}}})
    assert problem == "site/explore.html: no number in it says where it comes from"


def test_the_studies_of_the_explorer_are_those_that_its_page_takes_numbers_from() -> None:
    source = (ROOT / "site" / "pages" / "explore.md").read_text(encoding="utf-8")
    assert set(re.findall(r"/studies/(\w+)/", source)) == set(verify.SHOWN_ON["site/explore.html"])


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "C:/x", "a\\x", "", "a//b", "./a", "CON:", "a\0"])
def test_names_that_lead_out_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "x").write_bytes(b"secret")
    listed = {"files": {name: {"bytes": 6, "sha256": "0" * 64}}}
    assert list(verify.check_files(tmp_path / "inside", listed)) == [f"{name}: a name that leads out of this folder"]


@given(st.data())
def test_any_byte_of_the_manifest_is_noticed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("manifest")
    seal, manifest = sealed({"title": "T", "dirty": []}, {"report.html": b"<p>", "metrics.json": b"{}"})
    (folder / "MANIFEST.json").write_bytes(manifest)
    assert verify.read_manifest(folder)["seal"] == seal
    place = data.draw(st.integers(0, len(manifest) - 1))
    changed = bytearray(manifest)
    changed[place] ^= data.draw(st.integers(1, 255))
    (folder / "MANIFEST.json").write_bytes(changed)
    with pytest.raises(ValueError, match=r"^MANIFEST\.json: changed since it was sealed$"):
        verify.read_manifest(folder)


def test_a_folder_without_a_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"MANIFEST\.json: missing"):
        verify.read_manifest(tmp_path)


def test_it_is_written_in_python_3_8_and_imports_the_standard_library_alone() -> None:
    tree = ast.parse(Path(verify.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = {
        alias.name if isinstance(node, ast.Import) else node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return metrics with a contrast, and with a run that failed to train."""
    root = tmp_path_factory.mktemp("published")
    made_up.publish(root, made_up.study())
    metrics, _ = published_metrics([made_up.study()], PublishedRuns(root))
    return metrics.as_json()


def test_contrasts_and_failed_runs_follow(decided: Any) -> None:
    assert list(verify.check_arithmetic(decided)) == []
    assert list(verify.check_verdicts(decided)) == []


@pytest.mark.parametrize("claim", ["contrast", "wins", "best"])
def test_a_difference_that_does_not_follow_is_named(decided: Any, claim: str) -> None:
    forged = copy.deepcopy(decided)
    forged["claims"][claim]["comparisons"][0]["differences"][2] += 0.001
    (named,) = verify.check_arithmetic(forged)
    assert "does not follow from their runs" in named


def test_nothing_is_said_of_a_network_that_never_trained(decided: Any) -> None:
    forged = copy.deepcopy(decided)
    wide = forged["studies"]["made-up"]["variants"]["wide"]
    wide["failed"]["runs"] = ["0" * 64] * wide["failed"]["of"]
    assert any("'contrast' is 'supported'" in found for found in verify.check_verdicts(forged))
