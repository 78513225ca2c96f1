"""Figures about the variants of a study: accuracy, curves, errors, cost."""

from __future__ import annotations

import math
from collections.abc import Collection

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from convscope.analysis.study_records import StudyRun
from convscope.figures import findings
from convscope.figures.registry import Material, Row, Rows, bounds, figure, groups
from convscope.figures.spots import spot
from convscope.figures.style import INK, MUTED, PALETTE, WIDTH, logarithmic, look, signed

WILD = 0.2  # standard deviation over seeds, as a fraction, that no variant has whose runs all trained
MOST_COLOURS = 8  # with more variants, colours and markers repeat and tell nothing: they are numbered instead


def named(study: StudyRun, name: str) -> Row:
    """Return what every row about a variant begins with."""
    return {"variant": name, "title": study.variants[name].title}


def _measured(study: StudyRun, name: str) -> Row:
    """Return a variant with mean, spread and interval of its test accuracy."""
    measure = study.variants[name].test_accuracy
    return named(study, name) | {"test_accuracy": measure.mean, "sd": measure.sd} | bounds(measure)


def accuracy_rows(material: Material, study_id: str) -> Rows:
    """Return the test accuracy of each variant and of every run, and what the variant is in the study."""
    study = material.metrics.ran[study_id]
    roles = {"baseline": study.baseline, "reference": study.reference}
    return [
        _measured(study, name)
        | {"role": " and ".join(role for role, of in roles.items() if of == name)}
        | {f"seed {seed}": value for seed, value in enumerate(variant.test_accuracy.values)}
        for name, variant in study.variants.items()
    ]


def _look(rows: Rows, place: int) -> tuple[str, str]:
    """Colour and marker of the variant at this place."""
    return (PALETTE[0], "o") if len(rows) > MOST_COLOURS else look(rows[place]["variant"], place)


@figure("{study}-accuracy", rows=accuracy_rows, finding=findings.extremes)
def accuracy_chart(rows: Rows) -> Figure:
    """Test accuracy of each variant: every run, the mean, and its 95 % interval."""
    many = len(rows) > MOST_COLOURS
    drawn, axes = plt.subplots(figsize=(WIDTH, 0.6 + (0.24 if many else 0.36) * len(rows)), layout="constrained")
    if many:
        (level,) = (100 * row["test_accuracy"] for row in rows if "baseline" in row["role"])
        axes.axvline(level, color=MUTED, linewidth=1)
    for place, row in enumerate(rows):
        hue, shape = _look(rows, place)
        mean, sd = 100 * row["test_accuracy"], row["sd"] or 0
        values = 100 * np.array([value for column, value in row.items() if column.startswith("seed ")])
        spread = np.linspace(-0.13, 0.13, len(values)) if len(values) > 1 else np.zeros(1)
        axes.plot(values, place + spread, shape, color=hue, markersize=3.5, alpha=0.55, mew=0)
        right = mean
        if row["low"] is not None and sd <= WILD:
            low, high = 100 * row["low"], 100 * row["high"]
            axes.plot([low, high], [place, place], color=hue, linewidth=1.8, solid_capstyle="butt")
            right = min(high, 100)  # where the axis ends
        if sd > WILD:
            axes.annotate("some runs failed to train", (values.max(), place), (6, 0), textcoords="offset points",
                          va="center", fontsize=7, color=MUTED)  # fmt: skip
            continue
        axes.plot([mean], [place], shape, color=hue, markersize=7, mec="white")
        spot(axes, (mean, place), row["title"], f"variants/{row['variant']}/test_accuracy")
        if many:  # lines are close: beside the mark
            axes.annotate(f"{mean:.2f}", (right, place), (6, 0), textcoords="offset points", va="center", fontsize=7)
        else:
            axes.annotate(f"{mean:.2f}", (mean, place), (0, 8), textcoords="offset points", ha="center", fontsize=7.5)
    labels = [row["title"] for row in rows]
    axes.set_yticks(range(len(rows)), [f"{title}  {i}" for i, title in enumerate(labels, 1)] if many else labels)
    axes.set_ylim(len(rows) - 0.45, -0.7)
    axes.margins(x=0.09)
    low, high = axes.get_xlim()  # the interval of two or three runs can reach beyond what an accuracy can be
    axes.set_xlim(max(low, 0), min(high, 100))
    axes.set_xlabel("test accuracy (%)")
    axes.grid(axis="y", visible=False)
    return drawn


def curve_rows(material: Material, study_id: str) -> Rows:
    """Return the curves of all variants of a study."""
    study = material.metrics.ran[study_id]
    return curves_of(study, study.variants)


def baseline_curve_rows(material: Material, study_id: str) -> Rows:
    """Return the curves of a study's baseline."""
    study = material.metrics.ran[study_id]
    return curves_of(study, [study.baseline])


def experiment_curve_rows(material: Material, study_id: str, experiment: str) -> Rows:
    """Return the curves of an experiment's variants; none where one plot can show all those of the study."""
    study = material.metrics.ran[study_id]
    return curves_of(study, study.experiments[experiment].variants) if len(study.variants) > MOST_COLOURS else []


def curves_of(study: StudyRun, only: Collection[str]) -> Rows:
    """Return mean and range over seeds, by variant, part, quantity and epoch.

    The place of a variant decides its look: among all of the study, or where they are so many that looks repeat,
    among those that are shown.
    """
    chosen = [(place, name) for place, name in enumerate(study.variants, 1) if name in only]
    if len(study.variants) > MOST_COLOURS:
        chosen = list(enumerate((name for _, name in chosen), 1))
    rows: Rows = []
    for place, name in chosen:
        for what, runs in study.variants[name].curves:
            part, quantity = what.split("_")
            for epoch, values in enumerate(zip(*runs, strict=True), start=1):
                row = named(study, name) | {"place": place, "part": part, "quantity": quantity, "epoch": epoch}
                rows.append(row | {"mean": float(np.mean(values)), "lowest": min(values), "highest": max(values)})
    return rows


def _some(points: int) -> tuple[int, int]:
    """Return where the markers of a line begin and how far apart they are: the last has one, and at most six do.

    They tell lines apart; one an epoch hid the lines, and took most of the bytes of the figure.
    """
    apart = math.ceil(points / 6)
    return ((points - 1) % apart, apart)


@figure("{study}-curves", rows=curve_rows, finding=findings.curves)
def curves(rows: Rows) -> Figure:
    """Loss and accuracy by epoch, training dashed and validation solid: mean over seeds, range shaded."""
    legend = _curve_legend(rows)
    columns = _columns([str(handle.get_label()) for handle in legend])
    height = 2.3 + 0.17 * math.ceil(len(legend) / columns)
    drawn, (loss, accuracy) = plt.subplots(1, 2, figsize=(WIDTH, height), layout="constrained")
    for (_, part, quantity), line in groups(rows, "variant", "part", "quantity").items():
        axes, factor = {"loss": (loss, 1), "accuracy": (accuracy, 100)}[quantity]
        hue, shape = _curve_look(line[0])
        epochs = [row["epoch"] for row in line]
        mean, *ends = (factor * np.array([row[what] for row in line]) for what in ("mean", "lowest", "highest"))
        hollow = part == "train"
        axes.plot(
            epochs, mean, linestyle=(0, (3, 2)) if hollow else "-", color=hue, markersize=3.5,
            marker=None if hollow and len(epochs) > 1 else shape, mfc="white" if hollow else None,
            markevery=_some(len(epochs)),
        )  # fmt: skip
        axes.fill_between(epochs, *ends, color=hue, alpha=0.12, lw=0)
    for axes, title in ((loss, "cross-entropy loss (nats)"), (accuracy, "accuracy (%)")):
        axes.set_xlabel("epoch")
        axes.set_ylabel(title)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    drawn.legend(handles=legend, loc="outside lower center", ncols=columns, columnspacing=1.4)
    return drawn


@figure("{study}-baseline-curves", rows=baseline_curve_rows, finding=findings.curves)
@figure("{study}-{experiment}-curves", rows=experiment_curve_rows, finding=findings.curves)
def few_curves(rows: Rows) -> Figure:
    """Draw the curves of some variants of a study, less high."""
    drawn = curves(rows)
    drawn.set_figheight(drawn.get_figheight() - 0.3)
    return drawn


def _columns(labels: list[str], most: int = 6) -> int:
    """Return in how many columns a legend fits into the width: a handle takes 0.55 inches, a letter at most 0.065."""
    for columns in range(most, 1, -1):
        parts = np.array_split(labels, columns)  # as Matplotlib distributes them
        if sum(0.55 + 0.065 * max(map(len, part), default=0) for part in parts) <= WIDTH:
            return columns
    return 1


def _curve_look(row: Row) -> tuple[str, str]:
    return look(row["variant"], row["place"] - 1)


def _curve_legend(rows: Rows) -> list[Line2D]:
    handles = []
    for row in {row["variant"]: row for row in rows}.values():
        hue, shape = _curve_look(row)
        handles.append(Line2D([], [], color=hue, marker=shape, markersize=4, label=row["title"]))
    handles.append(Line2D([], [], color=MUTED, label="validation"))
    handles.append(Line2D([], [], color=MUTED, linestyle=(0, (3, 2)), label="training"))
    return handles


def confusion_rows(material: Material, study_id: str) -> Rows:
    """Return how often each true class was called each class, over all runs, and the share of the true class."""
    study = material.metrics.ran[study_id]
    names = material.metrics.datasets[study.dataset].class_names
    return [
        {"true": names[i], "predicted": names[j], "images": images, "share": images / sum(row)}
        for i, row in enumerate(study.variants[study.reference].confusion)
        for j, images in enumerate(row)
    ]


@figure("{study}-confusion", rows=confusion_rows, finding=findings.confused)
def confusion_matrix(rows: Rows) -> Figure:
    """Share of each true class (rows) that was called each class (columns), over all runs, in percent."""
    class_names = list(groups(rows, "true"))
    counts = np.array([row["images"] for row in rows], dtype=float).reshape(len(class_names), -1)
    shares = 100 * counts / counts.sum(axis=1, keepdims=True)
    drawn, axes = plt.subplots(figsize=(WIDTH * 0.7, WIDTH * 0.5), layout="constrained")
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
    return drawn


def class_rows(material: Material, study_id: str) -> Rows:
    """Return each class's accuracy for baseline and reference, and which variants these are."""
    study = material.metrics.ran[study_id]
    names = material.metrics.datasets[study.dataset].class_names
    roles = {"baseline": study.baseline, "reference": study.reference}
    of = {role: study.variants[name].class_accuracy for role, name in roles.items()}
    about = {f"{role}_{what}": value for role, name in roles.items() for what, value in named(study, name).items()}
    about |= {f"{role}_place": list(study.variants).index(name) + 1 for role, name in roles.items()}
    return [{"class": name} | {role: of[role][label].mean for role in of} | about for label, name in enumerate(names)]


@figure("{study}-class-accuracy", rows=class_rows, finding=findings.classes_ahead)
def class_accuracy(rows: Rows) -> Figure:
    """Accuracy of each class, baseline against reference variant, sorted by what the reference gains."""
    means = {role: np.array([100 * row[role] for row in rows]) for role in ("baseline", "reference")}
    gains = means["reference"] - means["baseline"]
    order = np.argsort(gains)
    drawn, axes = plt.subplots(figsize=(WIDTH * 0.92, 0.75 + 0.18 * len(rows)), layout="constrained")
    for place, label in enumerate(order):
        ends = [values[label] for values in means.values()]
        axes.plot(ends, [place, place], color=MUTED, linewidth=1.2, zorder=1)
        axes.annotate(signed(gains[label], 1), (max(ends), place), (7, 0), textcoords="offset points", va="center",
                      fontsize=7.5)  # fmt: skip
    for role, values in means.items():
        hue, shape = look(rows[0][f"{role}_variant"], rows[0][f"{role}_place"] - 1)
        axes.plot(values[order], range(len(order)), shape, color=hue, markersize=6, mec="white",
                  label=rows[0][f"{role}_title"])  # fmt: skip
    axes.set_yticks(range(len(order)), [rows[label]["class"] for label in order])
    axes.set_xlabel("accuracy on the test images of the class (%); the number is the difference in points")
    axes.margins(x=0.08)
    axes.set_ylim(-0.5, len(order) - 0.5)
    axes.grid(axis="y", visible=False)
    drawn.legend(loc="outside upper center", ncols=2)
    return drawn


def cost_rows(material: Material, study_id: str) -> Rows:
    """Return each variant's cost beside its test accuracy."""
    study = material.metrics.ran[study_id]
    return [
        _measured(study, name) | {"macs": variant.macs, "parameters": variant.parameters}
        for name, variant in study.variants.items()
    ]


@figure("{study}-cost", rows=cost_rows, finding=findings.work)
def cost_chart(rows: Rows) -> Figure:
    """Test accuracy against multiply-accumulates for one image."""
    many = len(rows) > MOST_COLOURS
    drawn, axes = plt.subplots(figsize=(WIDTH, 3.2 if many else 2.5), layout="constrained")
    for place, row in enumerate(rows):
        if (row["sd"] or 0) > WILD:
            continue  # some runs failed to train: a mean of both kinds is neither, and its interval hides all others
        hue, shape = _look(rows, place)
        macs, mean = row["macs"] / 1e6, 100 * row["test_accuracy"]
        if row["low"] is not None:
            axes.plot([macs, macs], [100 * row["low"], 100 * row["high"]], color=hue, linewidth=1.6)
        label = f"{row['title']}, {row['parameters']:,} parameters"
        words = f"{label}, {macs:,.2f} million multiply-accumulates"
        spot(axes, (macs, mean), words, f"variants/{row['variant']}/test_accuracy")
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
        drawn.legend(loc="outside right center")
    return drawn
