"""A layer in words, for tables and diagrams."""

from __future__ import annotations

from convscope.specs import Layer


def describe_layer(layer: Layer) -> tuple[str, ...]:
    """Say what a layer does, in one or two short parts: ``("conv 3×3", "ReLU")``."""
    return layer.words
