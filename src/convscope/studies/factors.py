"""One factor at a time, held by comparing specifications.

For each factor there is a function that takes the factor out of two networks' layers. Variants of an experiment must
differ as they are and be equal once the factor is out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Literal

from convscope.errors import SpecError
from convscope.specs import (
    Conv2d,
    Flatten,
    GlobalAveragePool,
    Layer,
    LocallyConnected2d,
    ModelSpec,
    PermutePixels,
    Pool2d,
    TrainSpec,
    Windowed,
)

Factor = Literal[
    "kernel", "filters", "depth", "pooling", "stride", "padding", "activation", "head",
    "weight sharing", "pixel order", "training images",
]  # fmt: skip

Form = tuple[Any, ...]


def _without_fields(*names: str) -> Callable[[ModelSpec], Form]:
    """Take the named fields out of every layer that sees windows."""

    def form(model: ModelSpec) -> Form:
        return tuple(
            (type(layer), *((f.name, getattr(layer, f.name)) for f in fields(layer) if f.name not in names))
            if isinstance(layer, Windowed)
            else layer
            for layer in model.layers
        )

    return form


def _without_pooling(model: ModelSpec) -> Form:
    return tuple(layer for layer in model.layers if not isinstance(layer, Pool2d))


def _cut_to_equal_depth(model: ModelSpec, other: ModelSpec) -> tuple[Form, Form]:
    """Keep as many blocks (a convolution and what follows it) as both have, and the heads."""
    starts, others = _block_starts(model), _block_starts(other)
    shared = min(len(starts), len(others)) - 1
    return (
        model.layers[: starts[shared]] + model.layers[starts[-1] :],
        other.layers[: others[shared]] + other.layers[others[-1] :],
    )


def _block_starts(model: ModelSpec) -> list[int]:
    """Index of each convolution or local layer, and of the head."""
    return [i for i, layer in enumerate(model.layers) if isinstance(layer, Windowed)] + [_head_start(model.layers)]


def _without_sharing(model: ModelSpec) -> Form:
    return tuple(
        LocallyConnected2d(*(getattr(layer, f.name) for f in fields(layer))) if isinstance(layer, Conv2d) else layer
        for layer in model.layers
    )


def _without_permutation(model: ModelSpec) -> Form:
    return tuple(layer for layer in model.layers if not isinstance(layer, PermutePixels))


def _without_head(model: ModelSpec) -> Form:
    return model.layers[: _head_start(model.layers)]


def _head_start(layers: tuple[Layer, ...]) -> int:
    return next(i for i, layer in enumerate(layers) if isinstance(layer, Flatten | GlobalAveragePool))


def _each(form: Callable[[ModelSpec], Form]) -> Callable[[ModelSpec, ModelSpec], tuple[Form, Form]]:
    return lambda model, other: (form(model), form(other))


_WITHOUT: dict[Factor, Callable[[ModelSpec, ModelSpec], tuple[Form, Form]]] = {
    "kernel": _each(_without_fields("kernel")),
    "filters": _each(_without_fields("filters")),
    "stride": _each(_without_fields("stride")),
    "padding": _each(_without_fields("padding")),
    "activation": _each(_without_fields("activation")),
    "pooling": _each(_without_pooling),
    "depth": _cut_to_equal_depth,
    "head": _each(_without_head),
    "weight sharing": _each(_without_sharing),
    "pixel order": _each(_without_permutation),
    "training images": _each(lambda model: model.layers),
}


def check_one_factor(
    name: str, factor: Factor, variants: Sequence[tuple[str, ModelSpec, TrainSpec, int | None]]
) -> None:
    """Refuse an experiment whose variants differ in anything but its factor.

    Parameters
    ----------
    name
        Of the experiment, for the message.
    factor
        What may differ, and must.
    variants
        Id, network, training settings and size of the training set of each; the first is the reference.

    Raises
    ------
    SpecError
        Fewer than two variants, an unknown factor, two equal variants, or a second difference; it is named.
    """
    if factor not in _WITHOUT:
        raise SpecError(f"{name} has the factor {factor!r}; it must be one of {', '.join(_WITHOUT)}.")
    if len(variants) < 2:
        raise SpecError(f"{name} compares {[v[0] for v in variants]}; it needs at least two variants.")
    (reference, model, training, images), *others = variants
    for other, other_model, other_training, other_images in others:
        pair = f"{name}: {reference!r} and {other!r}"
        of_images = factor == "training images"
        if other_images == images if of_images else other_model == model:
            same = "training set" if of_images else "network"
            raise SpecError(f"{pair} are the same {same}; they must differ in {factor}.")
        if other_images != images and not of_images:
            raise SpecError(f"{pair} are trained with {images} and {other_images} images.")
        if other_model.input_shape != model.input_shape:
            raise SpecError(f"{pair} take images of {model.input_shape} and {other_model.input_shape}.")
        if other_training != training:
            raise SpecError(f"{pair} are trained differently: {training} and {other_training}.")
        without, other_without = _WITHOUT[factor](model, other_model)
        if without != other_without:
            raise SpecError(
                f"{pair} differ in more than {factor}: {_first_difference(without, other_without)}.",
                "Change one factor at a time, or declare the factor that really differs.",
            )


def _first_difference(one: Form, other: Form) -> str:
    for a, b in zip(one, other, strict=False):
        if a != b:
            return f"{a} against {b}"
    return f"{len(one)} layers against {len(other)}"
