"""One variant of a study over its seeds: accuracies, curves, confusion matrix, cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.analysis.measures import accuracy, measure
from convscope.models.cost import layer_costs, macs, parameters
from convscope.runs.result import RunResult
from convscope.specs import to_json
from convscope.studies.study import Variant

CURVES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


def correct_predictions(results: Sequence[RunResult], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which test images each run has right, (seeds, test images)."""
    return np.stack([result.predictions == labels for result in results])


def summarise_variant(
    variant: Variant, results: Sequence[RunResult], labels: NDArray[np.int64], classes: int
) -> dict[str, Any]:
    """Return what metrics.json says of a variant.

    Parameters
    ----------
    variant
        As the study declares it.
    results
        One a seed, in the order of the seeds.
    labels
        Of the test images, (test images,).
    classes
        Number of classes.
    """
    model = variant.model
    correct = correct_predictions(results, labels)
    last = [result.history[-1] for result in results]
    own_size = {} if variant.train_images is None else {"train_images": results[0].spec.data.train_images}
    return {
        "title": variant.title,
        **own_size,
        "model": to_json(model),
        "parameters": parameters(model),
        "macs": macs(model),
        "layers": [asdict(cost) | {"output_shape": list(cost.output_shape)} for cost in layer_costs(model)],
        "runs": [result.key for result in results],
        "test_accuracy": accuracy(correct),
        "test_loss": measure([result.test_loss for result in results], "nats"),
        "train_accuracy": measure([epoch.train_accuracy for epoch in last], "fraction"),
        "validation_accuracy": measure([epoch.validation_accuracy for epoch in last], "fraction"),
        "class_accuracy": [
            measure(list(correct[:, labels == label].mean(axis=1)), "fraction") for label in range(classes)
        ],
        "confusion": _confusion(results, labels, classes).tolist(),
        "curves": {name: [[getattr(epoch, name) for epoch in result.history] for result in results] for name in CURVES},
    }


def timings_of(results: Sequence[RunResult]) -> dict[str, Any]:
    """Return what a clock measured of a variant's runs."""
    return {
        "train_seconds": measure([result.train_seconds for result in results], "seconds"),
        "images_per_second": measure([result.images_per_second for result in results], "images per second"),
    }


def _confusion(results: Sequence[RunResult], labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Count test images by true class (rows) and predicted class (columns), over all runs."""
    counts = np.zeros((classes, classes), np.int64)
    for result in results:
        np.add.at(counts, (labels, result.predictions.astype(np.int64)), 1)
    return counts
