"""One factor at a time, held by comparing specifications.

For each factor there is a closed form: a function that says what else differs between two networks once the factor
is taken out of them. Variants of an experiment must differ as they are, and in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any, Literal

from convscope.errors import SpecError
from convscope.specs import (
    Activation,
    BatchNorm2d,
    Conv2d,
    Dense,
    Dropout,
    GlobalAveragePool,
    Layer,
    LocallyConnected2d,
    ModelSpec,
    PermutePixels,
    Pool2d,
    Residual,
    TrainSpec,
    Windowed,
)

Factor = Literal[
    "kernel", "filters", "depth", "pooling", "stride", "padding", "activation", "head",
    "dilation", "groups", "batch normalisation", "dropout", "skip connection",
    "weight sharing", "pixel order", "training images", "weight decay", "augmentation",
]  # fmt: skip

Layers = tuple[Layer, ...]
Mismatch = str  # what differs beside the factor, as a reader is told; empty where nothing does


def _compared(one: Iterable[object], other: Iterable[object]) -> Mismatch:
    """Name the first place at which two sequences of layers, or of parts of them, differ."""
    one, other = tuple(one), tuple(other)
    for a, b in zip(one, other, strict=False):
        if a != b:
            return f"{a} against {b}"
    return "" if len(one) == len(other) else f"{len(one)} layers against {len(other)}"


def _in_form(form: Callable[[Layers], Iterable[object]]) -> Callable[[ModelSpec, ModelSpec], Mismatch]:
    """Compare two networks once each is brought into a form that leaves the factor out."""
    return lambda model, other: _compared(form(model.layers), form(other.layers))


def _without_field(name: str) -> Callable[[ModelSpec, ModelSpec], Mismatch]:
    """Take a field out of every layer that sees windows."""

    def form(layer: Layer) -> object:
        if isinstance(layer, Residual):
            return (Residual, *map(form, layer.layers), layer.activation)
        if isinstance(layer, Windowed):
            return (type(layer), *((f.name, getattr(layer, f.name)) for f in fields(layer) if f.name != name))
        return layer

    return _in_form(lambda layers: map(form, layers))


def _without_sharing(layers: Layers) -> Iterable[object]:
    """Put local connections in the place of convolutions; what local connections lack stays a difference."""
    plain = (isinstance(layer, Conv2d) and layer.groups == layer.dilation == 1 for layer in layers)
    return (
        LocallyConnected2d(*(getattr(layer, f.name) for f in fields(Windowed))) if shared else layer
        for layer, shared in zip(layers, plain, strict=True)
    )


def _without_permutation(layers: Layers) -> Layers:
    return layers[1:] if isinstance(layers[0], PermutePixels) else layers


def _without_normalisation(layers: Layers) -> Layers:
    """Take batch normalisation out; its activation goes to the layer before, and beside another stays a difference."""
    kept: Layers = ()
    for layer in layers:
        if isinstance(layer, BatchNorm2d):
            activated = _activated(kept, layer.activation)
            kept = (*kept, layer) if activated is None else activated
        elif isinstance(layer, Residual):
            kept += (replace(layer, layers=_without_normalisation(layer.layers)),)
        else:
            kept += (layer,)
    return kept


def _without_skipping(layers: Layers) -> Iterable[object]:
    """Put the layers of residual blocks in their place; a block whose activation is a second one stays as it is."""
    for layer in layers:
        inner = _activated(layer.layers, layer.activation) if isinstance(layer, Residual) else None
        yield from (layer,) if inner is None else inner


def _activated(layers: Layers, activation: Activation) -> Layers | None:
    """Give the last layer the activation that follows it; None where it has one already, or cannot have one."""
    if activation == "none":
        return layers
    match layers:
        case (*before, Windowed() | BatchNorm2d() as last) if last.activation == "none":
            return (*before, replace(last, activation=activation))
    return None


# ---------------------------------------------------------------- pooling, dropout: where, and of what kind and size


def _of_a_kind(kind: type[Pool2d | Dropout], name: str) -> Callable[[ModelSpec, ModelSpec], Mismatch]:
    """Layers of a kind may be taken out of one network, or differ in one field where both have them."""

    def beside(model: ModelSpec, other: ModelSpec) -> Mismatch:
        bodies = [[layer for layer in m.layers if not isinstance(layer, kind)] for m in (model, other)]
        if difference := _compared(*bodies):
            return difference
        ours, theirs = _places(model.layers, kind), _places(other.layers, kind)
        if not (ours.keys() <= theirs.keys() or theirs.keys() <= ours.keys()):
            return f"{name} has moved to another place"
        pairs = [(layer, theirs[place]) for place, layer in ours.items() if place in theirs]
        if len(ours) != len(theirs):
            return _compared(*([pair[i] for pair in pairs] for i in (0, 1)))
        names = [f.name for f in fields(kind) if any(getattr(a, f.name) != getattr(b, f.name) for a, b in pairs)]
        return "" if len(names) <= 1 else f"{name} in its {' and '.join(names)}"

    return beside


def _places(layers: Layers, kind: type[Layer]) -> dict[tuple[int, int], Layer]:
    """Layers of a kind by their place: how many others come before, and how many of the kind since then."""
    places: dict[tuple[int, int], Layer] = {}
    others = since = 0
    for layer in layers:
        if isinstance(layer, kind):
            places[others, since] = layer
            since += 1
        else:
            others, since = others + 1, 0
    return places


# ---------------------------------------------------------------- depth: the last block once more


def _beside_depth(model: ModelSpec, other: ModelSpec) -> Mismatch:
    """One network is the other with its last block repeated, as it is or with filters that go on growing alike."""
    (stem, blocks, head), (other_stem, other_blocks, other_head) = _parts(model), _parts(other)
    shared = min(len(blocks), len(other_blocks))
    ours = (*stem, *sum(blocks[:shared], ()), *head)
    theirs = (*other_stem, *sum(other_blocks[:shared], ()), *other_head)
    if shared == 0 or (difference := _compared(ours, theirs)):
        return difference if shared else _compared(model.layers, other.layers)
    deeper = max(blocks, other_blocks, key=len)
    for number, (before, block) in enumerate(pairwise(deeper[shared - 1 :]), start=shared):
        if len(block) != len(before):
            return f"{len(before)} layers in block {number}, {len(block)} in block {number + 1}"
        if difference := _compared(map(_of_any_width, before), map(_of_any_width, block)):
            return f"block {number + 1} is no repetition of block {number}: {difference}"
    return _uneven_widths([_width(block[0]) for block in deeper], shared)


def _parts(model: ModelSpec) -> tuple[Layers, list[Layers], Layers]:
    """Split a network into what comes before its blocks, the blocks and the head; a block starts with windows."""
    head = _head_start(model)
    starts = [i for i, layer in enumerate(model.layers[:head]) if isinstance(layer, Windowed)]
    bounds = [*starts, head]
    return model.layers[: bounds[0]], [model.layers[a:b] for a, b in pairwise(bounds)], model.layers[head:]


def _of_any_width(layer: Layer) -> Layer:
    return replace(layer, filters=1) if isinstance(layer, Windowed) else layer


def _width(layer: Layer) -> int:
    assert isinstance(layer, Windowed)  # each block starts with one
    return layer.filters


def _uneven_widths(widths: list[int], shared: int) -> Mismatch:
    """Say where added blocks neither keep the filters of the last shared one nor let them go on growing alike."""
    last = widths[shared - 1]
    growth = last / widths[shared - 2] if shared > 1 else 2.0  # of a single block the common rule: twice as many
    added = range(1, len(widths) - shared + 1)
    allowed: list[list[float]] = [[last for _ in added], [last * growth**i for i in added]]
    if widths[shared:] in allowed:
        return ""
    forms = [", ".join(f"{width:g}" for width in [last, *row]) for row in allowed]
    return f"blocks of {', '.join(map(str, widths[shared - 1 :]))} filters; depth alone gives {' or '.join(forms)}"


# ---------------------------------------------------------------- head: from the first vector on


def _beside_head(model: ModelSpec, other: ModelSpec) -> Mismatch:
    """Heads differ in one choice, or one is global average pooling alone in the place of dense layers."""
    start, other_start = _head_start(model), _head_start(other)
    bodies = model.layers[:start], other.layers[:other_start]
    if difference := _compared(*bodies) or _compared(model.layers[-1:], other.layers[-1:]):
        return difference
    one, two = (_head(m.layers[at:-1]) for m, at in ((model, start), (other, other_start)))
    choices = [name for name in one if one[name] != two[name] and None not in (one[name], two[name])]
    alone = {"Flatten or global average pooling": GlobalAveragePool, "units": (), "other layers": []}
    if len(choices) <= 1 or any(head == head | alone for head in (one, two)):
        return ""
    return f"the head in its {' and '.join(choices)}"


def _head(layers: Layers) -> dict[str, Any]:
    """Choices of a head without its logits; None where there is no such choice."""
    hidden = [layer for layer in layers[1:] if isinstance(layer, Dense)]
    return {
        "Flatten or global average pooling": type(layers[0]),
        "units": tuple(layer.units for layer in hidden),
        "activation": {layer.activation for layer in hidden} or None,
        "other layers": [layer for layer in layers[1:] if not isinstance(layer, Dense)],
    }


def _head_start(model: ModelSpec) -> int:
    """Index of the layer that makes a vector of the image."""
    return next(i for i, shape in enumerate(model.shapes[1:]) if len(shape) == 1)


_BESIDE: dict[Factor, Callable[[ModelSpec, ModelSpec], Mismatch]] = {
    "kernel": _without_field("kernel"),
    "filters": _without_field("filters"),
    "stride": _without_field("stride"),
    "padding": _without_field("padding"),
    "activation": _without_field("activation"),
    "pooling": _of_a_kind(Pool2d, "pooling"),
    "depth": _beside_depth,
    "head": _beside_head,
    "weight sharing": _in_form(_without_sharing),
    "pixel order": _in_form(_without_permutation),
    "dilation": _without_field("dilation"),
    "groups": _without_field("groups"),
    "batch normalisation": _in_form(_without_normalisation),
    "dropout": _of_a_kind(Dropout, "dropout"),
    "skip connection": _in_form(_without_skipping),
    "training images": _in_form(lambda layers: layers),
    "weight decay": _in_form(lambda layers: layers),
    "augmentation": _in_form(lambda layers: layers),
}
_OF_TRAINING: dict[Factor, tuple[str, ...]] = {"weight decay": ("weight_decay",), "augmentation": ("shift", "flip")}


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
    if factor not in _BESIDE:
        raise SpecError(f"{name} has the factor {factor!r}; it must be one of {', '.join(_BESIDE)}.")
    if len(variants) < 2:
        raise SpecError(f"{name} compares {[v[0] for v in variants]}; it needs at least two variants.")
    (reference, model, training, images), *others = variants
    for other, other_model, other_training, other_images in others:
        pair = f"{name}: {reference!r} and {other!r}"
        varied = _OF_TRAINING.get(factor, ())
        what, one, two = (
            ("training set", images, other_images)
            if factor == "training images"
            else ("training", training, other_training)
            if varied
            else ("network", model, other_model)
        )
        if one == two:
            raise SpecError(f"{pair} are the same {what}; they must differ in {factor}.")
        if other_images != images and factor != "training images":
            raise SpecError(f"{pair} are trained with {images} and {other_images} images.")
        if other_model.input_shape != model.input_shape:
            raise SpecError(f"{pair} take images of {model.input_shape} and {other_model.input_shape}.")
        if replace(other_training, **{name: getattr(training, name) for name in varied}) != training:
            raise SpecError(f"{pair} are trained differently: {training} and {other_training}.")
        if difference := _BESIDE[factor](model, other_model):
            raise SpecError(
                f"{pair} differ in more than {factor}: {difference}.",
                "Change one factor at a time, or declare the factor that really differs.",
            )
