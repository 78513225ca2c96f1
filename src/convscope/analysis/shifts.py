"""Accuracy on displaced test images, from stored weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from convscope.analysis.measured import Measured
from convscope.analysis.measures import score
from convscope.datasets.splits import Split
from convscope.engines.numeric_mode import numeric_mode
from convscope.engines.torch_engine import images_on_device, logits_of
from convscope.models.torch_model import restored
from convscope.runs.result import RunResult
from convscope.studies.probes import ShiftProbe

AFTER, LOST = "accuracy after a shift", "accuracy lost by a shift"
DIRECTIONS = ((-1, 0), (1, 0), (0, -1), (0, 1))  # up, down, left, right

Scores = NDArray[np.float64]
Shifted = dict[str, dict[int, Scores]]
"""By variant and distance in pixels, 0 included: (seeds, images), the share of directions that each run has right."""


def moved(pixels: NDArray[np.uint8], down: int, right: int) -> NDArray[np.uint8]:
    """Move images (N, C, H, W) by whole pixels; what leaves at one side comes in at the other.

    Where the content keeps a margin of at least as many pixels, only background changes sides.
    """
    return np.roll(pixels, (down, right), axis=(2, 3))


def shifted_scores(results: Mapping[str, Sequence[RunResult]], images: Split, probe: ShiftProbe) -> Shifted:
    """Test every run on moved images.

    Parameters
    ----------
    results
        By variant, one a seed, all trained in PyTorch.
    images
        The run's split; of its test part the first ``probe.images`` are moved.
    probe
        How far.
    """
    tested = images.test.take(np.arange(min(probe.images, len(images.test))))
    mode = numeric_mode("torch", "cpu")
    at = {
        distance: [
            images_on_device(images.normalise(moved(tested.pixels, distance * down, distance * right)), mode)
            for down, right in DIRECTIONS
        ]
        for distance in probe.distances
    }

    def of_run(result: RunResult) -> dict[int, Scores]:
        network = restored(result.spec.model, result.weights).to(memory_format=torch.channels_last)
        unmoved = (result.predictions[: len(tested)] == tested.labels).astype(np.float64)
        return {0: unmoved} | {
            distance: np.mean(
                [logits_of(network, batch, mode).argmax(1).numpy() == tested.labels for batch in directions], axis=0
            )
            for distance, directions in at.items()
        }

    scores: Shifted = {}
    for name, runs in results.items():
        by_run = [of_run(result) for result in runs]
        scores[name] = {distance: np.stack([run[distance] for run in by_run]) for distance in (0, *probe.distances)}
    return scores


def described(scores: Shifted, probe: ShiftProbe, counted: Mapping[str, NDArray[np.bool_]]) -> dict[str, Any]:
    """Return what metrics.json says of them: by variant the accuracy at each distance, of the runs that count."""
    images = next(iter(scores.values()))[0].shape[1]
    at = {
        distance: Measured({name: by_distance[distance] for name, by_distance in scores.items()}, counted).spread
        for distance in (0, *probe.distances)
    }
    return {
        "images": images,
        "claimed": probe.claimed,
        "distances": [0, *probe.distances],
        "accuracy": {
            name: [score(values[counted[name]], at[distance]) for distance, values in by_distance.items()]
            for name, by_distance in scores.items()
        },
    }


def outcomes(scores: Shifted, probe: ShiftProbe, counted: Mapping[str, NDArray[np.bool_]]) -> dict[str, Measured]:
    """Return what claims compare at the claimed distance, by measure and variant, (seeds, images)."""
    return {
        AFTER: Measured({name: at[probe.claimed] for name, at in scores.items()}, counted),
        LOST: Measured({name: at[0] - at[probe.claimed] for name, at in scores.items()}, counted),
    }
