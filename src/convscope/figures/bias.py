"""Figures about what convolution assumes: places, shared weights, shifts, and how many examples replace them."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from convscope.analysis.study_records import StudyRun
from convscope.figures import findings
from convscope.figures.registry import Material, Row, Rows, bounds, figure, groups
from convscope.figures.results import accuracy_rows, named
from convscope.figures.spots import spot
from convscope.figures.style import MUTED, WIDTH, look
from convscope.specs import from_json

CROSSED = {"conv": "conv-permuted", "local": "local-permuted"}
"""Variants on natural pixels, and on permuted ones."""

ORDERS = ["pixels in their places", "pixels permuted"]


class Point(NamedTuple):
    """A measurement on a line: where it is, also in words, and the pointer to it in the study."""

    x: float
    mean: float
    low: float | None
    high: float | None
    words: str
    pointer: str


def _line(axes: Axes, points: list[Point], style: tuple[str, str], label: str) -> None:
    """Draw means in percent with their intervals, in a colour and with a marker."""
    hue, shape = style
    axes.plot([point.x for point in points], [100 * point.mean for point in points], color=hue, marker=shape,
              markersize=6, mec="white", label=label)  # fmt: skip
    for point in points:
        spot(axes, (point.x, 100 * point.mean), f"{label}, {point.words}", point.pointer)
        if point.low is not None:
            axes.plot([point.x] * 2, _ends(point.low, point.high), color=hue, linewidth=1.6, solid_capstyle="butt")


def _ends(*interval: float | None) -> list[float]:
    """Return the ends of an interval in percent, between which an accuracy can be."""
    ends: list[float] = np.clip(100 * np.array(interval, float), 0, 100).tolist()
    return ends


def _accuracy(variant: str) -> str:
    return f"variants/{variant}/test_accuracy"


def interaction_rows(material: Material, study_id: str) -> Rows:
    """Return the accuracies of a study whose variants see natural and permuted pixels."""
    crossed = {*CROSSED, *CROSSED.values()} <= material.metrics.ran[study_id].variants.keys()
    return accuracy_rows(material, study_id) if crossed else []


@figure("{study}-interaction", rows=interaction_rows, finding=findings.extremes)
def interaction(rows: Rows) -> Figure:
    """Test accuracy of convolution and local connections on natural and on permuted pixels, and of the other networks.

    The others see no places, and so no difference between the two orders.
    """
    drawn, axes = plt.subplots(figsize=(WIDTH, 2.6), layout="constrained")
    of = {row["variant"]: row for row in rows}
    for number, (natural, permuted) in enumerate(CROSSED.items()):
        shift = 0.02 * (number - 0.5)  # intervals side by side
        points = [
            Point(place + shift, of[name]["test_accuracy"], of[name]["low"], of[name]["high"], order, _accuracy(name))
            for place, (order, name) in enumerate(zip(ORDERS, (natural, permuted), strict=True))
        ]
        _line(axes, points, look(natural, number), of[natural]["title"])
        for place, point in enumerate(points):
            axes.annotate(
                f"{100 * point.mean:.1f}", (place, 100 * point.mean), (-10 if place == 0 else 10, 0),
                textcoords="offset points", ha="right" if place == 0 else "left", va="center", fontsize=7.5,
            )  # fmt: skip
    others = [row for row in rows if row["variant"] not in {*CROSSED, *CROSSED.values()}]
    for number, row in enumerate(others, start=len(CROSSED)):
        level, hue = 100 * row["test_accuracy"], look(row["variant"], number)[0]
        axes.axhline(level, color=hue, linestyle=(0, (4, 2)), label=row["title"])
        spot(axes, (0.5, level), f"{row['title']}, in any order", _accuracy(row["variant"]))
        if row["low"] is not None:
            axes.axhspan(*_ends(row["low"], row["high"]), color=hue, alpha=0.13, lw=0)
    axes.set_xlim(-0.3, 1.3)
    axes.set_xticks([0, 1], ORDERS)
    axes.set_ylabel("test accuracy (%)")
    axes.grid(axis="x", visible=False)
    drawn.legend(loc="outside right center")
    return drawn


def shift_rows(material: Material, study_id: str) -> Rows:
    """Return accuracy on moved test images, by variant and distance in pixels, and how far the reference steps.

    The total stride is that of the reference's last layer with positions.
    """
    study = material.metrics.ran[study_id]
    shift = study.shift
    if shift is None:
        return []
    windows = from_json(study.variants[study.reference].model).windows
    return [
        named(study, name) | {"distance": distance, "accuracy": measure.mean} | bounds(measure)
        | {"total_stride": windows[-1].step if windows else 0}
        for name, measures in shift.accuracy.items()
        for distance, measure in zip(shift.distances, measures, strict=True)
    ]  # fmt: skip


@figure("{study}-shift", rows=shift_rows, finding=findings.moved)
def shifted_accuracy(rows: Rows) -> Figure:
    """Accuracy on moved test images against the distance, a line a variant."""
    drawn, axes = plt.subplots(figsize=(WIDTH, 2.7), layout="constrained")
    variants, distances = groups(rows, "variant"), list(groups(rows, "distance"))
    spread = np.linspace(-0.06, 0.06, len(variants))
    for number, (name, line) in enumerate(variants.items()):
        points = [
            Point(
                row["distance"] + spread[number], row["accuracy"], row["low"], row["high"],
                f"moved by {row['distance']} pixel{'' if row['distance'] == 1 else 's'}",
                f"shift/accuracy/{name}/{place}",
            )
            for place, row in enumerate(line)
        ]  # fmt: skip
        _line(axes, points, look(name, number), line[0]["title"])
    if stride := rows[0]["total_stride"]:
        for multiple in range(0, max(distances) + 1, stride):
            axes.axvline(multiple, color=MUTED, linewidth=1.1, linestyle=(0, (1, 2)), zorder=0)
        axes.annotate(
            f"total stride {stride}", (stride, 1), (3, -3), xycoords=("data", "axes fraction"),
            textcoords="offset points", va="top", fontsize=7.5, color=MUTED,
        )  # fmt: skip
    axes.grid(axis="x", visible=False)  # would hide the dotted lines
    axes.set_ylim(0, 103)
    axes.set_xticks(distances)
    axes.set_xlabel("distance that the test images are moved, up, down, left and right (pixels)")
    axes.set_ylabel("accuracy (%)")
    drawn.legend(loc="outside right center")
    return drawn


def equivariance_rows(material: Material, study_id: str) -> Rows:
    """Return the equivariance error by variant, layer and shift in pixels; None where it cannot be measured."""
    study = material.metrics.ran[study_id]
    found = study.equivariance
    if found is None:
        return []
    return [
        named(study, name) | {"number": number, "layer": layer.layer, "stride": layer.stride}
        | {"shift": shift, "error": error and error.mean}
        for name, layers in found.variants.items()
        for number, layer in enumerate(layers, 1)
        for shift, error in zip(found.shifts, layer.errors, strict=True)
    ]  # fmt: skip


@figure("{study}-equivariance", rows=equivariance_rows, finding=findings.errors)
def equivariance_errors(rows: Rows) -> Figure:
    """Relative equivariance error of each layer against the shift, a panel a variant."""
    variants, shifts = groups(rows, "variant").values(), list(groups(rows, "shift"))
    drawn, (panels, legends) = plt.subplots(
        2, len(variants), figsize=(WIDTH, 3.1), layout="constrained", sharey="row", squeeze=False,
        height_ratios=(4, 1),
    )  # fmt: skip
    for axes, below, here in zip(panels, legends, variants, strict=True):
        for place, line in enumerate(groups(here, "number").values()):
            errors = [np.nan if row["error"] is None else row["error"] for row in line]
            hue, shape = look("", place)  # layers have no role
            axes.plot(
                np.array(shifts) + 0.05 * place, errors, color=hue, marker=shape, markersize=6,
                mec="white", linewidth=1, label=f"{line[0]['layer']} (total stride {line[0]['stride']})",
            )  # fmt: skip
        axes.set_title(here[0]["title"])
        axes.set_xticks(shifts)
        axes.set_xlabel("shift (pixels)")
        below.set_axis_off()
        below.legend(*axes.get_legend_handles_labels(), loc="upper center", fontsize=7)
    panels[0].set_ylim(bottom=-0.03)
    panels[0].set_ylabel("relative difference")
    return drawn


def varies_size(study: StudyRun) -> bool:
    """Tell whether the pairs of a study are networks of one training set each; others compare what they like."""
    compared = {name for pair in study.pairs or () for name in (pair.a, pair.b)}
    return bool(compared) and all(study.variants[name].train_images is not None for name in compared)


def size_rows(material: Material, study_id: str) -> Rows:
    """Return both accuracies and their difference, by number of training images."""
    study = material.metrics.ran[study_id]
    if not varies_size(study):
        return []
    rows: Rows = []
    for pair in study.pairs or ():
        row: Row = {"train_images": study.variants[pair.a].train_images, "a": pair.a, "b": pair.b}
        for side, name in (("a", pair.a), ("b", pair.b)):
            variant = study.variants[name]
            ends = {f"{end}_{side}": value for end, value in bounds(variant.test_accuracy).items()}
            row |= {f"title_{side}": variant.title, f"accuracy_{side}": variant.test_accuracy.mean} | ends
        rows.append(row | {"difference": pair.effect} | bounds(pair))
    return rows


@figure("{study}-sizes", rows=size_rows, finding=findings.by_images)
def sample_sizes(rows: Rows) -> Figure:
    """Accuracy of both networks against the number of training images, and their difference in points."""
    drawn, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.6), layout="constrained")
    # What the titles of one side have in common: the network without its number of images.
    family = {side: rows[0][f"title_{side}"].split(",", maxsplit=1)[0] for side in "ba"}
    for number, side in enumerate("ba"):
        points = [
            Point(
                row["train_images"], row[f"accuracy_{side}"], row[f"low_{side}"], row[f"high_{side}"],
                f"{row['train_images']:,} training images", _accuracy(row[side]),
            )
            for row in rows
        ]  # fmt: skip
        _line(left, points, look(rows[0][side].split("-")[0], number), family[side])
    right.axhline(0, color=MUTED, linewidth=1)
    hue, shape = look("cnn", 1)
    sizes = [row["train_images"] for row in rows]
    right.plot(sizes, [100 * row["difference"] for row in rows], color=hue, marker=shape, mec="white")
    for number, row in enumerate(rows):
        size = row["train_images"]
        spot(right, (size, 100 * row["difference"]), f"Difference, {size:,} training images", f"pairs/{number}")
        if row["low"] is not None:
            right.plot([size, size], [100 * row["low"], 100 * row["high"]], color=hue, linewidth=1.6)
    left.set_ylabel("test accuracy (%)")
    right.set_ylabel("difference (percentage points)")
    right.set_title(f"{family['a']} − {family['b']}")
    left.set_title("Test accuracy")
    left.legend(loc="lower right")
    for axes in (left, right):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(sizes))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda size, _: f"{size:,.0f}")
        axes.tick_params(axis="x", labelsize=7, rotation=30)
        axes.set_xlabel("training images (logarithmic)")
    return drawn
