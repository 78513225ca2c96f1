"""The data of the explorer's exhibits: trained networks with rounded weights, the images they see, what was measured.

Everything is JSON but the numbers of images and weights: those lie in one block, deflated, as base64 text, and are
named by type, offset and length (site/explorer/weights.js reads them).
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from convscope.analysis.pictures import Pictures
from convscope.analysis.records import Metrics
from convscope.datasets.load import load
from convscope.datasets.splits import Split, split
from convscope.errors import DatasetUnavailable, ReportError
from convscope.files import Json
from convscope.models.torch_model import restored
from convscope.runs.result import RunResult
from convscope.specs import Conv2d, Dense, Flatten, GlobalAveragePool, Glyphs, Layer, PermutePixels, Pool2d, from_json
from convscope.studies.explored import EXPLORED, KERNELS, SHIFT, SHUFFLED

IMAGES = 30
FINE, COARSE = 127, 5
"""Whole numbers on either side of zero that a weight is rounded to, in layers of few weights and of many."""

MANY = 50_000
"""Weights from which on a layer is stored coarsely, so that the three networks of the first exhibit and its images fit
into 250 kB. The accuracy with rounded weights stands beside that with the trained ones."""

Read = Callable[[str, str], RunResult | None]
"""From study and variant to the result of seed 0; None where its weights are not there."""


def shift_data(metrics: Metrics, pictures: Pictures, read: Read, data_folder: Path) -> Json | None:
    """Return the networks of the study of shifts and the accuracy measured at each distance; None without them."""
    results, study = _results(SHIFT, metrics, read), metrics.ran.get(SHIFT)
    if not (results and study and study.shift):
        return None
    measured = study.shift
    glyphs = next(iter(results.values())).spec.data.dataset
    return _networks(SHIFT, metrics, pictures, results, data_folder) | {
        "margin": (glyphs.size - glyphs.content) // 2 if isinstance(glyphs, Glyphs) else max(measured.distances),
        "measured": {
            "distances": measured.distances,
            "images": measured.images,
            "seeds": study.seeds,
            "accuracy": {name: [at.mean for at in measured.accuracy[name]] for name in results},
        },
    }


def shuffle_data(metrics: Metrics, pictures: Pictures, read: Read, data_folder: Path) -> Json | None:
    """Return a network trained on images as they are and one on shuffled ones, with accuracies; None without them."""
    for study in SHUFFLED:
        results = _results(study, metrics, read)
        if results:
            variants = metrics.ran[study].variants
            return _networks(study, metrics, pictures, results, data_folder) | {
                "accuracy": {name: variant.test_accuracy.mean for name, variant in variants.items()},
            }
    return None


def kernel_data(metrics: Metrics, pictures: Pictures, read: Read) -> Json | None:
    """Return learned kernels of each size, with what their networks weigh, cost and reach; None without the study."""
    study = metrics.ran.get(KERNELS)
    if study is None:
        return None
    variants = []
    for name, variant in study.variants.items():
        filters = pictures.get(f"studies/{KERNELS}/{name}/filters")
        if filters is None or filters.shape[1] != 1:  # a fully connected network; photographs have three channels
            continue
        result = read(KERNELS, name)
        model = from_json(variant.model)
        variants.append(
            {
                "kernel": filters.shape[-1],
                "filters": np.round(filters.reshape(len(filters), -1).astype(float), 4).tolist(),
                "bias": np.round(result.weights["0.bias"].astype(float), 4).tolist() if result else None,
                "parameters": variant.parameters,
                "macs": variant.macs,
                "accuracy": variant.test_accuracy.mean,
                "seeds": study.seeds,
                "fields": [
                    {"name": f"{number}, {_word(layer)}", "size": seen.size, "jump": seen.step, "start": seen.start}
                    for number, (layer, seen) in enumerate(zip(model.layers, model.windows, strict=False), start=1)
                ],
            }
        )
    if not variants:
        return None
    facts = metrics.datasets[study.dataset]
    samples = pictures[f"datasets/{study.dataset}/samples"][:, :2, 0]  # (classes, 2, H, W)
    standard = study.normalisation == "standard"
    block = Block()
    images = {
        "pixels": block.add(samples.astype(np.uint8)),
        "labels": np.repeat(np.arange(len(samples)), samples.shape[1]).tolist(),
        "classes": facts.class_names,
        "height": samples.shape[2],
        "width": samples.shape[3],
        "mean": facts.mean[0] if standard else 0.0,
        "scale": facts.sd[0] if standard else 1.0,
    }
    return {"images": images, "networks": [], "variants": variants, "block": block.packed()}


def _word(layer: Layer) -> str:
    return "pooling" if isinstance(layer, Pool2d) else "convolution"


def _results(study: str, metrics: Metrics, read: Read) -> dict[str, RunResult]:
    """Return the results of all that is explored of a study; nothing where one of them is not there."""
    results = {variant: read(study, variant) for variant in EXPLORED[study]} if study in metrics.ran else {}
    return {name: result for name, result in results.items() if result} if all(results.values()) else {}


def _networks(
    study: str, metrics: Metrics, pictures: Pictures, results: dict[str, RunResult], data_folder: Path
) -> Json:
    """Return the networks with rounded weights, and images of every class.

    These are test images; where the data set is not on this machine, the training images that the results hold.
    """
    first = next(iter(results.values())).spec
    ran = metrics.ran[study]
    facts = metrics.datasets[ran.dataset]
    each = IMAGES // len(facts.class_names)
    images: Split | None = None
    try:
        images = split(load(first.data.dataset, data_folder, download=False), first.data, first.seed)
    except DatasetUnavailable:
        pixels = pictures[f"datasets/{ran.dataset}/samples"][:, :each, 0].reshape(-1, facts.height, facts.width)
        labels = np.repeat(np.arange(len(facts.class_names)), each)
    else:
        shown = np.concatenate(
            [np.flatnonzero(images.test.labels == label)[:each] for label in range(len(facts.class_names))]
        )
        pixels, labels = images.test.pixels[shown][:, 0], images.test.labels[shown]
    read = _answers(next(iter(results.values())), images, pixels[:, None]) == labels if images else np.array([True])
    block = Block()
    described = {
        "study": study,
        "images": {
            "pixels": block.add(pixels),
            "labels": labels.tolist(),
            "classes": facts.class_names,
            "height": pixels.shape[1],
            "width": pixels.shape[2],
            "mean": float(images.mean[0]) if images else facts.mean[0],
            "scale": float(images.scale[0]) if images else facts.sd[0],
            "part": "test" if images else "training",
            "first": int(np.argmax(read)),  # that the first network reads: the exhibits change what it sees
        },
        "networks": [
            {
                "id": name,
                "title": ran.variants[name].title,
                "parameters": ran.variants[name].parameters,
                "run": result.key,
                "trained": {"accuracy": result.test_accuracy},
                "rounded": {"accuracy": _accuracy(result, images) if images else None},
                "layers": [
                    _layer(layer, str(i), result.weights, block) for i, layer in enumerate(result.spec.model.layers)
                ],
            }
            for name, result in results.items()
        ],
    }
    return described | {"block": block.packed()}


def _layer(layer: Layer, name: str, weights: dict[str, NDArray[Any]], block: Block) -> Json:
    """Describe a layer with its weights, for the forward pass in site/explorer/network.js."""
    described: Json = {"type": type(layer).__name__}
    match layer:
        case Conv2d(stride=1, activation="relu" | "none"):
            described |= {"filters": layer.filters, "kernel": layer.kernel, "padding": layer.padding_pixels}
        case Dense(activation="relu" | "none"):
            pass
        case Pool2d():
            return described | {"size": layer.size, "mean": layer.kind == "average"}
        case PermutePixels():
            return described | {"order": block.add(weights[f"{name}.permutation"].astype(np.int16))}
        case Flatten() | GlobalAveragePool():
            return described
        case _:
            raise ReportError(f"The explorer knows no {layer}.", "Add it to site/explorer/network.js and here.")
    whole, scales = rounded(weights[f"{name}.weight"])
    return described | {
        "relu": layer.activation == "relu",
        "weights": {"numbers": block.add(whole), "scales": block.add(scales)},
        "bias": block.add(weights[f"{name}.bias"].astype(np.float32)),
    }


def rounded(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round weights (units, ...) to whole numbers, with one scale a unit or filter.

    Returns
    -------
    tuple
        Whole numbers of the same shape, and scales (units,): their product is the rounded weight.
    """
    levels = COARSE if weights.size >= MANY else FINE
    rows = weights.reshape(len(weights), -1)
    scales = np.maximum(np.abs(rows).max(axis=1), np.finfo(np.float32).tiny).astype(np.float32) / np.float32(levels)
    return np.rint(rows / scales[:, None]).astype(np.int8).reshape(weights.shape), scales


def _accuracy(result: RunResult, images: Split) -> float:
    """Test the network with the weights that are shown."""
    return float(np.mean(_answers(result, images, images.test.pixels) == images.test.labels))


def _answers(result: RunResult, images: Split, pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Let the network read images (N, C, H, W) with the weights that are shown."""
    weights = dict(result.weights)
    for name, array in weights.items():
        if name.endswith(".weight"):
            whole, scales = rounded(array)
            weights[name] = (whole * scales.reshape(-1, *[1] * (whole.ndim - 1))).astype(np.float32)
    network = restored(result.spec.model, weights)
    with torch.inference_mode():
        batches = np.array_split(images.normalise(pixels), max(1, len(pixels) // 250))
        answers: NDArray[np.int64] = torch.cat(
            [network(torch.from_numpy(batch)).argmax(1) for batch in batches]
        ).numpy()
    return answers


class Block:
    """Arrays one after the other in one block of bytes."""

    def __init__(self) -> None:
        self._content = bytearray()

    def add(self, array: NDArray[Any]) -> Json:
        """Append an array, little-endian, and return where it is."""
        place = {"type": array.dtype.name, "offset": len(self._content), "length": array.size}
        self._content += np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        return place

    def packed(self) -> str:
        """Return all of it, deflated, as base64 text.

        Weights repeat nothing that a dictionary would find: without one they take 10 % less.
        """
        deflate = zlib.compressobj(9, strategy=zlib.Z_HUFFMAN_ONLY)
        return base64.b64encode(deflate.compress(bytes(self._content)) + deflate.flush()).decode()
