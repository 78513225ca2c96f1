"""All statistical claims, in one figure or one a study: effect and interval in units of what matters."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from convscope.figures import findings
from convscope.figures.registry import Material, Row, Rows, bounds, figure
from convscope.figures.style import LINE, MUTED, PALETTE, WIDTH, signed

LOOKS = {"supported": ("o", PALETTE[0]), "refuted": ("X", PALETTE[1]), "inconclusive": ("D", PALETTE[6])}
FURTHEST = 12.0  # margins; a gain of 18 points would press all other claims together

HIGHEST = 5.4  # inches that the lines take on a page that has text, too, as far as their type does not meet
MOST = 75  # claims in one figure; with more it would be longer than a page, and each study has a figure of its own


def claim_rows(material: Material) -> Rows:
    """Return the statistical claims, fractions; effects are not yet divided by the margin. Of too many, none."""
    rows = _rows(material)
    return rows if len(rows) <= MOST else []


def study_claim_rows(material: Material, study: str) -> Rows:
    """Return those of one study, where all together are too many."""
    return [] if claim_rows(material) else _rows(material, study)


def _rows(material: Material, study: str = "") -> Rows:
    return [
        {"claim": name, "verdict": claim.verdict, "effect": claim.effect}
        | bounds(claim)
        | {"expected": claim.expected, "margin": claim.margin, "seeds": claim.n}
        for name, claim in material.metrics.claims.items()
        if claim.effect is not None and study in ("", claim.study)
    ]


@figure("claims", rows=claim_rows, finding=findings.verdicts)
@figure("{study}-claims", rows=study_claim_rows, finding=findings.verdicts)
def forest(rows: Rows) -> Figure:
    """Effect of each statistical claim minus the difference that it expects, over its margin, with its interval."""
    drawn, axes = plt.subplots(
        figsize=(WIDTH, 1.0 + min(0.21 * len(rows), max(HIGHEST, 0.107 * len(rows)))), layout="constrained"
    )
    axes.axvspan(-1, 1, color=LINE, alpha=0.5, linewidth=0)
    axes.axvline(0, color=MUTED, linewidth=1)
    for place, row in enumerate(rows):
        marker, hue = LOOKS[row["verdict"]]
        effect = _in_margins(row, "effect")
        if row["low"] is not None:
            ends = [_in_margins(row, end) for end in ("low", "high")]
            axes.plot(np.clip(ends, -FURTHEST, FURTHEST), [place, place], color=hue, linewidth=1.6)
        shown = float(np.clip(effect, -FURTHEST, FURTHEST))
        axes.plot([shown], [place], marker, color=hue, markersize=5.5, mec="white", mew=0.5)
        if shown != effect:
            axes.annotate(signed(effect, 0), (shown, place), (5, 0), textcoords="offset points",
                          va="center", fontsize=7)  # fmt: skip
    axes.set_yticks(range(len(rows)), [row["claim"] for row in rows], fontsize=7)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("effect in units of the claim's margin")
    axes.grid(axis="y", visible=False)
    handles = [
        Line2D([], [], marker=marker, color=hue, markersize=5.5, mec="white", label=verdict)
        for verdict, (marker, hue) in LOOKS.items()
    ]
    drawn.legend(handles=handles, loc="outside lower center", ncols=3)
    return drawn


def _in_margins(row: Row, what: str) -> float:
    """Return a value of a claim from what is expected on, in units of the margin."""
    value: float = (row[what] - row["expected"]) / row["margin"]
    return value
