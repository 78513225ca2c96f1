"""The splits of one run: one for images, several for a table, whose rows are tested by cross-validation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from convscope.datasets.dataset import Dataset
from convscope.datasets.splits import Split, channel_statistics, split, stream
from convscope.errors import SpecError
from convscope.specs import DataSpec, Table

Rows = NDArray[np.int64]


def folds(dataset: Dataset, spec: DataSpec, seed: int) -> list[tuple[Rows, Split]]:
    """Draw the splits that a run trains on, one network each.

    Raises SpecError: More images are asked for than there are.

    Returns
    -------
    list
        For each fold the places of its test images in the test part, and its split. Together the folds test every
        image once. Of a table each fold holds out its share of the rows, stratified by class; validation rows and
        normalisation come from the others.
    """
    if not isinstance(spec.dataset, Table):
        images = split(dataset, spec, seed)
        return [(np.arange(len(images.test)), images)]
    fold_of = _stratified(dataset.train.labels, spec.dataset.folds, stream(seed, "folds"))
    order = stream(seed, "split")
    parts = []
    for fold in range(spec.dataset.folds):
        tested, others = np.flatnonzero(fold_of == fold), np.flatnonzero(fold_of != fold)
        shuffled = order.permutation(others)
        validation, rest = shuffled[: spec.validation_images], shuffled[spec.validation_images :]
        wanted = spec.train_images or len(rest)
        if not 0 < wanted <= len(rest):
            raise SpecError(
                f"{dataset.title} has {len(others):,} rows outside of a fold; {spec.validation_images:,} for "
                f"validation and {wanted:,} for training are more.",
                "Lower train_images or validation_images of the study.",
            )
        mean, scale = np.zeros(1, np.float32), np.ones(1, np.float32)
        if spec.normalisation == "standard":
            mean, scale = channel_statistics(dataset.train.pixels[others])
        train, held_out = dataset.train.take(rest[:wanted]), dataset.train.take(validation)
        parts.append((tested, Split(train, held_out, dataset.test.take(tested), mean, scale)))
    return parts


def _stratified(labels: Rows, folds: int, random: np.random.Generator) -> Rows:
    """Deal shuffled rows out to the folds, class after class: the folds' sizes differ by one, and so of each class."""
    shuffled = random.permutation(len(labels))
    dealt = np.empty_like(labels)
    dealt[shuffled[np.argsort(labels[shuffled], kind="stable")]] = np.arange(len(labels)) % folds
    return dealt


def all_tested(dataset: Dataset, spec: DataSpec, seed: int) -> Split:
    """Return the images of a run's first network, and as the test part all that the run tests."""
    (_, first), *others = folds(dataset, spec, seed)
    return replace(first, test=dataset.test) if others else first


def image_counts(spec: DataSpec, train_images: int, test_images: int) -> dict[str, int]:
    """Count the images of a run's parts without drawing them.

    Parameters
    ----------
    train_images, test_images
        Of the data set's two parts; of a table both are its rows.

    Returns
    -------
    dict
        ``train``, ``validation`` and ``test``; of a table the first two are those of its first network.
    """
    if isinstance(spec.dataset, Table):
        train_images -= -(-train_images // spec.dataset.folds)
    rest = train_images - spec.validation_images
    return {
        "train": spec.train_images or rest,
        "validation": spec.validation_images,
        "test": spec.test_images or test_images,
    }
