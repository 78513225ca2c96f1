from convscope.api import StudyResults, results, train
from convscope.datasets.folder import image_folder
from convscope.specs import (
    BatchNorm2d,
    Conv2d,
    DataSpec,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Glyphs,
    LocallyConnected2d,
    ModelSpec,
    PermutePixels,
    Pool2d,
    Residual,
    TrainSpec,
)
from convscope.specs.layers.depthwise_conv2d import DepthwiseConv2d
from convscope.studies.architectures import cnn, mlp
from convscope.studies.study import Budget, Claim, Count, Experiment, Study, Variant

__all__ = [
    "BatchNorm2d", "Budget", "Claim", "Conv2d", "Count", "DataSpec", "Dense", "DepthwiseConv2d",
    "Dropout", "Experiment", "Flatten", "GlobalAveragePool", "Glyphs", "LocallyConnected2d", "ModelSpec",
    "PermutePixels", "Pool2d", "Residual", "Study", "StudyResults", "TrainSpec", "Variant", "cnn", "image_folder",
    "mlp", "results", "train",
]  # fmt: skip
