"""Verdicts on the claims of a study, from the right and wrong answers of its runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.analysis.statistics import paired_difference, simultaneous_level
from convscope.analysis.verdicts import Verdict, best_of_k, equivalence, superiority
from convscope.studies.study import Claim, Profile, Study


def decide(
    study: Study, profile: Profile, correct: Mapping[str, NDArray[np.bool_]], runs: Mapping[str, list[str]]
) -> dict[str, Any]:
    """Return each claim of a study with its verdict, as metrics.json has it.

    Parameters
    ----------
    study
        Declares the claims and the margin.
    profile
        Decides which of them can be answered: those whose variants it runs.
    correct
        By variant, (seeds, test images): which images each run has right.
    runs
        By variant, the keys of its runs.
    """
    level = simultaneous_level(max(len(study.claims), 1))
    return {
        claim.id: _described(claim, study, _verdict(claim, study.margin, level, correct), runs)
        for claim in study.claims_in(profile)
    }


def _verdict(claim: Claim, margin: float, level: float, correct: Mapping[str, NDArray[np.bool_]]) -> Verdict:
    differences = {other: paired_difference(correct[claim.variant], correct[other]) for other in claim.others}
    if claim.kind == "best of k":
        return best_of_k(differences, margin, level)
    rule = superiority if claim.kind == "superiority" else equivalence
    return rule(differences[claim.others[0]], margin, level)


def _described(claim: Claim, study: Study, verdict: Verdict, runs: Mapping[str, list[str]]) -> dict[str, Any]:
    return {
        "statement": claim.statement,
        "study": study.id,
        "kind": verdict.kind,
        "verdict": verdict.verdict,
        "leaning": verdict.leaning,
        "unit": "fraction",
        "effect": verdict.effect,
        "interval": list(verdict.interval) if verdict.interval else None,
        "level": verdict.level,
        "n": verdict.n,
        "margin": verdict.margin,
        "rival": verdict.rival,
        "reason": verdict.reason,
        "runs": [key for name in (claim.variant, *claim.others) for key in runs[name]],
    }
