# ruff: noqa: E402 - the number of threads is set before the imports that read it
"""Training speed of the NumPy engine against PyTorch: float32, one thread each, same network, same batch.

A step is forward, loss, backward and Adam's update on images already in memory and normalised. Both sides
pool before the activation and get images as (N, C, H, W). The two take turns within one process, so that a
machine that slows down slows both.

    python benchmarks/numpy_against_torch.py --kernel 3 5 7

One thread of a shared AMD EPYC (Zen 5), NumPy 2.4.6 with OpenBLAS 0.3.31, PyTorch 2.15, batch 128,
images/s, and the ratios of four runs:

    kernel     NumPy   PyTorch  ratio
         3     9,021     5,723   1.22 to 1.58
         5     4,615     5,748   0.78 to 0.80
         7     2,650     4,571   0.57 to 0.58

With large kernels the matrix products are all that counts, and OpenBLAS has AVX2 kernels for this processor
where PyTorch uses AVX-512. With PyTorch held to AVX2 (ONEDNN_MAX_CPU_ISA=AVX2) the ratios are
1.72, 1.24 and 1.02.
"""

from __future__ import annotations

import os

for _library in ("OPENBLAS", "OMP", "MKL", "VECLIB"):  # read once, when NumPy and PyTorch are imported
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import argparse
import platform
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from convscope.engines.numpy_cnn.loss import cross_entropy
from convscope.engines.numpy_cnn.network import Network, initial_weights
from convscope.engines.numpy_cnn.optimisers import Adam
from convscope.specs import Conv2d, Dense, Flatten, ModelSpec, Pool2d

Images = NDArray[np.float32]  # (N, C, H, W)
Labels = NDArray[np.int64]  # (N,)
Step = Callable[[], float]  # one training step; returns its loss


def model(kernel: int) -> ModelSpec:
    """Grey images of 28 x 28, two convolutions of 16 and 32 filters, each pooled, then 128 and 10 units."""
    return ModelSpec(
        (1, 28, 28),
        (
            Conv2d(16, kernel),
            Pool2d(),
            Conv2d(32, kernel),
            Pool2d(),
            Flatten(),
            Dense(128),
            Dense(10, "none"),
        ),
    )


def numpy_step(spec: ModelSpec, images: Images, labels: Labels) -> Step:
    """Return one training step of the NumPy engine."""
    network = Network(spec, initial_weights(spec, seed=0))
    adam = Adam(network.parameters)

    def step() -> float:
        loss, gradient = cross_entropy(network.forward(images), labels)
        network.backward(gradient)
        adam.update(network.parameters, network.gradients, 1e-3)
        return loss

    return step


def torch_step(spec: ModelSpec, kernel: int, images: Images, labels: Labels) -> Step:
    """Return one training step of PyTorch, from the same weights."""
    network = nn.Sequential(
        *(nn.Conv2d(1, 16, kernel, padding="same"), nn.MaxPool2d(2), nn.ReLU()),
        *(nn.Conv2d(16, 32, kernel, padding="same"), nn.MaxPool2d(2), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10)),
    )
    with torch.no_grad():
        weights = initial_weights(spec, seed=0).values()
        for parameter, array in zip(network.parameters(), weights, strict=True):
            parameter.copy_(torch.from_numpy(array))
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)
    batch, targets = torch.from_numpy(images), torch.from_numpy(labels)

    def step() -> float:
        adam.zero_grad()
        loss = nn.functional.cross_entropy(network(batch), targets)
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        return loss.item()

    return step


def images_per_second(step: Step, steps: int, batch: int) -> float:
    """Measure a few steps in a row."""
    started = perf_counter()
    for _ in range(steps):
        step()
    return steps * batch / (perf_counter() - started)


def main() -> None:
    """Print one line for each kernel size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", type=int, nargs="+", default=[3, 5, 7], help="odd kernel sizes (default 3 5 7)")
    parser.add_argument("--batch", type=int, default=128, help="images a step (default 128)")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each engine (default 15)")
    parser.add_argument("--steps", type=int, default=5, help="steps a turn (default 5)")
    options = parser.parse_args()

    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    images = random.standard_normal((options.batch, 1, 28, 28), dtype=np.float32)
    labels = random.integers(0, 10, options.batch)

    print(f"{platform.processor() or platform.machine()}, NumPy {np.__version__}, PyTorch {torch.__version__}")
    print(f"{'kernel':>6} {'NumPy':>9} {'PyTorch':>9} {'ratio':>6}  images/s, median of {options.rounds} turns")
    for kernel in options.kernel:
        spec = model(kernel)
        ours, theirs = numpy_step(spec, images, labels), torch_step(spec, kernel, images, labels)
        for _ in range(3):  # warm up; and both must do the same work
            np.testing.assert_allclose(ours(), theirs(), rtol=1e-3)
        speeds = [
            (
                images_per_second(ours, options.steps, options.batch),
                images_per_second(theirs, options.steps, options.batch),
            )
            for _ in range(options.rounds)
        ]
        numpy_speed, torch_speed = (median(side) for side in zip(*speeds, strict=True))
        ratio = median(ours_speed / theirs_speed for ours_speed, theirs_speed in speeds)
        print(f"{kernel:>6} {numpy_speed:>9,.0f} {torch_speed:>9,.0f} {ratio:>6.2f}")


if __name__ == "__main__":
    main()
