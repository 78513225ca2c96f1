"""A layer in words, for tables and diagrams."""

from __future__ import annotations

from convscope.specs import (
    Activation,
    Conv2d,
    Dense,
    Flatten,
    GlobalAveragePool,
    Layer,
    LocallyConnected2d,
    PermutePixels,
    Pool2d,
)

_ACTIVATIONS: dict[Activation, str] = {
    "relu": "ReLU", "tanh": "tanh", "sigmoid": "sigmoid", "gelu": "GELU", "none": "",
}  # fmt: skip


def describe_layer(layer: Layer) -> tuple[str, ...]:
    """Say what a layer does, in one or two short parts: ``("conv 3×3", "ReLU")``."""
    match layer:
        case Conv2d() | LocallyConnected2d():
            kind = "conv" if isinstance(layer, Conv2d) else "local"
            stride = f", stride {layer.stride}" if layer.stride > 1 else ""
            parts = (f"{kind} {layer.kernel}×{layer.kernel}{stride}", _ACTIVATIONS[layer.activation])
        case PermutePixels():
            parts = ("permute", f"in {layer.block}×{layer.block} blocks" if layer.block else "pixels")
        case Pool2d():
            parts = (f"{layer.kind} pool", f"{layer.size}×{layer.size}")
        case GlobalAveragePool():
            parts = ("global", "average pool")
        case Flatten():
            parts = ("flatten", "")
        case Dense():
            parts = ("dense", _ACTIVATIONS[layer.activation] or "logits")
    return tuple(part for part in parts if part)
