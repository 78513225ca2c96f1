"""What each choice of a network changes, and what it costs."""

from __future__ import annotations

from math import ceil

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from convscope.figures import findings
from convscope.figures.argument import comparison
from convscope.figures.dose import dose
from convscope.figures.registry import Material, Rows, figure, groups
from convscope.figures.results import MOST_COLOURS, WILD, curves_of
from convscope.figures.style import MUTED, PALETTE, WIDTH, logarithmic, look, signed
from convscope.specs import from_json

ACROSS = 3  # panels of curves beside each other
FURTHEST = 10  # times the median size of a group's differences: what lies beyond is written, not drawn


def factor_rows(material: Material, study_id: str) -> Rows:
    """Return, for a study of many variants, each beside its base: difference, and multiples of work and weights.

    A variant whose id ends in ``-gap`` has the base of that ending; runs of which some never trained are left out.
    """
    study = material.metrics.ran[study_id]
    variants = study.variants
    if study.baseline != study.reference or len(variants) <= MOST_COLOURS:
        return []
    base, twin = study.baseline, f"{study.baseline}-gap"
    rows: Rows = []
    for name, variant in variants.items():
        other = twin if name.endswith("-gap") and name != twin and twin in variants else base
        if name == base or (variant.test_accuracy.sd or 0) > WILD:
            continue
        effect, low, high = comparison(study, name, other)
        rows.append(
            {"variant": name, "title": variant.title, "base": variants[other].title, "difference": effect,
             "low": low, "high": high, "macs": variant.macs / variants[other].macs,
             "parameters": variant.parameters / variants[other].parameters}
        )  # fmt: skip
    return rows


@figure("{study}-factors", rows=factor_rows, finding=findings.best_and_worst_choice)
def factors(rows: Rows) -> Figure:
    """Draw what each choice changes and what it costs, a line a choice; a pair of panels for each base."""
    bases = groups(rows, "base")
    drawn, panels = plt.subplots(
        len(bases), 2, figsize=(WIDTH, 0.75 + 0.3 * len(bases) + 0.157 * len(rows)), layout="constrained",
        squeeze=False, height_ratios=[len(group) + 0.6 for group in bases.values()], width_ratios=(3, 2),
    )  # fmt: skip
    for (effects, costs), (base, group) in zip(panels, bases.items(), strict=True):
        for axes, neutral in ((effects, 0), (costs, 1)):
            axes.axvline(neutral, color=MUTED, linewidth=1)
            axes.grid(axis="y", visible=False)
            axes.set_ylim(len(group) - 0.4, -0.6)
        reach = FURTHEST * float(np.median([abs(row["difference"]) for row in group]))
        effects.set_xlim(*_limits(group, reach))
        for place, row in enumerate(group):
            hue = PALETTE[0]
            if row["low"] is not None and abs(row["difference"]) <= reach:
                effects.plot([row["low"], row["high"]], [place, place], color=hue, linewidth=1.5)
            if abs(row["difference"]) > reach:  # one choice that changes nearly all would press the others together
                side = np.sign(row["difference"])
                text = signed(row["difference"], 1)
                if row["low"] is not None:
                    text += f" ({signed(row['low'], 1)} to {signed(row['high'], 1)})"
                effects.annotate(text, (side * reach, place), (side * 3, 0), textcoords="offset points", va="center",
                                 ha="right" if side > 0 else "left", fontsize=7.5, color=hue)  # fmt: skip
            else:
                effects.plot([row["difference"]], [place], "o", color=hue, markersize=5.5, mec="white")
            for what, shape, colour, beside in (
                ("macs", "o", PALETTE[1], -0.15),
                ("parameters", "s", PALETTE[6], 0.15),
            ):
                costs.plot([row[what]], [place + beside], shape, color=colour, markersize=4.5, mec="white")
        effects.set_yticks(range(len(group)), [row["title"] for row in group], fontsize=7.5)
        costs.set_yticks([])
        logarithmic(costs, "x", (1, 3))
        effects.set_title(f"minus {base} (points)", fontsize=8)
        costs.set_title(f"over {base}", fontsize=8)
        costs.set_xlabel("times (logarithmic)", fontsize=7.5)
    for what, shape, colour in (("multiply-accumulates", "o", PALETTE[1]), ("parameters", "s", PALETTE[6])):
        costs.plot([], [], shape, color=colour, markersize=5, mec="white", label=what)
    drawn.legend(loc="outside lower right", ncols=2, fontsize=7.5)
    return drawn


def _limits(group: Rows, reach: float) -> tuple[float, float]:
    """Return the ends of an axis that shows all that lies within reach, and where the rest is written."""
    ends = [0.0]
    for row in group:
        near = abs(row["difference"]) <= reach
        ends += [row["difference"], row["low"] or 0, row["high"] or 0] if near else [np.sign(row["difference"]) * reach]
    room = 0.06 * (max(ends) - min(ends) or 1)
    return min(ends) - room, max(ends) + room


def factor_curve_rows(material: Material, study_id: str) -> Rows:
    """Return, for a study of many variants, validation accuracy by epoch of the networks that differ in one factor.

    Twins are left out, whose level is another, and a network of which some runs never trained.
    """
    study = material.metrics.ran[study_id]
    if study.baseline != study.reference or len(study.variants) <= MOST_COLOURS:
        return []
    return [
        {"factor": each.factor} | row
        for each in study.experiments.values()
        if not any(name.endswith("-gap") for name in each.variants)
        for row in curves_of(study, [n for n in each.variants if (study.variants[n].test_accuracy.sd or 0) <= WILD])
        if (row["part"], row["quantity"]) == ("validation", "accuracy")
    ]


@figure("{study}-factor-curves", rows=factor_curve_rows, finding=findings.curves)
def factor_curves(rows: Rows) -> Figure:
    """Draw validation accuracy by epoch, a panel a factor: mean over seeds, range shaded; the axes are the same."""
    factors = groups(rows, "factor")
    lines = ceil(len(factors) / ACROSS)
    drawn, panels = plt.subplots(
        lines, ACROSS, figsize=(WIDTH, 0.3 + 1.6 * lines), layout="constrained", squeeze=False, sharey=True
    )
    for axes in panels.flat[len(factors) :]:
        axes.set_axis_off()
    for axes, (factor, here) in zip(panels.flat, factors.items(), strict=False):
        for place, (variant, line) in enumerate(groups(here, "variant").items()):
            hue, shape = look(variant, place)
            epochs = [row["epoch"] for row in line]
            mean, *ends = ([100 * row[what] for row in line] for what in ("mean", "lowest", "highest"))
            axes.plot(epochs, mean, color=hue, marker=shape, markersize=3, linewidth=1.2, label=line[0]["title"])
            axes.fill_between(epochs, *ends, color=hue, alpha=0.15, lw=0)
        axes.set_title(factor, fontsize=8)
        axes.set_xlabel("epoch", fontsize=7.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axes.legend(loc="lower right", fontsize=7.5, handlelength=1.4, labelspacing=0.2, borderpad=0.1)
    later = [100 * row["mean"] for row in rows if row["epoch"] > 1]  # the first epoch would press the rest together
    if later:
        panels[0, 0].set_ylim(bottom=min(later) - 3)
    for axes in panels[:, 0]:
        axes.set_ylabel("validation accuracy (%)", fontsize=7.5)
    return drawn


def kernel_rows(material: Material) -> Rows:
    """Return each kernel of each study that compares kernels, from the first one up: cost, and difference to it."""
    rows: Rows = []
    for name, study in material.metrics.ran.items():
        for key, experiment in study.experiments.items():
            if experiment.factor != "kernel":
                continue
            first = experiment.variants[0]
            of, tuned = study.variants, study.tuning.variants if study.tuning else {}
            sides = {variant: dose("kernel", from_json(of[variant].model)) for variant in experiment.variants}
            larger = [variant for variant in sides if sides[variant] >= sides[first]]
            for variant in sorted(larger, key=sides.__getitem__):
                effect, low, high = (0.0, None, None) if variant == first else comparison(study, variant, first)
                rows.append(
                    {"study": name, "title": study.title, "experiment": key, "variant": variant,
                     "kernel": of[variant].title, "side": sides[variant], "against": first,
                     "macs": of[variant].macs, "times_macs": of[variant].macs / of[first].macs,
                     "parameters": of[variant].parameters,
                     "learning_rate": tuned[variant].chosen if variant in tuned else study.training["learning_rate"],
                     "tuned": variant in tuned,
                     "difference": effect, "low": low, "high": high}
                )  # fmt: skip
    return rows


@figure("kernel-cost", rows=kernel_rows, finding=findings.largest_kernels)
def kernel_cost(rows: Rows) -> Figure:
    """Draw what a larger kernel changes, a line each below its study's title, and beside it what it costs."""
    studies = groups([row for row in rows if row["variant"] != row["against"]], "study").values()
    many = sum(map(len, studies))
    drawn, (effects, costs) = plt.subplots(
        1, 2, figsize=(WIDTH, 0.5 + 0.14 * (many + 1.5 * len(studies))), layout="constrained", sharey=True,
        width_ratios=(9, 5)
    )  # fmt: skip
    places: dict[float, str] = {}
    place = 0.0
    for line in studies:
        rate = "tuned" if line[0]["tuned"] else f"rate {line[0]['learning_rate']:g}"
        title = f"{line[0]['title']} ({rate})"
        effects.text(
            0.005, place - 0.95, title, transform=effects.get_yaxis_transform(), va="center", fontsize=7.5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip
        for number, row in enumerate(line):
            untuned = " (not tuned)" if line[0]["tuned"] and not row["tuned"] else ""
            places[place] = f"{row['side']}×{row['side']}{untuned}"
            hue, shape = look(f"cnn{row['side']}", number)
            if row["low"] is not None:
                effects.plot([row["low"], row["high"]], [place, place], color=hue, linewidth=1.5)
            effects.plot([row["difference"]], [place], shape, color=hue, markersize=6, mec="white")
            costs.plot([row["times_macs"]], [place], shape, color=hue, markersize=6, mec="white")
            place += 1
        place += 1.3
    for axes, neutral in ((effects, 0), (costs, 1)):
        axes.axvline(neutral, color=MUTED, linewidth=1)
        axes.grid(axis="y", visible=False)
    effects.set_yticks(list(places), list(places.values()), fontsize=7.5)
    effects.set_ylim(place - 1.7, -1.8)
    logarithmic(costs, "x", (1, 2, 3, 5))
    effects.set_xlabel("minus the smallest (points)", fontsize=8)
    costs.set_xlabel("work (times the smallest)\n(logarithmic)", fontsize=8)
    return drawn
