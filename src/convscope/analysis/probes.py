"""Looking into a trained network: its first filters and what its layers answer to one image."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from convscope.analysis.pictures import Pictures
from convscope.models.torch_model import restored
from convscope.runs.result import RunResult

INSIDE = "inside"  # name of the measurement
MAPS = 16  # feature maps shown of each layer


def look_inside(result: RunResult, image: NDArray[np.float32]) -> Pictures:
    """Return filters of the first convolution and feature maps of the first two.

    Parameters
    ----------
    image
        Normalised as in training, (C, H, W).

    Returns
    -------
    Pictures
        ``filters`` (filters, C, k, k); ``features_1`` and ``features_2`` (maps, H, W), after the activation and
        before pooling, float16. Empty for a network without convolutions.
    """
    model = result.spec.model
    convolutions = [i for i, layer in enumerate(model.layers) if layer in model.convolutions][:2]
    if not convolutions:
        return {}
    network = restored(model, result.weights, pool_first=False)
    pictures: Pictures = {"filters": result.weights[f"{convolutions[0]}.weight"]}
    values = torch.from_numpy(image)[None]  # (1, C, H, W)
    names = [name for name, _ in network.named_children()]
    with torch.inference_mode():
        for position, (name, module) in enumerate(network.named_children()):
            values = module(values)
            index = int(name.split("_")[0])
            last_of_layer = position + 1 == len(names) or int(names[position + 1].split("_")[0]) != index
            if index in convolutions and last_of_layer:
                maps = values[0, :MAPS].numpy().astype(np.float16)
                pictures[f"features_{convolutions.index(index) + 1}"] = maps
    return pictures
