"""Figures of the argument: the decomposition, the worth of sharing, errors removed, and the rates that were tuned."""

from __future__ import annotations

from itertools import pairwise

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from convscope.analysis.study_records import StudyRun
from convscope.figures import findings
from convscope.figures.bias import varies_size
from convscope.figures.registry import Material, Rows, bounds, figure, groups
from convscope.figures.style import INK, MUTED, WIDTH, look, signed

STEPS = {
    "capacity": ("mlp-wide", "mlp"),
    "windows, depth": ("local", "mlp-wide"),
    "weight sharing": ("conv", "local"),
}
"""From the fully connected network to the convolution: what each step adds, and between which variants."""

ROOM_BELOW = 4.0  # points below the lowest chosen rate that the figure of tuning shows

STEP_COLOURS = {"capacity": "#8c959f", "windows, depth": "#009E73", "weight sharing": "#0072B2"}


def comparison(study: StudyRun, a: str, b: str) -> tuple[float, float | None, float | None]:
    """Return effect and interval of variant a minus variant b, in points, wherever and however it is written."""
    rows = [row for one in study.experiments.values() for row in one.comparisons]
    rows += [*study.against_baseline, *(study.pairs or ())]
    for row in rows:
        sign = {(a, b): 1, (b, a): -1}.get((row.a, row.b), 0)
        if sign:
            ends = sorted(100 * sign * end for end in row.interval) if row.interval else [None, None]
            return 100 * sign * row.effect, ends[0], ends[1]
    one, two = (study.variants[name].test_accuracy.mean for name in (a, b))
    return 100 * (one - two), None, None


def _taken_apart(material: Material) -> dict[str, StudyRun]:
    needed = {name for step in STEPS.values() for name in step}
    return {name: study for name, study in material.metrics.ran.items() if needed <= study.variants.keys()}


def decomposition_rows(material: Material) -> Rows:
    """Return the accuracy that each study starts from, each step, and where it ends."""
    rows: Rows = []
    for name, study in _taken_apart(material).items():
        about = {"study": name, "title": study.title}
        level = 100 * study.variants["mlp"].test_accuracy.mean
        rows.append(about | {"step": "MLP", "from": 0.0, "to": level, "low": None, "high": None})
        for step, (a, b) in STEPS.items():
            effect, low, high = comparison(study, a, b)
            rows.append(about | {"step": step, "from": level, "to": level + effect, "low": low, "high": high})
            level += effect
        rows.append(about | {"step": "CNN", "from": 0.0, "to": level, "low": None, "high": None})
    return rows


@figure("decomposition", rows=decomposition_rows, finding=findings.steps)
def decomposition(rows: Rows) -> Figure:
    """Draw a waterfall a study: from the fully connected network up to the convolution."""
    studies = groups(rows, "study").values()
    drawn, panels = plt.subplots(1, len(studies), figsize=(WIDTH, 2.7), layout="constrained", squeeze=False)
    for axes, steps in zip(panels[0], studies, strict=True):
        levels = [row[end] for row in steps for end in ("from", "to") if row[end]]
        room = (max(levels) - min(levels)) or 1.0
        floor = max(min(levels) - 0.65 * room, 0)  # as high as the text within the first column
        for place, row in enumerate(steps):
            whole = row["step"] in ("MLP", "CNN")
            bottom = floor if whole else min(row["from"], row["to"])
            hue = (
                (look("mlp", 0) if row["step"] == "MLP" else look("cnn", 0))[0] if whole else STEP_COLOURS[row["step"]]
            )
            height = abs(row["to"] - (floor if whole else row["from"]))
            axes.bar(place, height, bottom=bottom, width=0.75, color=hue, alpha=1 if whole else 0.78)
            top = max(row["to"], bottom)
            if row["low"] is not None:
                ends = [row["from"] + row["low"], row["from"] + row["high"]]
                axes.plot([place, place], ends, color=INK, linewidth=1.2)
                top = max(top, ends[1])
            text = f"{row['to']:.1f} %" if whole else signed(row["to"] - row["from"])
            if whole:  # within its column: above it would touch the step beside
                axes.annotate(text, (place, top), (0, -4), textcoords="offset points", ha="center", va="top",
                              rotation=90, fontsize=7.5, color="white")  # fmt: skip
            else:
                axes.annotate(text, (place, top), (0, 3), textcoords="offset points", ha="center", fontsize=7.5)
        for place, (one, _) in enumerate(pairwise(steps)):
            axes.plot([place + 0.37, place + 0.63], [one["to"]] * 2, color=MUTED, linewidth=0.7)
        names = [row["step"].removeprefix("weight ") for row in steps]
        axes.set_xticks(range(len(steps)), names, rotation=40, ha="right", rotation_mode="anchor", fontsize=7.5)
        axes.set_xlim(-0.8, len(steps) - 0.4)  # the first label is wider than its bar
        axes.set_ylim(floor, max(levels) + 0.35 * room)
        axes.set_title(_data_of(steps[0]["title"]))
        axes.grid(axis="x", visible=False)
    panels[0][0].set_ylabel("test accuracy (%)")
    return drawn


def sharing_rows(material: Material) -> Rows:
    """Return accuracies with and without shared weights for both pixel orders, and of the wide MLP."""
    rows: Rows = []
    for name, study in _taken_apart(material).items():
        for variant, order in (("conv", "ordered"), ("local", "ordered"), ("conv-permuted", "shuffled"),
                               ("local-permuted", "shuffled"), ("mlp-wide", "either")):  # fmt: skip
            if variant not in study.variants:
                return []
            measure = study.variants[variant].test_accuracy
            rows.append(
                {"study": name, "title": study.title, "variant": variant, "order": order,
                 "network": study.variants[variant.removesuffix("-permuted")].title,
                 "test_accuracy": 100 * measure.mean}
                | bounds(measure, 100)
            )  # fmt: skip
    return rows


@figure("sharing", rows=sharing_rows, finding=findings.worth_of_sharing)
def sharing(rows: Rows) -> Figure:
    """Draw accuracy with and without shared weights against the order of pixels, a panel a study."""
    studies = groups(rows, "study").values()
    drawn, panels = plt.subplots(1, len(studies), figsize=(WIDTH, 2.7), layout="constrained", squeeze=False)
    places = {"ordered": 0, "shuffled": 1}
    for panel, (axes, here) in enumerate(zip(panels[0], studies, strict=True)):
        named = panel == 0  # the others have the same colours and marks
        (band,) = (row for row in here if row["order"] == "either")
        hue = look(band["variant"], 0)[0]
        axes.axhline(band["test_accuracy"], color=hue, linestyle=(0, (4, 2)), linewidth=1.1)
        if band["low"] is not None:
            axes.axhspan(band["low"], band["high"], color=hue, alpha=0.1, lw=0)
        if named:
            axes.annotate(band["network"], (-1.25, band["test_accuracy"]), (0, -3), textcoords="offset points",
                          va="top", fontsize=7.5, color=hue)  # fmt: skip
        crossed = [row for row in here if row["order"] != "either"]
        for number, (network, line) in enumerate(groups(crossed, "network").items()):
            hue, shape = look(line[0]["variant"], number)
            xs = [places[row["order"]] + 0.03 * (number - 0.5) for row in line]
            axes.plot(xs, [row["test_accuracy"] for row in line], color=hue, marker=shape, mec="white", markersize=7)
            for x, row in zip(xs, line, strict=True):
                if row["low"] is not None:
                    axes.plot([x, x], [row["low"], row["high"]], color=hue, linewidth=1.4)
                left = row["order"] == "ordered"
                axes.annotate(f"{row['test_accuracy']:.1f}", (x, row["test_accuracy"]), (-8 if left else 8, 0),
                              textcoords="offset points", ha="right" if left else "left", va="center", fontsize=7.5,
                              color=hue)  # fmt: skip
                if left and named:
                    axes.annotate(network, (x, row["test_accuracy"]), (-8, 9), textcoords="offset points", ha="right",
                                  va="center", fontsize=7.5, color=hue)  # fmt: skip
        axes.set_xlim(-1.3 if named else -0.7, 1.7)
        axes.set_xticks([0, 1], ["in their\nplaces", "shuffled"])
        axes.set_title(_data_of(here[0]["title"]))
        axes.grid(axis="x", visible=False)
    panels[0][0].set_ylabel("test accuracy (%)")
    return drawn


def _data_of(title: str) -> str:
    """Return what a study's title names behind its colon: ``"CIFAR-10"`` of ``"Taken apart: CIFAR-10"``."""
    return title.rpartition(": ")[2]


def answer_rows(material: Material) -> Rows:
    """Return what convolution gains over full connection: in points, and as a share of the errors that were left."""
    rows: Rows = []
    seen: set[str] = set()
    for name, study in material.metrics.ran.items():
        if study.baseline == study.reference:
            continue
        if study.shift is not None or varies_size(study):
            continue
        compared = []
        if study.dataset not in seen:  # one study a data set: the first
            compared.append((study.reference, study.title))
        if "conv-permuted" in study.variants and "shuffled" not in seen:
            compared.append(("conv-permuted", f"{study.title}, shuffled"))
            seen.add("shuffled")
        seen.add(study.dataset)
        for variant, title in compared:
            effect, low, high = comparison(study, variant, study.baseline)
            left = 100 * (1 - study.variants[study.baseline].test_accuracy.mean)
            rows.append(
                {"study": name, "title": title, "variant": variant, "points": effect, "low": low, "high": high,
                 "errors": left, "removed": 100 * effect / left if left else None}
            )  # fmt: skip
    return sorted(rows, key=lambda row: row["removed"] or 0.0, reverse=True) if len(rows) > 1 else []


@figure("answer", rows=answer_rows, finding=findings.gains)
def answer(rows: Rows) -> Figure:
    """Draw gains in points, and beside them as shares of the errors that the baseline left."""
    drawn, (left, right) = plt.subplots(
        1, 2, figsize=(WIDTH, 0.55 + 0.165 * len(rows)), layout="constrained", sharey=True, width_ratios=(3, 2)
    )
    for axes in (left, right):
        axes.axvline(0, color=MUTED, linewidth=1)
        axes.grid(axis="y", visible=False)
    for place, row in enumerate(rows):
        hue, shape = look("cnn" if row["points"] > 0 else "gap", 0)
        if row["low"] is not None and row["low"] < 0 < row["high"]:
            hue = MUTED
        if row["low"] is not None:
            left.plot([row["low"], row["high"]], [place, place], color=hue, linewidth=1.6)
        left.plot([row["points"]], [place], shape, color=hue, markersize=6, mec="white")
        end = max(row["points"], row["high"] or row["points"])
        text = signed(row["points"])
        left.annotate(text, (end, place), (5, 0), textcoords="offset points", va="center", fontsize=7.5,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6})  # fmt: skip
        if row["removed"] is not None:
            right.barh([place], [row["removed"]], color=hue, height=0.5)
            text = f"{row['removed']:.0f} %".replace("-", "−")
            right.annotate(text, (max(row["removed"], 0), place), (4, 0), textcoords="offset points", va="center",
                           fontsize=7.5)  # fmt: skip
    left.set_yticks(range(len(rows)), [row["title"] for row in rows])
    left.set_ylim(len(rows) - 0.5, -0.5)
    left.margins(x=0.16)
    right.margins(x=0.2)
    left.set_xlabel("CNN minus MLP (percentage points)")
    right.set_xlabel("errors removed (%)")
    return drawn


def tuning_rows(material: Material, study_id: str) -> Rows:
    """Return the accuracy on validation images of each variant at each learning rate that was tried."""
    study = material.metrics.ran[study_id]
    tuned = study.tuning.variants if study.tuning else {}
    return [
        {"variant": name, "title": study.variants[name].title, "rate": point.rate,
         "validation_accuracy": 100 * point.validation_accuracy.mean, "chosen": point.rate == tried.chosen}
        for name, tried in tuned.items()
        if name in study.variants
        for point in tried.curve
    ]  # fmt: skip


@figure("{study}-tuning", rows=tuning_rows, finding=findings.best_rates)
def tuning(rows: Rows) -> Figure:
    """Draw accuracy on validation images against the learning rate, a line a network; rings mark what was chosen."""
    drawn, axes = plt.subplots(figsize=(WIDTH, 2.4), layout="constrained")
    floor = min(row["validation_accuracy"] for row in rows if row["chosen"]) - ROOM_BELOW
    for number, (name, line) in enumerate(groups(rows, "variant").items()):
        hue, shape = look(name, number)
        for row in line:
            if row["validation_accuracy"] < floor:  # a rate that ruins a network would press all others together
                axes.annotate(f"{row['validation_accuracy']:.0f} %", (row["rate"], floor), (-4, 3),
                              textcoords="offset points", ha="right", fontsize=7.5, color=hue)  # fmt: skip
        rates, heights = ([row[what] for row in line] for what in ("rate", "validation_accuracy"))
        axes.plot(rates, heights, color=hue, marker=shape, mec="white", markersize=6, label=line[0]["title"])
        for row in line:
            if row["chosen"]:
                axes.plot([row["rate"]], [row["validation_accuracy"]], "o", mfc="none", mec=INK, markersize=11)
    axes.set_xscale("log")
    axes.set_xticks(sorted({row["rate"] for row in rows}))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("learning rate (logarithmic)")
    axes.set_ylabel("validation accuracy (%)")
    axes.set_ylim(bottom=max(floor, axes.get_ylim()[0]))
    drawn.legend(loc="outside right center")
    return drawn
