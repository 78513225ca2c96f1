"""What is to be computed, and nothing of how: data, model, training settings, seed.

Every specification is a frozen dataclass that checks itself when it is made. Its canonical JSON leaves out
fields that have their default value, so a field added later does not change the key of earlier runs.
"""

from convscope.specs.data import DatasetSpec, DataSpec, Glyphs, ImageFolder, Table
from convscope.specs.keys import canonical_json, from_json, run_key, to_json
from convscope.specs.layers import (
    LAYERS,
    Activation,
    BatchNorm2d,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    LocallyConnected2d,
    PermutePixels,
    Pool2d,
    Residual,
    Role,
    Shape,
    Shapes,
    TorchModule,
    Window,
    Windowed,
)
from convscope.specs.model import ModelSpec
from convscope.specs.training import NumericMode, RunSpec, TrainSpec

__all__ = [
    "LAYERS", "Activation", "BatchNorm2d", "Conv2d", "DataSpec", "DatasetSpec", "Dense", "DepthwiseConv2d",
    "Dropout", "Flatten", "GlobalAveragePool", "Glyphs", "ImageFolder", "Layer", "LocallyConnected2d", "ModelSpec",
    "NumericMode", "PermutePixels", "Pool2d", "Residual", "Role", "RunSpec", "Shape", "Shapes", "Table",
    "TorchModule", "TrainSpec", "Window", "Windowed", "canonical_json", "from_json", "run_key", "to_json",
]  # fmt: skip
