"""Whether data fit the networks that are to be trained on them: asked once, before hours of training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from convscope.datasets.dataset import Dataset
from convscope.datasets.folds import folds
from convscope.datasets.load import load
from convscope.datasets.splits import on_canvas
from convscope.engines.numpy_cnn.network import lacks_nothing
from convscope.errors import SpecError
from convscope.printable import must_be_printable
from convscope.runs.plan import PlannedRun
from convscope.specs import DatasetSpec


def check_data(runs: Sequence[PlannedRun], data_folder: Path) -> None:
    """Load the data of some runs and hold them against their networks, once for each study and variant.

    Raises
    ------
    SpecError
        The NumPy engine lacks a layer, images have another shape than a network takes, a network has fewer or more
        outputs than there are classes, a class has no image, too few images are left for training or validation, or
        the report has no letters for a class's name. Study and variant are named.
    DatasetError
        Data cannot be read.
    """
    by_data: dict[DatasetSpec, list[PlannedRun]] = {}
    for run in {(run.study, run.variant): run for run in reversed(runs)}.values():
        by_data.setdefault(run.spec.data.dataset, []).append(run)
    for spec, those in by_data.items():
        dataset = load(spec, data_folder)
        must_be_printable("The title of a data set", dataset.title)
        for name in dataset.class_names:
            must_be_printable(f"The name of a class of {dataset.title}", name)
        for run in reversed(those):
            _check(run, dataset)


def _check(run: PlannedRun, dataset: Dataset) -> None:
    where = f"Variant {run.variant!r} of study {run.study!r}"
    data, model, names = run.spec.data, run.spec.model, dataset.class_names
    if run.spec.training.engine == "numpy":
        lacks_nothing(model, where)
    shape = on_canvas(dataset, data.canvas).train.pixels.shape[1:]
    if shape != model.input_shape:
        raise SpecError(
            f"{where} takes images of shape {model.input_shape} (channels, height, width); those of {dataset.title} "
            f"have {shape}.",
            f"Set its input shape to {shape}.",
        )
    if model.classes != len(names):
        raise SpecError(
            f"{where} tells {model.classes} classes apart; {dataset.title} has {len(names)}: {_listed(names)}.",
            f"Give its last layer {len(names)} outputs: classes={len(names)}.",
        )
    for part, labels in (("training", dataset.train.labels), ("test", dataset.test.labels[: data.test_images])):
        counts = np.bincount(labels, minlength=len(names))
        if absent := [name for name, count in zip(names, counts, strict=False) if count == 0]:
            raise SpecError(
                f"{where} gets no {part} images of {_listed(absent)}.",
                "Add some; or leave out test_images, which takes the first so many." if part == "test" else "Add some.",
            )
    if data.validation_images < len(names):
        raise SpecError(
            f"{where} holds {data.validation_images} images out for validation; {dataset.title} has {len(names)} "
            "classes.",
            f"Set validation_images of the study to {len(names)} or more: one for each class at the least.",
        )
    folds(dataset, data, run.spec.seed)  # says how many images are left


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
