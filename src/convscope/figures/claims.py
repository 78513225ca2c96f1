"""All statistical claims in one figure: effect and interval in units of what matters, verdict by marker and colour."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from convscope.analysis.records import Claim
from convscope.figures.style import LINE, MUTED, PALETTE, WIDTH, signed

LOOKS = {"supported": ("o", PALETTE[0]), "refuted": ("X", PALETTE[1]), "inconclusive": ("D", PALETTE[6])}
FURTHEST = 12.0  # margins; a gain of 18 points would press all other claims together

HIGHEST = 5.4  # inches that the lines take on a page that has text, too, as far as their type does not meet


def forest(claims: dict[str, Claim]) -> Figure:
    """Effect of each statistical claim minus the difference that it expects, over its margin, with its interval.

    Parameters
    ----------
    claims
        From metrics.json; arithmetic ones are left out.
    """
    rows = [(name, claim) for name, claim in claims.items() if claim.effect is not None]
    figure, axes = plt.subplots(
        figsize=(WIDTH, 1.0 + min(0.21 * len(rows), max(HIGHEST, 0.107 * len(rows)))), layout="constrained"
    )
    axes.axvspan(-1, 1, color=LINE, alpha=0.5, linewidth=0)
    axes.axvline(0, color=MUTED, linewidth=1)
    for place, (_, claim) in enumerate(rows):
        marker, hue = LOOKS[claim.verdict]
        ends, effect = in_margins(claim)
        if ends is not None:
            axes.plot(np.clip(ends, -FURTHEST, FURTHEST), [place, place], color=hue, linewidth=1.6)
        shown = float(np.clip(effect, -FURTHEST, FURTHEST))
        axes.plot([shown], [place], marker, color=hue, markersize=5.5, mec="white", mew=0.5)
        if shown != effect:
            axes.annotate(signed(effect, 0), (shown, place), (5, 0), textcoords="offset points",
                          va="center", fontsize=7)  # fmt: skip
    axes.set_yticks(range(len(rows)), [name for name, _ in rows], fontsize=7)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("effect in units of the claim's margin")
    axes.grid(axis="y", visible=False)
    handles = [
        Line2D([], [], marker=marker, color=hue, markersize=5.5, mec="white", label=verdict)
        for verdict, (marker, hue) in LOOKS.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def in_margins(claim: Claim) -> tuple[Any, float]:
    """Return interval (None for a single run) and effect, from what is expected on, in units of the margin."""
    assert claim.effect is not None
    assert claim.expected is not None
    assert claim.margin is not None
    ends = None if claim.interval is None else (np.array(claim.interval) - claim.expected) / claim.margin
    return ends, (claim.effect - claim.expected) / claim.margin
