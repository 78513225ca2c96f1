"""One variant of a study over its seeds: accuracies, curves, confusion matrix, cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.analysis import study_records as records
from convscope.analysis.failures import failed_to_train, trained_seeds
from convscope.analysis.measures import accuracy, measure, share
from convscope.analysis.pooling import SeedSpread
from convscope.analysis.records import Clock
from convscope.models.cost import layer_costs, macs, parameters
from convscope.runs.result import RunResult
from convscope.specs import RunSpec, to_json
from convscope.studies.study import Variant

CURVES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


def correct_predictions(results: Sequence[RunResult], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which test images each run has right, (seeds, test images)."""
    return np.stack([result.predictions == labels for result in results])


def summarise_variant(
    variant: Variant,
    results: Sequence[RunResult],
    labels: NDArray[np.int64],
    *,
    counts: records.ImageCounts,
    classes: int,
    spread: SeedSpread | None = None,
) -> records.Variant:
    """Describe a variant.

    Parameters
    ----------
    results
        One a seed, in the order of the seeds. Runs that failed to train are counted, and left out of all averages.
    labels
        Of the test images, (test images,).
    spread
        The seeds' variance of the accuracy, pooled over the study where seeds are few.
    """
    rows = trained_seeds(results, labels)
    failed = [result.key for result in results if failed_to_train(result, labels)]
    counted = [result for result, counts in zip(results, rows, strict=True) if counts]
    correct = correct_predictions(counted, labels)
    last = [result.history[-1] for result in counted]
    spec = results[0].spec
    train_images = spec.data.train_images
    curves = {name: tuple(tuple(getattr(epoch, name) for epoch in run.history) for run in counted) for name in CURVES}
    return records.Variant(
        **declared_variant(variant, spec).stated(),
        runs=tuple(result.key for result in counted),
        seeds=tuple(result.spec.seed for result in counted),
        failed=records.Failed(of=len(results), runs=tuple(failed)),
        test_accuracy=accuracy(correct, spread),
        test_loss=measure([result.test_loss for result in counted], "nats"),
        train_accuracy=share([epoch.train_accuracy for epoch in last], train_images or counts.train),
        validation_accuracy=share([epoch.validation_accuracy for epoch in last], counts.validation),
        class_accuracy=tuple(accuracy(correct[:, labels == label]) for label in range(classes)),
        confusion=tuple(map(tuple, _confusion(counted, labels, classes).tolist())),
        curves=records.Curves(**curves),
    )


def declared_variant(variant: Variant, run: RunSpec) -> records.DeclaredVariant:
    """Return what follows from a variant's specification, and from what the profile makes of it: one of its runs."""
    model = variant.model
    own: dict[str, Any] = {}
    if variant.train_images is not None:
        own["train_images"] = run.data.train_images
    if variant.training or variant.longer > 1:
        own["training"] = asdict(run.training)
    return records.DeclaredVariant(
        title=variant.title,
        **own,
        model=to_json(model),
        parameters=parameters(model),
        macs=macs(model),
        layers=tuple(records.Layer(**asdict(cost)) for cost in layer_costs(model)),
    )


def timings_of(results: Sequence[RunResult]) -> Clock:
    """Return what a clock measured of a variant's runs."""
    return Clock(
        train_seconds=measure([result.train_seconds for result in results], "seconds"),
        images_per_second=measure([result.images_per_second for result in results], "images per second"),
    )


def _confusion(results: Sequence[RunResult], labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Count test images by true class (rows) and predicted class (columns), over all runs."""
    counts = np.zeros((classes, classes), np.int64)
    for result in results:
        np.add.at(counts, (labels, result.predictions.astype(np.int64)), 1)
    return counts
