"""A trained model in memory, computing as it was tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from convscope.datasets.splits import normalise
from convscope.deployment.artefact import Artefact
from convscope.engines.numeric_mode import numeric_mode
from convscope.engines.torch_engine import EVALUATION_BATCH, images_on_device, logits_of
from convscope.errors import ConvscopeError
from convscope.models.torch_model import build
from convscope.specs import NumericMode

FLOAT32 = NumericMode("torch", "cpu", "float32", "channels_last")


def serving_mode(trained: NumericMode) -> NumericMode:
    """Return the arithmetic of the training where this machine has it, float32 on the CPU elsewhere.

    Runs of the NumPy engine are float32 too; PyTorch computes what they say up to rounding.
    """
    try:
        here = numeric_mode("torch", trained.device)
    except ConvscopeError:
        return FLOAT32
    return trained if trained.engine == "torch" and trained.dtype in {"float32", here.dtype} else FLOAT32


@dataclass(frozen=True)
class Prediction:
    """The answer for one image."""

    # index and name of the most probable class
    predicted_class: int
    label: str
    confidence: float  # its probability
    probabilities: list[float]  # of all classes, float32 values as Python numbers; JSON keeps them to the bit


class Predictor:
    """Predicts as `convscope.engines.torch_engine.evaluate` does: the same batches, dtype, layout and threads."""

    def __init__(self, artefact: Artefact) -> None:
        self.artefact = artefact
        self.mode = serving_mode(artefact.mode)
        torch.backends.cudnn.deterministic = True
        network = build(artefact.model)
        network.load_state_dict({name: torch.from_numpy(array) for name, array in artefact.weights.items()})
        self._network = network.to(self.mode.device).to(memory_format=torch.channels_last)
        self.predict(np.zeros((1, *artefact.model.input_shape), np.float32))  # the first call is slow

    def predict(self, pixels: NDArray[np.float32]) -> list[Prediction]:
        """Predict the classes of images.

        Parameters
        ----------
        pixels
            (N, C, H, W) of the model's input shape, 0 to 255.
        """
        torch.set_num_threads(self.mode.threads)  # here: it counts for the calling thread
        # Too small a batch is filled with its own images: for a single one PyTorch takes matrix-vector kernels, whose
        # rounding moved confidences by up to 0.0075 in bfloat16. On the CPU every size from two on gives the same bits
        # (measured on networks of the studies, 2 to 500 images); on a GPU kernels follow the size more finely.
        fewest = 2 if self.mode.device == "cpu" else EVALUATION_BATCH
        batch = np.resize(pixels, (max(len(pixels), fewest), *pixels.shape[1:]))
        images = images_on_device(normalise(batch, self.artefact.mean, self.artefact.scale), self.mode)
        probabilities = logits_of(self._network, images, self.mode).softmax(1)[: len(pixels)]
        confidences, classes = (values.cpu().tolist() for values in probabilities.max(1))
        return [
            Prediction(index, self.artefact.class_names[index], confidence, row)
            for index, confidence, row in zip(classes, confidences, probabilities.cpu().tolist(), strict=True)
        ]

    @property
    def description(self) -> dict[str, Any]:
        """What answers, for the response: a client can tell which model and which arithmetic it got."""
        return {
            "name": self.artefact.name,
            "dataset": self.artefact.dataset,
            "sha256": self.artefact.sha256,
            "device": self.mode.device,
            "dtype": self.mode.dtype,
            "threads": self.mode.threads,
            "as_trained": self.mode == self.artefact.mode,
        }
