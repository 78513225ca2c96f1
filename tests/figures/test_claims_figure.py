"""The figure of all claims stays on its page, however many there are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import matplotlib.pyplot as plt
import pytest

from convscope.figures.claims import forest
from convscope.figures.registry import FIGURES, Material

PAGE = 9.7  # inches: A4 less the margins of template.typ and a caption


def with_claims(count: int) -> Material:
    """Return results with so many claims, five a study."""
    claim: dict[str, Any] = {
        "verdict": "supported", "effect": 0.02, "interval": (0.01, 0.03), "expected": 0.0, "margin": 0.01, "n": 8,
    }  # fmt: skip
    claims = {f"study{number // 5}-claim{number}": claim | {"study": f"study{number // 5}"} for number in range(count)}
    metrics = SimpleNamespace(claims={name: SimpleNamespace(**each) for name, each in claims.items()})
    return cast("Material", SimpleNamespace(metrics=metrics))


@pytest.mark.parametrize(("count", "together"), [(71, True), (75, True), (76, False), (150, False)])
def test_any_number_of_claims_is_drawn_on_pages(count: int, together: bool) -> None:
    material = with_claims(count)
    drawn = [FIGURES["claims"].rows(material)]
    drawn += [FIGURES["{study}-claims"].rows(material, f"study{number}") for number in range(count // 5 + 1)]
    drawn = [rows for rows in drawn if rows]
    assert (len(drawn) == 1) == together
    assert {row["claim"] for rows in drawn for row in rows} == set(material.metrics.claims)
    for rows in drawn:
        figure = forest(rows)
        assert figure.get_figheight() < PAGE
        plt.close(figure)
