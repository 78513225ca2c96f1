"""What each figure shows, as a table for download: one function for each that draws, with the same parameters.

Numbers are those of metrics.json, unrounded: accuracies are fractions where an axis has percent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from convscope.analysis.estimates import Comparison, Measure
from convscope.analysis.records import Claim
from convscope.analysis.study_records import Dataset, StudyRun, Variant
from convscope.figures import architecture, bias, claims, eda, probes, results
from convscope.figures.registry import Row, Rows, numbered, rows_of
from convscope.models.cost import layer_costs
from convscope.specs import ModelSpec


def class_distribution(facts: Dataset) -> Rows:
    """Return images of each class by part."""
    counts = zip(facts.class_names, facts.train_counts, facts.test_counts, strict=True)
    return [{"class": name, "train": train, "test": test} for name, train, test in counts]


def samples(facts: Dataset, images: NDArray[np.uint8]) -> Rows:
    """Return one row an image, its pixels channel by channel, row by row; images (classes, n, C, H, W)."""
    return [
        {"class": name, "sample": number} | numbered(image)
        for name, of_class in zip(facts.class_names, images, strict=False)
        for number, image in enumerate(of_class)
    ]


def mean_images(facts: Dataset, images: NDArray[np.uint8]) -> Rows:
    """Return one row a class, pixels channel by channel, row by row; images (classes, C, H, W)."""
    return [{"class": name} | numbered(image) for name, image in zip(facts.class_names, images, strict=False)]


def pixel_histogram(facts: Dataset, normalisation: str) -> Rows:
    """Return how many pixels have each value, by channel, and what a network is fed in its place."""
    standard = normalisation == "standard"
    return [
        {
            "channel": eda.CHANNEL_NAMES[facts.channels][channel],
            "value": value,
            "normalised": (value / 255 - facts.mean[channel]) / facts.sd[channel] if standard else value / 255,
            "pixels": pixels,
        }
        for channel, counts in enumerate(facts.histogram)
        for value, pixels in enumerate(counts)
    ]


def accuracy_chart(study: StudyRun) -> Rows:
    """Return mean, interval and every run of each variant's test accuracy."""
    return [_named(name, variant) | _measured(variant, runs=True) for name, variant in study.variants.items()]


def cost_chart(study: StudyRun) -> Rows:
    """Return each variant's cost beside its test accuracy."""
    return [
        _named(name, variant) | {"macs": variant.macs, "parameters": variant.parameters} | _measured(variant)
        for name, variant in study.variants.items()
    ]


def curves(study: StudyRun, only: Collection[str] | None = None) -> Rows:
    """Return mean and range over seeds, by variant, part, quantity and epoch."""
    rows: Rows = []
    for name, variant in study.variants.items():
        for what, runs in variant.curves if only is None or name in only else ():
            part, quantity = what.split("_")
            for epoch, values in enumerate(zip(*runs, strict=True), start=1):
                row = _named(name, variant) | {"part": part, "quantity": quantity, "epoch": epoch}
                rows.append(row | {"mean": float(np.mean(values)), "lowest": min(values), "highest": max(values)})
    return rows


def confusion_matrix(study: StudyRun, class_names: Sequence[str], variant: str) -> Rows:
    """Return how often each true class was called each class, over all runs, and the share of the true class."""
    return [
        {"true": class_names[i], "predicted": class_names[j], "images": images, "share": images / sum(row)}
        for i, row in enumerate(study.variants[variant].confusion)
        for j, images in enumerate(row)
    ]


def class_accuracy(study: StudyRun, class_names: Sequence[str]) -> Rows:
    """Return each class's accuracy for baseline and reference."""
    roles = {"baseline": study.baseline, "reference": study.reference}
    of = {role: study.variants[name].class_accuracy for role, name in roles.items()}
    return [{"class": name} | {role: of[role][label].mean for role in of} for label, name in enumerate(class_names)]


def forest(decided: dict[str, Claim]) -> Rows:
    """Return the statistical claims, fractions; effects are not yet divided by the margin."""
    return [
        {"claim": name, "verdict": claim.verdict, "effect": claim.effect}
        | _interval(claim)
        | {"expected": claim.expected, "margin": claim.margin, "seeds": claim.n}
        for name, claim in decided.items()
        if claim.effect is not None
    ]


def network(model: ModelSpec) -> Rows:
    """Return the layers of a network with shapes and costs."""
    rows: Rows = [{"layer": "input", "output": "×".join(map(str, model.input_shape))}]
    for layer, shape, cost in zip(model.layers, model.shapes[1:], layer_costs(model), strict=True):
        row = {"layer": ", ".join(layer.words), "output": "×".join(map(str, shape))}
        rows.append(row | {"parameters": cost.parameters, "macs": cost.macs, "receptive_field": cost.receptive_field})
    return rows


def filters(weights: NDArray[np.float32]) -> Rows:
    """Return one row a filter and channel, its weights row by row; weights (filters, C, k, k)."""
    return [
        {"filter": i, "channel": j} | numbered(kernel)
        for i, kernels in enumerate(weights)
        for j, kernel in enumerate(kernels)
    ]


def feature_maps(image: NDArray[np.uint8], layers: list[NDArray[Any]]) -> Rows:
    """Return one row a map, its values row by row; layer 0 is the input image."""
    return [
        {"layer": number, "map": i} | numbered(values)
        for number, maps in enumerate([image, *layers])
        for i, values in enumerate(maps)
    ]


def shifted_accuracy(study: StudyRun) -> Rows:
    """Return accuracy on moved test images, by variant and distance in pixels."""
    shift = study.shift
    assert shift is not None
    return [
        _named(name, study.variants[name]) | {"distance": distance, "accuracy": measure.mean} | _interval(measure)
        for name, measures in shift.accuracy.items()
        for distance, measure in zip(shift.distances, measures, strict=True)
    ]


def equivariance_errors(study: StudyRun) -> Rows:
    """Return the equivariance error by variant, layer and shift in pixels."""
    found = study.equivariance
    assert found is not None
    return [
        _named(name, study.variants[name])
        | {"layer": layer.layer, "stride": layer.stride, "shift": shift, "error": error and error.mean}
        for name, layers in found.variants.items()
        for layer in layers
        for shift, error in zip(found.shifts, layer.errors, strict=True)
    ]


def sample_sizes(study: StudyRun) -> Rows:
    """Return both accuracies and their difference, by number of training images."""
    variants = study.variants
    return [
        {"train_images": variants[pair.a].train_images, "a": pair.a, "b": pair.b}
        | {f"accuracy_{side}": variants[name].test_accuracy.mean for side, name in (("a", pair.a), ("b", pair.b))}
        | {"difference": pair.effect}
        | _interval(pair)
        for pair in study.pairs or ()
    ]


_OF: dict[Callable[..., Figure], Callable[..., Rows]] = {
    architecture.architecture: network,
    bias.equivariance_errors: equivariance_errors,
    bias.interaction: accuracy_chart,
    bias.sample_sizes: sample_sizes,
    bias.shifted_accuracy: shifted_accuracy,
    eda.class_distribution: class_distribution,
    eda.mean_images: mean_images,
    eda.pixel_histogram: pixel_histogram,
    eda.samples: samples,
    probes.feature_maps: feature_maps,
    probes.filters: filters,
    results.accuracy_chart: accuracy_chart,
    results.class_accuracy: class_accuracy,
    results.confusion_matrix: confusion_matrix,
    results.cost_chart: cost_chart,
    results.curves: curves,
    claims.forest: forest,
}


def table_of(drawing: partial[Figure]) -> Rows:
    """Return the rows of the table behind a figure.

    Raises KeyError: there is no table for what draws it.
    """
    drawn = rows_of(drawing)
    return _OF[drawing.func](*drawing.args, **drawing.keywords) if drawn is None else drawn


def _named(name: str, variant: Variant) -> Row:
    return {"variant": name, "title": variant.title}


def _measured(variant: Variant, *, runs: bool = False) -> Row:
    measure = variant.test_accuracy
    values = {f"seed {seed}": value for seed, value in enumerate(measure.values)} if runs else {}
    return {"test_accuracy": measure.mean} | _interval(measure) | values


def _interval(measured: Measure | Comparison | Claim) -> Row:
    low, high = measured.interval or (None, None)
    return {"low": low, "high": high}
