"""Figures of a deployment, drawn from its evidence; each says whether it was AWS or the emulator."""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.ticker import MaxNLocator

from convscope.datasets.png import from_png
from convscope.figures import findings
from convscope.figures.mosaic import channels_last
from convscope.figures.registry import Material, Row, Rows, figure, picture_in, pictured
from convscope.figures.style import INK, MUTED, PALETTE, WIDTH

if TYPE_CHECKING:
    from convscope.deployment.records import AnsweredImage

LABEL_COLOURS = {"EMULATED": PALETTE[1], "AWS": PALETTE[2]}
SHOWN = 5


def way_rows(material: Material) -> Rows:
    """Return one row a stop of the way, each with the label of the whole."""
    found = material.evidence
    return [stop.model_dump() | {"label": found.label} for stop in found.way] if found else []


@figure("deployment-way", rows=way_rows)
def deployment_way(rows: Rows) -> Figure:
    """Draw the stops as boxes in two lines: what was called, what came of it, how long it took."""
    first_line = (len(rows) + 1) // 2
    figure, axes = plt.subplots(figsize=(WIDTH, 2.35))
    figure.subplots_adjust(left=0, right=1, top=1, bottom=0)
    axes.set(xlim=(-0.02, first_line), ylim=(-0.15, 2.3))
    axes.set_axis_off()
    corners = [(place, 1.05) for place in range(first_line)]
    corners += [(first_line - 1 - place, 0.0) for place in range(len(rows) - first_line)]
    for row, (left, bottom) in zip(rows, corners, strict=True):
        _box(axes, left + 0.04, bottom, row)
    for (left, bottom), (next_left, next_bottom) in pairwise(corners):
        if bottom != next_bottom:
            _arrow(axes, (left + 0.48, bottom), (left + 0.48, next_bottom + 0.85))
        elif next_left > left:
            _arrow(axes, (left + 0.92, bottom + 0.42), (next_left + 0.04, bottom + 0.42))
        else:
            _arrow(axes, (left + 0.04, bottom + 0.42), (next_left + 0.92, bottom + 0.42))
    _badge(axes, 0.04, 2.13, rows[0]["label"])
    return figure


def _box(axes: Axes, left: float, bottom: float, row: Row) -> None:
    style = "round,pad=0,rounding_size=0.05"
    edge = LABEL_COLOURS[row["label"]]
    axes.add_patch(FancyBboxPatch((left, bottom), 0.88, 0.85, style, facecolor="white", edgecolor=edge, linewidth=1.1))
    lines = (
        (row["stop"], INK, "bold"),
        (row["call"], MUTED, "normal"),
        (row["outcome"], INK, "normal"),
        (_seconds(row["seconds"]), MUTED, "normal"),
    )
    for place, (text, colour, weight) in enumerate(lines):
        axes.text(
            left + 0.44, bottom + 0.70 - 0.19 * place, text, ha="center", va="center", fontsize=7, color=colour,
            weight=weight,
        )  # fmt: skip


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=8, color=MUTED, shrinkA=1, shrinkB=1))


def _badge(axes: Axes, left: float, middle: float, label: str) -> None:
    meaning = {"EMULATED": "on this machine, not on AWS", "AWS": "on Amazon SageMaker itself"}[label]
    badge = {"boxstyle": "round,pad=0.3", "facecolor": LABEL_COLOURS[label], "edgecolor": "none"}
    axes.text(left + 0.05, middle, label, fontsize=8, weight="bold", color="white", va="center", bbox=badge)
    axes.text(left + 0.72, middle, meaning, fontsize=8, color=MUTED, va="center")


def request_rows(material: Material) -> Rows:
    """Return one row an image of the request: what it is, what the endpoint said, what was computed here, pixels."""
    found = material.evidence
    return [_image(found.label, image) for image in found.inference.images[:SHOWN]] if found else []


def _image(label: str, image: AnsweredImage) -> Row:
    return {
        "label": label, "test_image": image.index, "is": image.true_label,
        "endpoint_says": image.label, "confidence": image.confidence,
        "computed_here": image.local_label, "confidence_here": image.local_confidence,
        **pictured(from_png(base64.b64decode(image.png_base64))),
    }  # fmt: skip


@figure("deployment-request", rows=request_rows, finding=findings.answered)
def deployment_request(rows: Rows) -> Figure:
    """Show the images of the request, and below each the endpoint's answer beside the one computed here."""
    figure = plt.figure(figsize=(WIDTH, 2.15))
    header = figure.add_axes((0, 0.86, 1, 0.14))
    header.set(xlim=(0, 4), ylim=(-0.5, 0.5))
    header.set_axis_off()
    _badge(header, 0.0, 0.0, rows[0]["label"])
    for place, row in enumerate(rows):
        axes = figure.add_axes((place / SHOWN + 0.02, 0.40, 1 / SHOWN - 0.04, 0.42))
        (pixels,) = channels_last(picture_in(row).astype(np.uint8)[np.newaxis])
        axes.imshow(pixels, cmap="gray", vmin=0, vmax=255)
        axes.set_axis_off()
        right = row["endpoint_says"] == row["is"]
        also = "too, at" if row["endpoint_says"] == row["computed_here"] else row["computed_here"]
        lines = (
            (f"is {row['is']}", INK, "bold"),
            (f"{row['endpoint_says']} {row['confidence']:.3f}", INK if right else PALETTE[1], "normal"),
            (f"here {also} {row['confidence_here']:.3f}", MUTED, "normal"),
        )
        for line, (text, colour, weight) in enumerate(lines):
            axes.text(
                0.5, -0.16 - 0.21 * line, text, transform=axes.transAxes, ha="center", va="center", fontsize=7,
                color=colour, weight=weight,
            )  # fmt: skip
    return figure


def latency_rows(material: Material) -> Rows:
    """Return one row a call."""
    found = material.evidence
    if not found:
        return []
    times = enumerate(found.latency.milliseconds, start=1)
    return [{"label": found.label, "call": call, "milliseconds": time} for call, time in times]


@figure("deployment-latency", rows=latency_rows, finding=findings.waiting)
def deployment_latency(rows: Rows) -> Figure:
    """Draw the time of each call, in their order, and the median."""
    times = [row["milliseconds"] for row in rows]
    median = float(np.median(times))
    figure, axes = plt.subplots(figsize=(WIDTH, 1.6), layout="constrained")
    axes.plot([row["call"] for row in rows], times, "o", color=PALETTE[0], markersize=4)
    axes.axhline(median, color=PALETTE[0], linewidth=1)
    axes.annotate(f"median\n{median:.1f} ms", (1, median), (4, 0), xycoords=("axes fraction", "data"),
                  textcoords="offset points", va="center", fontsize=8)  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.set(xlabel="call", ylabel="milliseconds", ylim=(0, None))
    axes.set_title(rows[0]["label"], color=LABEL_COLOURS[rows[0]["label"]])
    return figure
