"""What each choice of a network changes, and what it costs."""

from __future__ import annotations

from itertools import zip_longest
from math import ceil

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from convscope.analysis.study_records import Curves
from convscope.figures import findings
from convscope.figures.argument import comparison
from convscope.figures.dose import dose
from convscope.figures.registry import Material, Rows, figure, groups
from convscope.figures.results import MOST_COLOURS, WILD
from convscope.figures.style import INK, MUTED, PALETTE, WIDTH, logarithmic, look, signed
from convscope.specs import from_json

ACROSS = 4  # panels of curves beside each other
TWIN = ", GAP head"  # at the end of a network's title
Runs = tuple[tuple[float, ...], ...]
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
    """Return, for a study of many variants, mean accuracy and loss by epoch of the networks that differ in one factor.

    A factor whose networks all stand beside those of another is left out, and a network of which some runs never
    trained.
    """
    study = material.metrics.ran[study_id]
    if study.baseline != study.reference or len(study.variants) <= MOST_COLOURS:
        return []
    chosen: dict[str, list[str]] = {}
    for each in study.experiments.values():
        trained = [name for name in each.variants if (study.variants[name].test_accuracy.sd or 0) <= WILD]
        chosen.setdefault(each.factor, []).extend(trained)
    for factor in list(chosen):
        others = {name for other, names in chosen.items() if other != factor for name in names}
        if set(chosen[factor]) <= others:
            del chosen[factor]
    return [
        {"factor": factor, "variant": name, "title": study.variants[name].title, "part": part, "epoch": epoch,
         "accuracy": float(np.mean(accuracy)), "loss": float(np.mean(loss))}
        for factor, names in chosen.items()
        for name in names
        for part, accuracies, losses in _parts(study.variants[name].curves)
        for epoch, (accuracy, loss) in enumerate(
            zip(zip(*accuracies, strict=True), zip(*losses, strict=True), strict=True), start=1
        )
    ]  # fmt: skip


def _parts(curves: Curves) -> list[tuple[str, Runs, Runs]]:
    """Return, for training and validation images, accuracy and loss of each run by epoch."""
    return [
        ("train", curves.train_accuracy, curves.train_loss),
        ("validation", curves.validation_accuracy, curves.validation_loss),
    ]


@figure("{study}-factor-curves", rows=factor_curve_rows, finding=findings.factor_curves)
def factor_curves(rows: Rows) -> Figure:
    """Draw accuracy and below it loss by epoch, a panel a factor; training dashed, validation solid, a twin thin."""
    factors = groups(rows, "factor")
    lines = ceil(len(factors) / ACROSS)
    drawn, panels = plt.subplots(
        2 * lines, ACROSS, figsize=(WIDTH, 0.4 + 2.2 * lines), layout="constrained", squeeze=False
    )
    for place, factor in zip_longest(range(lines * ACROSS), factors):
        pair = [panels[2 * (place // ACROSS) + below, place % ACROSS] for below in (0, 1)]
        if factor is None:
            for axes in pair:
                axes.set_axis_off()
            continue
        for axes, what, factor_of_unit in zip(pair, ("accuracy", "loss"), (100, 1), strict=True):
            _draw_curves(axes, factors[factor], what, factor_of_unit)
            axes.set_ylim(*_ends(rows, what, factor_of_unit))
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
            axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
            if place % ACROSS:
                axes.set_yticklabels([])
            else:
                axes.set_ylabel("accuracy (%)" if what == "accuracy" else "loss (nats)", fontsize=7.5)
        pair[0].set_title(factor, fontsize=8)
        pair[0].set_xticklabels([])
        stems = dict.fromkeys(row["title"].removesuffix(TWIN) for row in factors[factor])
        handles = [Line2D([], [], color=_hue(number), label=stem) for number, stem in enumerate(stems)]
        pair[1].legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.25), frameon=False, fontsize=7,
                       handlelength=1, labelspacing=0.2, borderpad=0)  # fmt: skip
    kinds = [Line2D([], [], color=INK, label="validation"),
             Line2D([], [], color=INK, label="training", linestyle=(0, (3, 2)))]  # fmt: skip
    drawn.legend(handles=kinds, loc="outside upper center", ncols=2)
    drawn.supxlabel("epoch", fontsize=8)
    return drawn


def _draw_curves(axes: Axes, shown: Rows, what: str, times: float) -> None:
    """Draw the networks of one factor; a network and its twin have one colour."""
    stems = list(dict.fromkeys(row["title"].removesuffix(TWIN) for row in shown))
    for own in groups(shown, "variant").values():
        hue = _hue(stems.index(own[0]["title"].removesuffix(TWIN)))
        width = 0.7 if own[0]["title"].endswith(TWIN) else 1.4
        for part, dashes in (("train", (0, (3, 2))), ("validation", "-")):
            points = [(row["epoch"], times * row[what]) for row in own if row["part"] == part]
            axes.plot(*zip(*points, strict=True), linestyle=dashes, color=hue, linewidth=width)


def _ends(rows: Rows, what: str, times: float) -> tuple[float, float]:
    """Return the ends of an axis: the first epochs are far away, and would press the rest together."""
    later = [times * row[what] for row in rows if row["epoch"] > 1] or [times * row[what] for row in rows]
    low, high = np.percentile(later, (3, 100) if what == "accuracy" else (0, 97))
    room = 0.05 * ((high - low) or 1)
    return float(low - room), float(min(high + room, 100))


def _hue(place: int) -> str:
    return PALETTE[place] if place else MUTED


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
    """Draw what a larger kernel changes, a line each, and beside it what it costs; studies are set apart."""
    studies = groups([row for row in rows if row["variant"] != row["against"]], "study").values()
    many = sum(map(len, studies))
    drawn, (effects, costs) = plt.subplots(
        1, 2, figsize=(WIDTH, 0.5 + 0.15 * (many + len(studies))), layout="constrained", sharey=True,
        width_ratios=(3, 2)
    )  # fmt: skip
    places: dict[float, str] = {}
    place = 0.0
    for line in studies:
        rate = "tuned" if line[0]["tuned"] else f"rate {line[0]['learning_rate']:g}"
        for number, row in enumerate(line):
            named = "" if number else f"{row['title']} ({rate})   "
            untuned = " (not tuned)" if line[0]["tuned"] and not row["tuned"] else ""
            places[place] = f"{named}{row['side']}×{row['side']}{untuned}"
            hue, shape = look(f"cnn{row['side']}", number)
            if row["low"] is not None:
                effects.plot([row["low"], row["high"]], [place, place], color=hue, linewidth=1.5)
            effects.plot([row["difference"]], [place], shape, color=hue, markersize=6, mec="white")
            costs.plot([row["times_macs"]], [place], shape, color=hue, markersize=6, mec="white")
            place += 1
        place += 0.7
    for axes, neutral in ((effects, 0), (costs, 1)):
        axes.axvline(neutral, color=MUTED, linewidth=1)
        axes.grid(axis="y", visible=False)
    effects.set_yticks(list(places), list(places.values()), fontsize=7.5)
    effects.set_ylim(place - 0.9, -0.8)
    logarithmic(costs, "x", (1, 2, 3, 5))
    effects.set_xlabel("minus the smallest (points)", fontsize=8)
    costs.set_xlabel("work (times the smallest)", fontsize=8)
    return drawn
