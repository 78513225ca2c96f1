"""Accuracy against a dose: how far pixels are shuffled, and how large a window is."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from convscope.analysis.study_records import StudyRun
from convscope.figures import findings
from convscope.figures.registry import Material, Row, Rows, bounds, figure, groups
from convscope.figures.spots import spot
from convscope.figures.style import MUTED, WIDTH, look
from convscope.specs import ModelSpec, PermutePixels, from_json

SCALES = {"pixel order": "side of the blocks that pixels are shuffled in", "kernel": "side of the window"}
FEWEST = 4  # doses that make a line worth drawing


def dose(factor: str, model: ModelSpec) -> int:
    """Return how much of a factor a network gets, in pixels: 1 where every pixel stays in its place."""
    first = model.layers[0]
    if factor == "kernel":
        return model.windowed[0].kernel
    if not isinstance(first, PermutePixels):
        return 1
    return first.block or model.input_shape[1]


def dose_rows(material: Material, study_id: str) -> Rows:
    """Return the accuracy at each dose of a study of blocks or windows, and that of its baseline."""
    study = material.metrics.ran[study_id]
    experiments = study.experiments.values()
    scales = [each for each in experiments if each.factor in SCALES and len(each.variants) >= FEWEST]
    if not scales:
        return []
    rows = [_row(study, "baseline", study.baseline)]
    for experiment in scales:
        doses = [_row(study, experiment.factor, name) for name in experiment.variants]
        rows += sorted(doses, key=lambda row: int(row["dose"]))
    return rows


def _row(study: StudyRun, factor: str, name: str) -> Row:
    variant = study.variants[name]
    return {
        "factor": factor, "variant": name, "title": variant.title,
        "dose": dose(factor, from_json(variant.model)) if factor in SCALES else "",
        "accuracy": 100 * variant.test_accuracy.mean,
    } | bounds(variant.test_accuracy, 100)  # fmt: skip


@figure("{study}-dose", rows=dose_rows, finding=findings.in_percent)
def dose_and_response(rows: Rows) -> Figure:
    """Draw accuracy against the dose, a panel a factor, and the baseline as a band."""
    baseline, *others = rows
    factors = groups(others, "factor")
    drawn, panels = plt.subplots(
        1, len(factors), figsize=(0.62 * WIDTH * len(factors), 2.3), layout="constrained", sharey=True, squeeze=False
    )
    hue, shape = look("cnn", 0)
    for axes, (factor, line) in zip(panels[0], factors.items(), strict=True):
        places = range(len(line))  # doses are far apart: each has its place
        axes.axhline(baseline["accuracy"], color=MUTED, linestyle=(0, (4, 2)), label=baseline["title"])
        if baseline["low"] is not None:
            axes.axhspan(baseline["low"], baseline["high"], color=MUTED, alpha=0.2, lw=0)
        axes.plot(places, [row["accuracy"] for row in line], color=hue, marker=shape, mec="white", label="CNN")
        for place, row in zip(places, line, strict=True):
            spot(axes, (place, row["accuracy"]), row["title"], f"variants/{row['variant']}/test_accuracy")
            if row["low"] is not None:
                axes.plot([place, place], [row["low"], row["high"]], color=hue, linewidth=1.6)
            above = row["accuracy"] >= baseline["accuracy"]  # away from the band
            end = row["high" if above else "low"] if row["low"] is not None else row["accuracy"]
            axes.annotate(f"{row['accuracy']:.1f}", (place, end), (0, 3 if above else -3), textcoords="offset points",
                          ha="center", va="bottom" if above else "top", fontsize=7.5, color=hue)  # fmt: skip
        axes.margins(y=0.14)
        axes.set_xticks(places, [str(row["dose"]) for row in line])
        axes.set_xlabel(f"{SCALES[factor]} (pixels)")
    panels[0][0].set_ylabel("test accuracy (%)")
    drawn.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return drawn
