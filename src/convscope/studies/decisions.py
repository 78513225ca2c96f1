"""Reasons for the design that the studies share: blocks of convolution, ReLU and max pooling, then a dense head."""

from __future__ import annotations

from convscope.studies.study import Decision


def block_decisions(filters: str, kernel: str, dense: int) -> tuple[Decision, ...]:
    """Return the design decisions of a CNN with two such blocks.

    Parameters
    ----------
    filters, kernel
        As the table shows them: ``"32, then 64"``, ``"3×3 (5×5 compared)"``.
    dense
        Units of the dense layer before the logits.
    """
    return (
        Decision(
            "Layers",
            "two convolutional blocks",
            "With two poolings and 3×3 kernels one value before the head depends on 10×10 input pixels: enough for "
            "strokes, corners and small parts. A third block would leave 3×3 or 4×4 positions to tell places apart.",
            experiment="design:depth",
        ),
        Decision(
            "Kernel size",
            kernel,
            "The smallest kernel with a centre. Two of them in a row cover 5×5 with 18 weights a channel pair instead "
            "of 25, with a non-linearity in between.",
            experiment="kernel",
        ),
        Decision(
            "Filters",
            filters,
            "Pooling quarters the positions; doubling the filters gives part of that room to features. Early layers "
            "need few edge detectors, later ones combine them.",
            experiment="design:filters",
        ),
        Decision(
            "Stride",
            "1",
            "Every position is looked at. The size is reduced by pooling alone, so that one layer has one task.",
            experiment="design:stride",
        ),
        Decision(
            "Padding",
            "same",
            "Zeros at the border let the kernel centre on every pixel, so that the border counts, and keep the size "
            "divisible by two.",
            experiment="design:padding",
        ),
        Decision(
            "Activation",
            "ReLU",
            "Its gradient does not vanish for positive inputs [@glorot2011], and it is cheap. It is monotone, so that "
            "max pooling may be computed before it with the same result.",
            experiment="design:activation",
        ),
        Decision(
            "Pooling",
            "max, 2×2",
            "Keeps the strongest response of a neighbourhood: a feature may move by a pixel without changing the "
            "output much, and the next layer costs a quarter.",
            experiment="design:pooling",
        ),
        Decision(
            "Head",
            f"flatten, dense {dense}, dense 10",
            "Classes differ by where features lie, so that the head sees positions. Most of the weights are here.",
            experiment="design:head",
        ),
    )
