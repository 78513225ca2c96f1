"""Training in PyTorch: the whole data set in memory, one thread, the fastest arithmetic that the machine has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from convscope.datasets.dataset import Images
from convscope.datasets.splits import Split, stream
from convscope.engines.augmentation import Augmentation
from convscope.engines.outcome import Outcome, Progress
from convscope.engines.schedule import Batch, Evaluation, through_epochs
from convscope.models.local import PixelPermutation
from convscope.models.torch_model import build
from convscope.specs import ModelSpec, NumericMode, RunSpec, TrainSpec

EVALUATION_BATCH = 500  # fixed: predictions at another batch size differ in their last bits


def train(spec: RunSpec, split: Split, mode: NumericMode, progress: Progress) -> Outcome:
    """Train one network and test it once.

    Parameters
    ----------
    spec
        The run; its seed decides initialisation and batch order, each from a stream of its own.
    """
    torch.set_num_threads(mode.threads)
    torch.backends.cudnn.deterministic = True
    with torch.random.fork_rng(devices=[]):  # what dropout drops follows from the seed alone
        torch.manual_seed(int(stream(spec.seed, "dropout").integers(2**63)))
        return _trained(spec, split, mode, progress)


def _trained(spec: RunSpec, split: Split, mode: NumericMode, progress: Progress) -> Outcome:
    training = spec.training
    network = initialised(spec.model, spec.seed).to(mode.device).to(memory_format=torch.channels_last)
    optimiser = make_optimiser(network, training)
    parts = {name: _on_device(getattr(split, name), split, mode) for name in ("train", "validation", "test")}
    augment = Augmentation(training, split, spec.seed, mode)

    def learn(batches: Iterator[Batch], rates: Iterator[float]) -> tuple[float, float]:
        network.train()
        seen = 0
        images, labels = parts["train"]
        loss_sum = torch.zeros((), device=labels.device)
        correct = torch.zeros((), dtype=torch.int64, device=labels.device)
        for chosen in batches:
            indices = torch.from_numpy(chosen).to(labels.device)
            seen += len(indices)
            batch, target = augment(images[indices]).permute(0, 3, 1, 2), labels[indices]  # (N, C, H, W), (N,)
            for group in optimiser.param_groups:
                group["lr"] = next(rates)
            with autocast(mode):
                logits = network(batch)
            logits = logits.float()
            loss = functional.cross_entropy(logits, target)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]  # torch has no type for it
            optimiser.step()
            loss_sum += loss.detach() * len(indices)
            correct += (logits.argmax(1) == target).sum()
        return float(loss_sum) / seen, int(correct) / seen

    def weights() -> dict[str, NDArray[np.float32]]:
        arrays = network.state_dict().items()
        return {name: array.detach().float().cpu().contiguous().numpy() for name, array in arrays}

    return through_epochs(
        spec, len(split.train), progress,
        learn=learn, evaluate=lambda part: evaluate(network, *parts[part], mode), weights=weights,
    )  # fmt: skip


def initialised(model: ModelSpec, seed: int) -> nn.Sequential:
    """Build the network with weights that follow from the seed, leaving PyTorch's global random state alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(stream(seed, "initialisation").integers(2**63)))
        network = build(model)
    permutations = stream(seed, "permutation")
    for layer in network.modules():
        if isinstance(layer, PixelPermutation):
            layer.draw(permutations)
    return network


def make_optimiser(network: nn.Module, training: TrainSpec) -> torch.optim.Optimizer:
    """Adam (Kingma and Ba 2015) or stochastic gradient descent with momentum, either with weight decay."""
    rate, decay = training.learning_rate, training.weight_decay
    if training.optimiser == "sgd":
        return torch.optim.SGD(network.parameters(), lr=rate, momentum=training.momentum, weight_decay=decay)
    if decay:
        return torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay, fused=True)
    return torch.optim.Adam(network.parameters(), lr=rate, fused=True)


def autocast(mode: NumericMode) -> torch.autocast:
    """Compute convolutions and matrix products in the mode's dtype; weights and losses stay in float32."""
    return torch.autocast(mode.device, torch.bfloat16, enabled=mode.dtype == "bfloat16")


def _on_device(part: Images, split: Split, mode: NumericMode) -> tuple[Tensor, Tensor]:
    labels = torch.from_numpy(part.labels).to(mode.device)
    return images_on_device(split.normalise(part.pixels), mode), labels


def images_on_device(normalised: NDArray[np.float32], mode: NumericMode) -> Tensor:
    """Keep images (N, C, H, W) as (N, H, W, C): a gathered batch is then channels_last without a copy."""
    images = torch.from_numpy(normalised).permute(0, 2, 3, 1).contiguous()
    return images.to(mode.device, torch.bfloat16 if mode.dtype == "bfloat16" else torch.float32)


def evaluate(network: nn.Module, images: Tensor, labels: Tensor, mode: NumericMode) -> Evaluation:
    """Evaluate on images (N, H, W, C) as they are kept in memory."""
    logits = logits_of(network, images, mode)
    confidences, predictions = logits.softmax(1).max(1)
    return Evaluation(
        loss=float(functional.cross_entropy(logits, labels)),
        accuracy=float((predictions == labels).double().mean()),
        predictions=predictions.cpu().numpy().astype(np.uint8),
        confidences=confidences.cpu().numpy().astype(np.float32),
    )


@torch.inference_mode()
def logits_of(network: nn.Module, images: Tensor, mode: NumericMode) -> Tensor:
    """Logits, float32 (N, classes), of images (N, H, W, C) as they are kept in memory."""
    network.eval()
    with autocast(mode):
        logits = [network(batch.permute(0, 3, 1, 2)).float() for batch in torch.split(images, EVALUATION_BATCH)]
    return torch.cat(logits)
