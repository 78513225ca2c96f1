"""Figures about what convolution assumes: places, shared weights, shifts, and how many examples replace them."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import ArrayLike

from convscope.analysis.estimates import Comparison, Measure
from convscope.analysis.study_records import StudyRun, Variant
from convscope.figures.spots import spot
from convscope.figures.style import MUTED, WIDTH, colour, look, marker

CROSSED = {"conv": "conv-permuted", "local": "local-permuted"}
"""Variants on natural pixels, and on permuted ones."""

ORDERS = ["pixels in their places", "pixels permuted"]


Measured = tuple[str, str, Measure]
"""Where on a line in words, the place in the study, and the measurement."""


def _line(axes: Axes, places: ArrayLike, measured: list[Measured], style: tuple[str, str], label: str) -> None:
    """Draw means in percent with their intervals, in a colour and with a marker."""
    hue, shape = style
    means = [100 * measure.mean for *_, measure in measured]
    axes.plot(places, means, color=hue, marker=shape, markersize=6, mec="white", label=label)
    for place, (there, pointer, measure) in zip(np.asarray(places), measured, strict=True):
        spot(axes, (place, 100 * measure.mean), f"{label}, {there}", pointer)
        if measure.interval:
            low, high = np.clip(100 * np.array(measure.interval), 0, 100)
            axes.plot([place, place], [low, high], color=hue, linewidth=1.6, solid_capstyle="butt")


def interaction(study: StudyRun) -> Figure:
    """Test accuracy of convolution and local connections on natural and on permuted pixels, and of the other networks.

    The others see no places, and so no difference between the two orders.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 2.9), layout="constrained")
    variants = study.variants
    crossed = [*CROSSED, *CROSSED.values()]
    for number, (natural, permuted) in enumerate(CROSSED.items()):
        shift = 0.02 * (number - 0.5)  # intervals side by side
        measured = [
            (order, f"variants/{name}/test_accuracy", variants[name].test_accuracy)
            for order, name in zip(ORDERS, (natural, permuted), strict=True)
        ]
        _line(axes, [shift, 1 + shift], measured, look(natural, number), variants[natural].title)
        for place, (*_, measure) in enumerate(measured):
            axes.annotate(
                f"{100 * measure.mean:.1f}", (place, 100 * measure.mean), (-10 if place == 0 else 10, 0),
                textcoords="offset points", ha="right" if place == 0 else "left", va="center", fontsize=7.5,
            )  # fmt: skip
    others = [name for name in variants if name not in crossed]
    for number, name in enumerate(others, start=len(CROSSED)):
        variant, hue = variants[name], look(name, number)[0]
        measure = variant.test_accuracy
        axes.axhline(100 * measure.mean, color=hue, linestyle=(0, (4, 2)), label=variant.title)
        spot(axes, (0.5, 100 * measure.mean), f"{variant.title}, in any order", f"variants/{name}/test_accuracy")
        if measure.interval:
            axes.axhspan(*np.clip(100 * np.array(measure.interval), 0, 100), color=hue, alpha=0.13, lw=0)
    axes.set_xlim(-0.3, 1.3)
    axes.set_xticks([0, 1], ORDERS)
    axes.set_ylabel("test accuracy (%)")
    axes.grid(axis="x", visible=False)
    figure.legend(loc="outside right center")
    return figure


def shifted_accuracy(study: StudyRun) -> Figure:
    """Accuracy on moved test images against the distance, a line a variant."""
    figure, axes = plt.subplots(figsize=(WIDTH, 3.0), layout="constrained")
    shift = study.shift
    assert shift is not None
    spread = np.linspace(-0.06, 0.06, len(shift.accuracy))
    for number, (name, measures) in enumerate(shift.accuracy.items()):
        places = np.array(shift.distances) + spread[number]
        measured = [
            (f"moved by {distance} pixel{'' if distance == 1 else 's'}", f"shift/accuracy/{name}/{place}", measure)
            for place, (distance, measure) in enumerate(zip(shift.distances, measures, strict=True))
        ]
        _line(axes, places, measured, look(name, number), study.variants[name].title)
    if stride := total_stride(study):
        for multiple in range(0, max(shift.distances) + 1, stride):
            axes.axvline(multiple, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=0)
        axes.annotate(
            f"total stride {stride}", (stride, 1), (3, -3), xycoords=("data", "axes fraction"),
            textcoords="offset points", va="top", fontsize=7.5, color=MUTED,
        )  # fmt: skip
    axes.set_ylim(0, 103)
    axes.set_xticks(shift.distances)
    axes.set_xlabel("distance that the test images are moved, up, down, left and right (pixels)")
    axes.set_ylabel("accuracy (%)")
    figure.legend(loc="outside right center")
    return figure


def total_stride(study: StudyRun) -> int:
    """Return by how many pixels of the input the last measured layer of the reference steps; 0 where none was."""
    layers = study.equivariance.variants.get(study.reference) if study.equivariance else None
    return layers[-1].stride if layers else 0


def equivariance_errors(study: StudyRun) -> Figure:
    """Relative equivariance error of each layer against the shift, a panel a variant."""
    found = study.equivariance
    assert found is not None
    figure, (panels, legends) = plt.subplots(
        2, len(found.variants), figsize=(WIDTH, 3.6), layout="constrained", sharey="row", squeeze=False,
        height_ratios=(4, 1),
    )  # fmt: skip
    for axes, below, (name, layers) in zip(panels, legends, found.variants.items(), strict=True):
        for number, layer in enumerate(layers):
            errors = [np.nan if error is None else error.mean for error in layer.errors]
            axes.plot(
                np.array(found.shifts) + 0.05 * number, errors, color=colour(number), marker=marker(number),
                markersize=6, mec="white", linewidth=1, label=f"{layer.layer} (total stride {layer.stride})",
            )  # fmt: skip
        axes.set_title(study.variants[name].title)
        axes.set_xticks(found.shifts)
        axes.set_xlabel("shift (pixels)")
        below.set_axis_off()
        below.legend(*axes.get_legend_handles_labels(), loc="upper center", fontsize=7)
    panels[0].set_ylim(bottom=-0.03)
    panels[0].set_ylabel("relative difference")
    return figure


def varies_size(study: StudyRun) -> bool:
    """Tell whether the pairs of a study are networks of one training set each; others compare what they like."""
    compared = {name for pair in study.pairs or () for name in (pair.a, pair.b)}
    return bool(compared) and all(study.variants[name].train_images is not None for name in compared)


def sample_sizes(study: StudyRun) -> Figure:
    """Accuracy of both networks against the number of training images, and their difference in points."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9), layout="constrained")
    variants, pairs = study.variants, study.pairs or ()
    sizes = [variants[pair.a].train_images or 0 for pair in pairs]
    for number, side in enumerate("ba"):
        names = [getattr(pair, side) for pair in pairs]
        measured = [
            (f"{size:,} training images", f"variants/{name}/test_accuracy", variants[name].test_accuracy)
            for size, name in zip(sizes, names, strict=True)
        ]
        _line(left, sizes, measured, look(names[0].split("-")[0], number), _family(variants, pairs, side))
    right.axhline(0, color=MUTED, linewidth=1)
    hue, shape = look("cnn", 1)
    right.plot(sizes, [100 * pair.effect for pair in pairs], color=hue, marker=shape, mec="white")
    for number, (size, pair) in enumerate(zip(sizes, pairs, strict=True)):
        spot(right, (size, 100 * pair.effect), f"Difference, {size:,} training images", f"pairs/{number}")
        if pair.interval:
            right.plot([size, size], 100 * np.array(pair.interval), color=hue, linewidth=1.6)
    left.set_ylabel("test accuracy (%)")
    right.set_ylabel("difference (percentage points)")
    right.set_title(f"{_family(variants, pairs, 'a')} − {_family(variants, pairs, 'b')}")
    left.set_title("Test accuracy")
    left.legend(loc="lower right")
    for axes in (left, right):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(sizes))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda size, _: f"{size:,.0f}")
        axes.tick_params(axis="x", labelsize=7, rotation=30)
        axes.set_xlabel("training images (logarithmic)")
    return figure


def _family(variants: dict[str, Variant], pairs: Sequence[Comparison], side: str) -> str:
    """Return what the titles of one side have in common: the network without its number of images."""
    return variants[getattr(pairs[0], side)].title.split(",", maxsplit=1)[0]
