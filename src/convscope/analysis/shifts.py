"""Accuracy on displaced test images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from convscope.analysis.measured import Measured
from convscope.analysis.measures import score
from convscope.analysis.study_records import Shift
from convscope.datasets.splits import Split
from convscope.engines.numeric_mode import numeric_mode
from convscope.engines.torch_engine import images_on_device, logits_of
from convscope.models.torch_model import restored
from convscope.runs.result import Arrays, RunResult
from convscope.runs.results import Measurement
from convscope.studies.probes import ShiftProbe

AFTER, LOST = "accuracy after a shift", "accuracy lost by a shift"
WON_BACK = "accuracy won back at the total stride"
DIRECTIONS = ((-1, 0), (1, 0), (0, -1), (0, 1))  # up, down, left, right

Shifted = dict[str, dict[int, NDArray[np.float64]]]
"""By variant and distance in pixels, 0 included: (seeds, images), the share of directions that each run has right."""


def moved(pixels: NDArray[np.uint8], down: int, right: int) -> NDArray[np.uint8]:
    """Move images (N, C, H, W) by whole pixels; what leaves at one side comes in at the other.

    Where the content keeps a margin of at least as many pixels, only background changes sides.
    """
    return np.roll(pixels, (down, right), axis=(2, 3))


def shifted_scores(
    results: Mapping[str, Sequence[RunResult]], labels: NDArray[np.int64], measure: Measurement, probe: ShiftProbe
) -> Shifted:
    """Return how every run did on moved images.

    Parameters
    ----------
    results
        By variant, one a seed, all trained in PyTorch.
    labels
        Of the test images, (test images,).
    probe
        How far, and how many of the first test images.
    """
    name = f"moved-{'-'.join(map(str, probe.distances))}-{probe.images}"
    labels = labels[: probe.images]

    def of_run(run: RunResult) -> dict[int, NDArray[np.float64]]:
        answers = measure(run, name, lambda images: answers_moved(run, images, probe))["answers"]
        right = (answers == labels).mean(axis=1)  # over directions: (distances, images)
        unmoved = (run.predictions[: probe.images] == labels).astype(np.float64)
        return {0: unmoved, **dict(zip(probe.distances, right, strict=True))}

    scores: Shifted = {}
    for variant, runs in results.items():
        by_run = [of_run(run) for run in runs]
        scores[variant] = {distance: np.stack([run[distance] for run in by_run]) for distance in (0, *probe.distances)}
    return scores


def answers_moved(result: RunResult, images: Split, probe: ShiftProbe) -> Arrays:
    """Test a run on moved images.

    Returns
    -------
    Arrays
        ``answers``, uint8 (distances, directions, images): the class of the largest logit.
    """
    pixels = images.test.pixels[: probe.images]
    mode = numeric_mode("torch", "cpu")
    network = restored(result.spec.model, result.weights).to(memory_format=torch.channels_last)

    def answers(down: int, right: int) -> NDArray[np.uint8]:
        batch = images_on_device(images.normalise(moved(pixels, down, right)), mode)
        return logits_of(network, batch, mode).argmax(1).numpy().astype(np.uint8)

    return {
        "answers": np.stack(
            [[answers(distance * down, distance * right) for down, right in DIRECTIONS] for distance in probe.distances]
        )
    }


def shift_record(scores: Shifted, probe: ShiftProbe, counted: Mapping[str, NDArray[np.bool_]]) -> Shift:
    """Describe them: by variant the accuracy at each distance, of the runs that count."""
    images = next(iter(scores.values()))[0].shape[1]
    at = {
        distance: Measured({name: by_distance[distance] for name, by_distance in scores.items()}, counted).spread
        for distance in (0, *probe.distances)
    }
    return Shift(
        images=images,
        claimed=probe.claimed,
        period=probe.period,
        distances=(0, *probe.distances),
        accuracy={
            name: tuple(score(values[counted[name]], at[distance]) for distance, values in by_distance.items())
            for name, by_distance in scores.items()
        },
    )


def outcomes(scores: Shifted, probe: ShiftProbe, counted: Mapping[str, NDArray[np.bool_]]) -> dict[str, Measured]:
    """Return what claims compare, by measure and variant, (seeds, images).

    At the claimed distance the accuracy after the shift, and what of it is lost; at the total stride what is won back
    of what half the stride took.
    """
    found = {
        AFTER: Measured({name: at[probe.claimed] for name, at in scores.items()}, counted),
        LOST: Measured({name: at[0] - at[probe.claimed] for name, at in scores.items()}, counted),
    }
    if probe.period:
        won = {name: at[probe.period] - at[probe.period // 2] for name, at in scores.items()}
        found[WON_BACK] = Measured(won, counted)
    return found
