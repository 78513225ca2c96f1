"""Ask what a convolutional layer buys, and why, with experiments that test every claim.

A notebook or a script needs no other import: `Study`, `Variant`, `Claim`, `Experiment`, `Budget`, `DataSpec`,
`TrainSpec` and the layers declare; `mlp`, `cnn` and `image_folder` help; `train` and `results` do. Type checkers read
``__init__.pyi``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_FROM = {
    "convscope.api": ("StudyResults", "results", "train"),
    "convscope.datasets.folder": ("image_folder",),
    "convscope.specs": (
        "BatchNorm2d", "Conv2d", "DataSpec", "Dense", "Dropout", "Flatten", "GlobalAveragePool", "Glyphs",
        "LocallyConnected2d", "ModelSpec", "PermutePixels", "Pool2d", "Residual", "TrainSpec",
    ),
    "convscope.specs.layers.depthwise_conv2d": ("DepthwiseConv2d",),
    "convscope.studies.architectures": ("cnn", "mlp"),
    "convscope.studies.study": ("Budget", "Claim", "Count", "Experiment", "Study", "Variant"),
}  # fmt: skip
_WHERE = {name: module for module, names in _FROM.items() for name in names}

__all__ = sorted(_WHERE)  # noqa: PLE0605  # with their types in __init__.pyi


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: PyTorch takes seconds, and most commands do without it."""
    if name not in _WHERE:
        raise AttributeError(f"convscope has no {name!r}; it has {', '.join(__all__)}.")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return __all__
