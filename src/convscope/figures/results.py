"""Figures about the variants of a study: accuracy, curves, errors, cost."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from convscope.analysis.study_records import StudyRun, Variant
from convscope.figures.spots import spot
from convscope.figures.style import INK, MUTED, WIDTH, colour, logarithmic, look, signed

WILD = 0.2  # standard deviation over seeds, as a fraction, that no variant has whose runs all trained
MOST_COLOURS = 8  # with more variants, colours and markers repeat and tell nothing: they are numbered instead


def _look(study: StudyRun, place: int) -> tuple[str, str]:
    """Colour and marker of the variant at this place."""
    return (colour(0), "o") if len(study.variants) > MOST_COLOURS else look(list(study.variants)[place], place)


def accuracy_chart(study: StudyRun) -> Figure:
    """Test accuracy of each variant: every run, the mean, and its 95 % interval."""
    variants = study.variants
    many = len(variants) > MOST_COLOURS
    figure, axes = plt.subplots(figsize=(WIDTH, 0.6 + (0.24 if many else 0.36) * len(variants)), layout="constrained")
    if many:
        axes.axvline(100 * variants[study.baseline].test_accuracy.mean, color=MUTED, linewidth=1)
    for place, (name, variant) in enumerate(variants.items()):
        measure = variant.test_accuracy
        hue, shape = _look(study, place)
        values, mean = 100 * np.array(measure.values), 100 * measure.mean
        spread = np.linspace(-0.13, 0.13, len(values)) if len(values) > 1 else np.zeros(1)
        axes.plot(values, place + spread, shape, color=hue, markersize=3.5, alpha=0.55, mew=0)
        right = mean
        if measure.interval and (measure.sd or 0) <= WILD:
            low, high = 100 * np.array(measure.interval)
            axes.plot([low, high], [place, place], color=hue, linewidth=1.8, solid_capstyle="butt")
            right = min(high, 100)  # where the axis ends
        if (measure.sd or 0) > WILD:
            axes.annotate("some runs failed to train", (values.max(), place), (6, 0), textcoords="offset points",
                          va="center", fontsize=7, color=MUTED)  # fmt: skip
            continue
        axes.plot([mean], [place], shape, color=hue, markersize=7, mec="white")
        spot(axes, (mean, place), variant.title, f"variants/{name}/test_accuracy")
        if many:  # lines are close: beside the mark
            axes.annotate(f"{mean:.2f}", (right, place), (6, 0), textcoords="offset points", va="center", fontsize=7)
        else:
            axes.annotate(f"{mean:.2f}", (mean, place), (0, 8), textcoords="offset points", ha="center", fontsize=7.5)
    labels = [variant.title for variant in variants.values()]
    axes.set_yticks(range(len(variants)), [f"{title}  {i}" for i, title in enumerate(labels, 1)] if many else labels)
    axes.set_ylim(len(variants) - 0.45, -0.7)
    axes.margins(x=0.09)
    low, high = axes.get_xlim()  # the interval of two or three runs can reach beyond what an accuracy can be
    axes.set_xlim(max(low, 0), min(high, 100))
    axes.set_xlabel("test accuracy (%)")
    axes.grid(axis="y", visible=False)
    return figure


def curves(study: StudyRun, only: Collection[str] | None = None) -> Figure:
    """Loss and accuracy by epoch, training dashed and validation solid: mean over seeds, range shaded.

    Parameters
    ----------
    only
        Ids of variants; None draws all of them on one plot.
    """
    legend = _curve_legend(study, only)
    columns = _columns([str(handle.get_label()) for handle in legend])
    height = (2.3 if only is None else 2.0) + 0.17 * math.ceil(len(legend) / columns)
    figure, (loss, accuracy) = plt.subplots(1, 2, figsize=(WIDTH, height), layout="constrained")
    for (hue, shape), variant in _shown(study, only):
        for axes, quantity, factor in ((loss, "loss", 1), (accuracy, "accuracy", 100)):
            for part, dashes in (("train", (0, (3, 2))), ("validation", "-")):
                values = factor * np.array(getattr(variant.curves, f"{part}_{quantity}"))  # (seeds, epochs)
                epochs = np.arange(1, values.shape[1] + 1)
                hollow = part == "train"
                axes.plot(
                    epochs, values.mean(axis=0), linestyle=dashes, color=hue, markersize=3.5,
                    marker=None if hollow and len(epochs) > 1 else shape, mfc="white" if hollow else None,
                )  # fmt: skip
                axes.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=hue, alpha=0.12, lw=0)
    for axes, title in ((loss, "cross-entropy loss (nats)"), (accuracy, "accuracy (%)")):
        axes.set_xlabel("epoch")
        axes.set_ylabel(title)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    figure.legend(handles=legend, loc="outside lower center", ncols=columns, columnspacing=1.4)
    return figure


def _columns(labels: list[str], most: int = 6) -> int:
    """Return in how many columns a legend fits into the width: a handle takes 0.55 inches, a letter at most 0.065."""
    for columns in range(most, 1, -1):
        parts = np.array_split(labels, columns)  # as Matplotlib distributes them
        if sum(0.55 + 0.065 * max(map(len, part), default=0) for part in parts) <= WIDTH:
            return columns
    return 1


def _shown(study: StudyRun, only: Collection[str] | None) -> list[tuple[tuple[str, str], Variant]]:
    """Return the chosen variants, each with its colour and marker."""
    chosen = [(i, name) for i, name in enumerate(study.variants) if only is None or name in only]
    if len(study.variants) > MOST_COLOURS:  # places among all would repeat colours
        chosen = list(enumerate(name for _, name in chosen))
    return [(look(name, i), study.variants[name]) for i, name in chosen]


def _curve_legend(study: StudyRun, only: Collection[str] | None) -> list[Line2D]:
    handles = [
        Line2D([], [], color=hue, marker=shape, markersize=4, label=variant.title)
        for (hue, shape), variant in _shown(study, only)
    ]
    handles.append(Line2D([], [], color=MUTED, label="validation"))
    handles.append(Line2D([], [], color=MUTED, linestyle=(0, (3, 2)), label="training"))
    return handles


def confusion_matrix(study: StudyRun, class_names: Sequence[str], variant: str) -> Figure:
    """Share of each true class (rows) that was called each class (columns), over all runs, in percent."""
    counts = np.array(study.variants[variant].confusion, dtype=float)
    shares = 100 * counts / counts.sum(axis=1, keepdims=True)
    figure, axes = plt.subplots(figsize=(WIDTH * 0.72, WIDTH * 0.6), layout="constrained")
    # the root makes the few percent of errors visible beside the diagonal
    axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.4, 0, 100))
    for row, column in np.ndindex(*shares.shape):
        if shares[row, column] >= 0.05:
            text = f"{shares[row, column]:.1f}" if shares[row, column] < 99.95 else "100"
            light = shares[row, column] > 35
            axes.text(column, row, text, ha="center", va="center", fontsize=7, color="white" if light else INK)
    axes.set_xticks(range(len(class_names)), class_names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(class_names)), class_names)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    return figure


def class_accuracy(study: StudyRun, class_names: Sequence[str]) -> Figure:
    """Accuracy of each class, baseline against reference variant, sorted by what the reference gains."""
    baseline, reference = study.variants[study.baseline], study.variants[study.reference]
    means = [[100 * measure.mean for measure in variant.class_accuracy] for variant in (baseline, reference)]
    gains = np.array(means[1]) - np.array(means[0])
    order = np.argsort(gains)
    figure, axes = plt.subplots(figsize=(WIDTH * 0.92, 0.8 + 0.21 * len(class_names)), layout="constrained")
    places = list(study.variants)
    for row, label in enumerate(order):
        axes.plot([means[0][label], means[1][label]], [row, row], color=MUTED, linewidth=1.2, zorder=1)
        right = max(means[0][label], means[1][label])
        axes.annotate(
            signed(gains[label], 1),
            (right, row),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
        )
    for variant, values, name in ((baseline, means[0], study.baseline), (reference, means[1], study.reference)):
        hue, shape = look(name, places.index(name))
        axes.plot(
            np.array(values)[order], range(len(order)), shape, color=hue, markersize=6,
            mec="white", label=variant.title,
        )  # fmt: skip
    axes.set_yticks(range(len(order)), [class_names[label] for label in order])
    axes.set_xlabel("accuracy on the test images of the class (%); the number is the difference in points")
    axes.margins(x=0.08)
    axes.set_ylim(-0.5, len(order) - 0.5)
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside upper center", ncols=2)
    return figure


def cost_chart(study: StudyRun) -> Figure:
    """Test accuracy against multiply-accumulates for one image."""
    many = len(study.variants) > MOST_COLOURS
    figure, axes = plt.subplots(figsize=(WIDTH, 3.2 if many else 2.5), layout="constrained")
    for place, (name, variant) in enumerate(study.variants.items()):
        measure = variant.test_accuracy
        if (measure.sd or 0) > WILD:
            continue  # some runs failed to train: a mean of both kinds is neither, and its interval hides all others
        hue, shape = _look(study, place)
        macs, mean = variant.macs / 1e6, 100 * measure.mean
        if measure.interval:
            axes.plot([macs, macs], 100 * np.array(measure.interval), color=hue, linewidth=1.6)
        label = f"{variant.title}, {variant.parameters:,} parameters"
        spot(axes, (macs, mean), f"{label}, {macs:,.2f} million multiply-accumulates", f"variants/{name}/test_accuracy")
        axes.plot([macs], [mean], shape, color=hue, markersize=12 if many else 7, mec="white", label=label)
        if many:
            axes.annotate(f"{place + 1}", (macs, mean), ha="center", va="center_baseline", fontsize=7, color="white")
    logarithmic(axes, "x")
    axes.margins(x=0.1, y=0.12)
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, 0), min(high, 100))
    axes.set_xlabel("multiply-accumulates for one image (millions, logarithmic)")
    axes.set_ylabel("test accuracy (%)")
    if not many:
        figure.legend(loc="outside right center")
    return figure
