"""Reasons for the design that the studies share: blocks of convolution, ReLU and max pooling, then a dense head.

What was chosen is read from the network, so that it follows every edit of it. A reason stands only for the choice that
it speaks of; of any other it is still to be written.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

from convscope.specs import Dense, ModelSpec, Pool2d
from convscope.studies.study import Decision
from convscope.studies.wording import square, squares


def block_decisions(model: ModelSpec, compared: Collection[int], where: str = "") -> tuple[Decision, ...]:
    """Return the design decisions of a CNN of such blocks.

    Parameters
    ----------
    model
        The network: all its convolutions have one kernel.
    compared
        Further kernels that the study compares it with.
    where
        In which layer, if not in all: ``" in the first layer"``.
    """
    convolutions = model.convolutions
    pools = [layer for layer in model.layers if isinstance(layer, Pool2d)]
    dense = [layer.units for layer in model.layers if isinstance(layer, Dense)]
    first = convolutions[0]
    blocks = {1: "one convolutional block", 2: "two convolutional blocks"}.get(
        len(convolutions), f"{len(convolutions)} convolutional blocks"
    )
    return (
        Decision("Layers", blocks, _depth(model, first.kernel, len(pools)), experiment="design:depth", about="layers"),
        Decision(
            "Kernel size",
            f"{square(first.kernel)} ({squares(compared)}{where} compared)",
            _kernel(model, first.kernel),
            experiment="kernel",
            about="kernel",
        ),
        Decision(
            "Filters",
            ", then ".join(str(layer.filters) for layer in convolutions),
            "Pooling quarters the positions; doubling the filters gives part of that room to features. Early layers "
            "need few edge detectors, later ones combine them."
            if all(2 * a.filters == b.filters for a, b in pairwise(convolutions))
            else "TODO: why these.",
            experiment="design:filters",
            about="filters",
        ),
        Decision(
            "Stride",
            str(first.stride),
            "Every position is looked at. The size is reduced by pooling alone, so that one layer has one task."
            if first.stride == 1
            else "TODO: why positions are left out.",
            experiment="design:stride",
            about="stride",
        ),
        Decision(
            "Padding",
            first.padding,
            "Zeros at the border let the kernel centre on every pixel, so that the border counts, and keep the size "
            "divisible by two."
            if first.padding == "same"
            else "TODO: why the border is left out.",
            experiment="design:padding",
            about="padding",
        ),
        Decision(
            "Activation",
            first.words[-1],
            "Its gradient does not vanish for positive inputs [@glorot2011], and it is cheap. It is monotone, so that "
            "max pooling may be computed before it with the same result."
            if first.activation == "relu"
            else "TODO: why this one.",
            experiment="design:activation",
            about="activation",
        ),
        Decision(
            "Pooling",
            ", ".join((pools[0].kind, *pools[0].words[1:])) if pools else "none",
            "Keeps the strongest response of a neighbourhood: a feature may move inside its square without "
            "changing the output, and the next layer costs a quarter."
            if pools and pools[0] == Pool2d("max", 2)
            else "TODO: why this one.",
            experiment="design:pooling",
            about="pooling",
        ),
        Decision(
            "Head",
            f"flatten, {', '.join(f'dense {units}' for units in dense)}",
            "Classes differ by where features lie, so that the head sees positions. That takes most of the weights.",
            experiment="design:head",
            about="head",
        ),
    )


def _depth(model: ModelSpec, kernel: int, pools: int) -> str:
    """Say what the blocks see, and what one more of them would leave."""
    seen = min(model.windows[-1].size, model.input_shape[1])
    side = model.shapes[len(model.windows)][1]
    poolings = {1: "one pooling", 2: "two poolings"}.get(pools, f"{pools} poolings")
    return (
        f"With {poolings} and {square(kernel)} kernels one value before the head depends on {square(seen)} input "
        "pixels: enough for strokes, corners and small parts. A further block would leave "
        f"{square(side // 2)} positions to tell places apart."
    )


def _kernel(model: ModelSpec, side: int) -> str:
    """Say what a small kernel sees: two in a row by themselves, or the second behind a pooling."""
    first = "The smallest kernel that sees neighbours on every side" if side == 3 else "The smallest of those compared"
    in_a_row = any(a in model.convolutions and b in model.convolutions for a, b in pairwise(model.layers))
    if in_a_row:
        twice = 2 * side - 1
        return (
            f"{first}. Two of them in a row cover {square(twice)} with {2 * side**2} weights a channel pair instead of "
            f"{twice**2}, with a non-linearity in between."
        )
    seen = [
        window.size for layer, window in zip(model.layers, model.windows, strict=False) if layer in model.convolutions
    ]
    return f"{first}, with {side**2} weights a channel pair" + (
        f". Pooling widens the next one: in the second layer it sees {square(seen[1])} input pixels."
        if seen[1:]
        else "."
    )
