"""Training in PyTorch: the whole data set in memory, one thread, the fastest arithmetic that the machine has."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from convscope.datasets.dataset import Images
from convscope.datasets.splits import Split, stream
from convscope.engines.augmentation import Augmentation
from convscope.engines.outcome import Epoch, Outcome, Progress
from convscope.engines.schedule import Batch, epochs, learning_rates
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
    images, labels = parts["train"]
    order = stream(spec.seed, "order")
    augment = Augmentation(training, split, spec.seed, mode)
    rates = learning_rates(training, training.total_updates(len(labels)))
    history: list[Epoch] = []
    train_seconds = evaluate_seconds = 0.0
    for number, batches in enumerate(epochs(training, len(labels), order), start=1):
        started = time.perf_counter()
        loss, accuracy = _one_epoch(
            network,
            optimiser=optimiser,
            images=images,
            labels=labels,
            batches=batches,
            augment=augment,
            rates=rates,
            mode=mode,
        )
        trained = time.perf_counter()
        validation = evaluate(network, *parts["validation"], mode)
        evaluate_seconds += time.perf_counter() - trained
        train_seconds += trained - started
        history.append(Epoch(loss, accuracy, validation.loss, validation.accuracy))
        progress(number, validation.accuracy)
    started = time.perf_counter()
    test = evaluate(network, *parts["test"], mode)
    evaluate_seconds += time.perf_counter() - started
    weights = {name: value.detach().float().cpu().contiguous().numpy() for name, value in network.state_dict().items()}
    return Outcome(
        history=tuple(history),
        test_loss=test.loss,
        test_accuracy=test.accuracy,
        predictions=test.predictions.astype(np.uint8),
        confidences=test.confidences.astype(np.float32),
        weights=weights,
        train_seconds=train_seconds,
        evaluate_seconds=evaluate_seconds,
    )


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


def _one_epoch(
    network: nn.Module,
    *,
    optimiser: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
    batches: Iterator[Batch],
    augment: Augmentation,
    rates: Iterator[float],
    mode: NumericMode,
) -> tuple[float, float]:
    """Make one update a batch; return mean loss and accuracy of the batches as they were met."""
    network.train()
    seen = 0
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


class Evaluation:
    """Loss, accuracy, predicted class and its softmax probability over a set of images."""

    def __init__(self, logits: Tensor, labels: Tensor) -> None:
        probabilities = logits.softmax(1)
        confidences, predictions = probabilities.max(1)
        self.loss = float(functional.cross_entropy(logits, labels))
        self.accuracy = float((predictions == labels).double().mean())
        self.predictions = predictions.cpu().numpy()
        self.confidences = confidences.cpu().numpy()


def evaluate(network: nn.Module, images: Tensor, labels: Tensor, mode: NumericMode) -> Evaluation:
    """Evaluate on images (N, H, W, C) as they are kept in memory."""
    return Evaluation(logits_of(network, images, mode), labels)


@torch.inference_mode()
def logits_of(network: nn.Module, images: Tensor, mode: NumericMode) -> Tensor:
    """Logits, float32 (N, classes), of images (N, H, W, C) as they are kept in memory."""
    network.eval()
    with autocast(mode):
        logits = [network(batch.permute(0, 3, 1, 2)).float() for batch in torch.split(images, EVALUATION_BATCH)]
    return torch.cat(logits)
