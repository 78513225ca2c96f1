"""How nearly a layer's answer moves along with its image.

A layer is equivariant if moving the image and then computing gives the same as computing and then moving. Of a
convolution that holds exactly where neither padding nor the border is seen, and for moves by whole multiples of
its total stride.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.analysis import estimates as records
from convscope.analysis.measures import measure as measured
from convscope.analysis.shifts import moved
from convscope.analysis.study_records import Equivariance, EquivariantLayer
from convscope.datasets.splits import Split
from convscope.models.torch_model import restored
from convscope.runs.result import Arrays, RunResult
from convscope.runs.results import Measurement
from convscope.specs import Window

SHIFTS = (1, 2, 3, 4)  # pixels to the right
IMAGES = 100  # 200 images change the errors by less than 2 % of their size, and take twice as long


def equivariance(results: Mapping[str, Sequence[RunResult]], measure: Measurement, tested: int) -> Equivariance:
    """Return the relative equivariance error of each layer with positions, over seeds.

    Parameters
    ----------
    tested
        How many test images there are; the first hundred are moved to the right.
    """
    variants = {}
    for name, runs in results.items():
        model = runs[0].spec.model
        by_run = [measure(run, "equivariance", partial(errors_of_layers, run))["errors"] for run in runs]
        variants[name] = tuple(
            EquivariantLayer(
                layer=", ".join(model.layers[index].words),
                stride=window.step,
                errors=tuple(map(_over_seeds, np.stack([errors[index] for errors in by_run], axis=1))),
            )
            for index, window in enumerate(model.windows)
        )
    return Equivariance(images=min(IMAGES, tested), shifts=SHIFTS, variants=variants)


def _over_seeds(values: NDArray[np.float64]) -> records.Measure | None:
    known = values[~np.isnan(values)]
    return measured(known.tolist(), "fraction") if len(known) else None


def errors_of_layers(result: RunResult, images: Split) -> Arrays:
    """Return ``errors``, float64 (layers with positions, shifts); NaN where no value sees the inside alone."""
    model = result.spec.model
    network = restored(model, result.weights, pool_first=False)
    pixels = images.test.pixels[:IMAGES]
    still, *at = [images.normalise(moved(pixels, 0, shift)) for shift in (0, *SHIFTS)]
    answers = _answers(network, still, len(model.windows))
    answers_at = [_answers(network, moved_images, len(model.windows)) for moved_images in at]
    return {
        "errors": np.array(
            [
                [
                    _relative_error(answers[layer], moved_answers[layer], window, shift, still.shape)
                    for shift, moved_answers in zip(SHIFTS, answers_at, strict=True)
                ]
                for layer, window in enumerate(model.windows)
            ],
            np.float64,  # None becomes NaN
        )
    }


@torch.inference_mode()
def _answers(network: nn.Sequential, images: NDArray[np.float32], layers: int) -> list[Tensor]:
    """Return what the first layers answer, each after its activation: (N, C, H', W')."""
    values = torch.from_numpy(images)
    answers: dict[int, Tensor] = {}
    for name, module in network.named_children():
        index = int(name.split("_")[0])
        if index == layers:
            break
        values = module(values)
        answers[index] = values
    return list(answers.values())


def _relative_error(
    answer: Tensor, answer_moved: Tensor, window: Window, shift: int, image: tuple[int, ...]
) -> float | None:
    """Return |answer to the moved image - moved answer| / |moved answer|, over values that see the inside alone.

    The answer is moved by the nearest whole number of its positions, half of one by none.
    """
    whole = math.ceil(shift / window.step - 0.5)
    rows = _inside(window, image[2], answer.shape[2], 0)
    columns = _inside(window, image[3], answer.shape[3], max(shift, whole * window.step))
    if not len(rows) or not len(columns):
        return None
    expected = answer[:, :, rows[:, None], columns[None, :] - whole]
    found = answer_moved[:, :, rows[:, None], columns[None, :]]
    return float((found - expected).norm() / expected.norm())


def _inside(window: Window, side: int, positions: int, least: int) -> NDArray[np.int64]:
    """Positions whose window lies in the image, from pixel `least` on."""
    starts = window.start + window.step * np.arange(positions)
    return np.flatnonzero((starts >= least) & (starts + window.size <= side))
