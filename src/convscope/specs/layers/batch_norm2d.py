"""Batch normalisation of images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args

from convscope.specs.checks import require_one_of
from convscope.specs.layers.layer import Activation, Layer, Role, Shape, Shapes, TorchModule, Window, image, in_words


@dataclass(frozen=True)
class BatchNorm2d(Layer):
    """Each channel minus its mean, divided by its standard deviation, times a weight plus a bias; then an activation.

    Mean and deviation are those of the batch in training, and running means of them afterwards (Ioffe and Szegedy
    2015). It comes between a convolution with ``activation="none"`` and the activation, which is therefore its own.
    """

    role: ClassVar[Role] = "regularisation"

    activation: Activation = "relu"

    def __post_init__(self) -> None:
        require_one_of("BatchNorm2d activation", self.activation, get_args(Activation))

    @property
    def words(self) -> tuple[str, ...]:
        """What it does, and its activation."""
        return in_words("batch norm", self.activation)

    @property
    def window(self) -> Window:
        """One pixel, the batch's mean and deviation aside."""
        return Window()

    def output_shape(self, shape: Shape) -> Shape:
        """Shape after this layer, (C, H, W) -> (C, H, W)."""
        return image(self, shape)

    def weights(self, shape: Shape) -> Shapes:
        """Every channel has a weight and a bias."""
        return {"weight": shape[:1], "bias": shape[:1]}

    def buffers(self, shape: Shape) -> Shapes:
        """Every channel has a running mean and variance; PyTorch counts the batches."""
        return {"running_mean": shape[:1], "running_var": shape[:1], "num_batches_tracked": ()}

    def torch_module(self, shape: Shape) -> TorchModule:
        """``torch.nn.BatchNorm2d``."""
        return TorchModule("BatchNorm2d", {"num_features": shape[0]})
