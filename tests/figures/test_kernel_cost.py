"""Kernels against their cost, as the published results have them."""

from __future__ import annotations

import pytest

from checkout import ROOT
from convscope.figures.factors import kernel_rows
from convscope.figures.registry import Material
from convscope.publication import published_metrics
from convscope.runs.published import PublishedRuns
from convscope.studies import STUDIES


@pytest.mark.slow
def test_a_row_has_the_rate_that_its_networks_were_trained_at() -> None:
    study = STUDIES["mnist"]
    assert study.tuning
    metrics, pictures = published_metrics([study], PublishedRuns(ROOT / "data" / "published"))
    rows = kernel_rows(Material(metrics, pictures))
    assert {row["variant"]: row["learning_rate"] for row in rows} == {
        name: study.tuning.chosen[name] for name in study.experiments[0].variants
    }
