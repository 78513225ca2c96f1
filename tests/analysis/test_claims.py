"""Verdicts from outcomes by seed and image, against plain NumPy and SciPy; counts against arithmetic by hand."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from convscope.analysis import records
from convscope.analysis.claims import compute, count, decide
from convscope.analysis.outcomes import outcomes
from convscope.analysis.statistics import crossed_estimate
from convscope.errors import SpecError
from convscope.studies import STUDIES
from convscope.studies.study import Claim, Study

SEEDS, IMAGES = 10, 3000
LABELS = np.arange(IMAGES) % 10
RUNS: dict[str, list[str]] = {name: [] for name in ("mlp", "cnn3", "cnn5", "cnn7")}


def study(*claims: Claim) -> Study:
    return replace(STUDIES["fashion"], claims=claims)


def answers(**accuracies: float) -> dict[str, NDArray[np.bool_]]:
    """Return right and wrong answers; a network that is right more often is right wherever the other is."""
    hardness = np.random.default_rng(0).random((SEEDS, IMAGES))
    return {name: hardness < accuracy for name, accuracy in accuracies.items()}


def verdict_on(claim: Claim, correct: dict[str, NDArray[np.bool_]], train_accuracy: float = 0.99) -> records.Claim:
    history = [SimpleNamespace(train_accuracy=train_accuracy)]
    results = {name: [SimpleNamespace(history=history)] * SEEDS for name in correct}
    declared = study(claim)
    counted = {name: np.ones(SEEDS, dtype=np.bool_) for name in correct}
    compared = outcomes(declared, cast(Any, results), correct, LABELS, counted)
    return decide(declared, "full", compared, RUNS)[claim.id]


def test_one_variant_against_another_is_the_paired_difference() -> None:
    correct = answers(mlp=0.85, cnn3=0.9)
    found = verdict_on(Claim("c", "s", "superiority", "cnn3", ("mlp",), refuted_by="r"), correct)
    expected = crossed_estimate(correct["cnn3"].astype(float) - correct["mlp"].astype(float))
    assert (found.verdict, found.n, found.margin, found.level) == ("supported", SEEDS, 0.005, 0.95)
    assert found.effect == pytest.approx(expected.effect)
    assert found.interval == pytest.approx(expected.interval())
    assert found.comparisons[0].differences == pytest.approx(correct["cnn3"].mean(axis=1) - correct["mlp"].mean(axis=1))


@pytest.mark.parametrize(("worst", "verdict"), [(0.9, "supported"), (0.85, "refuted")])
def test_several_variants_are_as_good_as_the_worst(worst: float, verdict: str) -> None:
    claim = Claim("c", "s", "superiority", ("cnn3", "cnn5"), ("mlp",), refuted_by="r")
    found = verdict_on(claim, answers(mlp=0.85, cnn3=0.95, cnn5=worst))
    assert (found.verdict, found.decided_by) == (verdict, 1)
    assert [(each.a, each.b) for each in found.comparisons] == [("cnn3", "mlp"), ("cnn5", "mlp")]


@pytest.mark.parametrize(("gain", "verdict"), [(0.025, "supported"), (0.05, "refuted"), (0.001, "refuted")])
def test_a_range_is_an_equivalence_around_what_is_expected(gain: float, verdict: str) -> None:
    claim = Claim("c", "s", "equivalence", "cnn3", ("mlp",), expected=0.025, margin=0.01, refuted_by="r")
    found = verdict_on(claim, answers(mlp=0.85, cnn3=0.85 + gain))
    assert found.verdict == verdict
    assert found.effect == pytest.approx(gain, abs=0.01)  # as it is, not from what is expected on


def test_more_gap_is_more_overfitting() -> None:
    claim = Claim("c", "s", "superiority", "mlp", ("cnn3",), measure="generalisation gap", refuted_by="r")
    found = verdict_on(claim, correct := answers(mlp=0.85, cnn3=0.9))
    assert found.verdict == "supported"
    assert found.effect == pytest.approx(correct["cnn3"].mean() - correct["mlp"].mean())
    alone = Claim("c", "s", "equivalence", "cnn3", measure="generalisation gap", margin=0.2, refuted_by="r")
    found = verdict_on(alone, correct)
    assert found.verdict == "supported"
    assert found.effect == pytest.approx(0.99 - correct["cnn3"].mean())


def test_class_gain_is_what_the_look_alikes_gain_beyond_the_others() -> None:
    correct = answers(mlp=0.85, cnn3=0.85)
    named = np.isin(LABELS, STUDIES["fashion"].look_alikes)
    correct["cnn3"] = correct["cnn3"] | (named & answers(cnn3=0.95)["cnn3"])
    claim = Claim("c", "s", "superiority", "cnn3", ("mlp",), measure="class gain", refuted_by="r")
    found = verdict_on(claim, correct)
    by_class = {name: (c[:, named].mean(), c[:, ~named].mean()) for name, c in correct.items()}
    gain = (by_class["cnn3"][0] - by_class["mlp"][0]) - (by_class["cnn3"][1] - by_class["mlp"][1])
    assert found.effect == pytest.approx(gain)
    assert found.verdict == "supported"


def test_gain_in_errors_removed_is_the_difference_of_two_shares() -> None:
    """In points the look-alikes may gain more, and yet keep a larger share of their errors."""
    named = np.isin(LABELS, STUDIES["fashion"].look_alikes)
    hardness = np.random.default_rng(0).random((SEEDS, IMAGES))
    correct = {
        "mlp": hardness < np.where(named, 0.6, 0.95),
        "cnn3": hardness < np.where(named, 0.7, 0.99),
    }
    removed = [1 - (~correct["cnn3"][:, part]).mean() / (~correct["mlp"][:, part]).mean() for part in (named, ~named)]
    points = Claim("c", "s", "superiority", "cnn3", ("mlp",), measure="class gain", refuted_by="r")
    share = replace(points, measure="class gain in errors removed", margin=0.1)
    assert verdict_on(points, correct).verdict == "supported"
    found = verdict_on(share, correct)
    assert found.effect == pytest.approx(removed[0] - removed[1])
    assert found.verdict == "refuted"
    assert found.nuance == "the other way round"


def test_a_contrast_is_a_difference_of_differences() -> None:
    correct = answers(mlp=0.80, cnn3=0.9, cnn5=0.85, cnn7=0.88)
    claim = Claim("c", "s", "superiority", "cnn3", ("mlp",), contrast=("cnn7", "cnn5"), refuted_by="r")
    found = verdict_on(claim, correct)
    by_seed = {name: right.mean(axis=1) for name, right in correct.items()}
    expected = (by_seed["cnn3"] - by_seed["mlp"]) - (by_seed["cnn7"] - by_seed["cnn5"])
    (comparison,) = found.comparisons
    assert comparison.minus == ("cnn7", "cnn5")
    assert comparison.differences == pytest.approx(expected)
    table = correct["cnn3"].astype(float) - correct["mlp"] - correct["cnn7"] + correct["cnn5"]
    assert found.interval == pytest.approx(crossed_estimate(table).interval())
    assert found.verdict == "supported"
    assert comparison.errors_removed is None


@pytest.mark.parametrize(
    "changed",
    [
        {"others": ("mlp", "cnn7")},
        {"kind": "best of k"},
        {"contrast": ("mlp", "cnn3")},
        {"contrast": ("cnn5",)},
        {"declared": "later"},
    ],
)
def test_what_is_no_contrast_is_refused(changed: dict[str, Any]) -> None:
    claim = Claim("c", "s", "superiority", "cnn3", ("mlp",), contrast=("cnn7", "cnn5"), refuted_by="r")
    with pytest.raises(SpecError, match="Claim 'c'"):
        replace(claim, **changed)


def test_a_claim_made_after_the_results_is_outside_of_the_family() -> None:
    claims = [Claim(f"c{i}", "s", "superiority", "cnn3", ("mlp",), refuted_by="r") for i in range(3)]
    family = study(*claims[:2], replace(claims[2], declared="after"))
    correct = answers(mlp=0.85, cnn3=0.9)
    counted = {name: np.ones(SEEDS, dtype=np.bool_) for name in correct}
    results = {name: [SimpleNamespace(history=[SimpleNamespace(train_accuracy=1.0)])] * SEEDS for name in correct}
    decided = decide(family, "full", outcomes(family, cast(Any, results), correct, LABELS, counted), RUNS)
    assert [each.level for each in decided.values()] == [0.975, 0.975, 0.95]
    assert [each.declared for each in decided.values()] == ["before", "before", "after"]


def test_failed_runs_are_left_out_of_their_pairs() -> None:
    correct = answers(mlp=0.85, cnn3=0.9)
    correct["cnn3"][4] = False
    results = {name: [SimpleNamespace(history=[SimpleNamespace(train_accuracy=1.0)])] * SEEDS for name in correct}
    counted = {name: np.ones(SEEDS, dtype=np.bool_) for name in correct}
    counted["cnn3"][4] = False
    claim = Claim("c", "s", "superiority", "cnn3", ("mlp",), refuted_by="r")
    compared = outcomes(study(claim), cast(Any, results), correct, LABELS, counted)
    found = decide(study(claim), "full", compared, RUNS)["c"]
    others = np.arange(SEEDS) != 4
    assert found.n == SEEDS - 1
    assert found.comparisons[0].differences == pytest.approx(
        (correct["cnn3"].mean(axis=1) - correct["mlp"].mean(axis=1))[others]
    )
    none_trained = decide(study(claim), "full", compared, RUNS, failed=["cnn3"])["c"]
    assert (none_trained.verdict, none_trained.reason) == ("inconclusive", "a network failed to train")


def test_a_measure_that_nobody_supplies_is_named() -> None:
    claim = Claim("c", "s", "superiority", "cnn3", ("mlp",), measure="robustness", refuted_by="r")
    with pytest.raises(SpecError, match=r"Claim 'c' is about the measure 'robustness'; .* 'accuracy'"):
        verdict_on(claim, answers(mlp=0.85, cnn3=0.9))


def test_counts_by_hand() -> None:
    verdicts = {name: claim.verdict for study in STUDIES.values() for name, claim in compute(study).items()}
    assert verdicts["mnist_numpy-similar-parameters"] == "refuted"
    assert verdicts["mnist_numpy-quadratic-network"] == "refuted"
    assert verdicts["mnist_numpy-quadratic-kernels"] == "supported"
    assert verdicts["design-two-3x3-see-5x5"] == "supported"
    (similar,) = (c for c in STUDIES["mnist_numpy"].claims if c.id == "mnist_numpy-similar-parameters")
    assert count(similar.counts[0]) == 206_922 / 109_386
    (stacked,) = (c for c in STUDIES["design"].claims if c.id == "design-two-3x3-see-5x5")
    assert [count(each) for each in stacked.counts] == [5, 18, 5, 25]


def test_all_claims_of_the_projects_are_there() -> None:
    """Sources are the projects' numbers; each of the five made claims."""
    sources = {source for study in STUDIES.values() for claim in study.claims for source in claim.source.split(", ")}
    assert sources >= {"000", "001", "002", "003", "004"}
