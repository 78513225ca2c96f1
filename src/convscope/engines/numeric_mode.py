"""Which arithmetic a run uses here, decided by rule from the hardware and never by a timing.

bfloat16 where the hardware has it, float32 elsewhere; channels_last always, it was faster everywhere (1.5 times in
float32, 2 times in bfloat16). Nothing here imports torch: the check that a build is up to date asks for the mode.
"""

from __future__ import annotations

import ctypes
import platform
from functools import cache
from pathlib import Path
from typing import Literal

from convscope.errors import ConvscopeError
from convscope.specs import NumericMode

BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
DEVICES = ("auto", "cpu", "cuda", "mps")


@cache  # a plan asks for each of its thousand runs
def cpu_flags() -> frozenset[str]:
    """Instruction-set flags of the processor, as Linux names them; empty on other systems."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return frozenset()
    lines = (line for line in cpuinfo.read_text().splitlines() if line.startswith(("flags", "Features")))
    return frozenset(next(lines, ":").split(":", 1)[1].split())


@cache
def cuda_capability() -> tuple[int, int] | None:
    """Compute capability of the first NVIDIA GPU, from the driver itself; None where there is no GPU."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    device, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    if driver.cuInit(0) != 0 or driver.cuDeviceGet(ctypes.byref(device), 0) != 0:
        return None
    # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR
    driver.cuDeviceGetAttribute(ctypes.byref(major), 75, device)
    driver.cuDeviceGetAttribute(ctypes.byref(minor), 76, device)
    return (major.value, minor.value)


def numeric_mode(engine: Literal["torch", "numpy"] = "torch", device: str = "auto") -> NumericMode:
    """Return the arithmetic of this machine for an engine.

    Raises ConvscopeError: the device is unknown, or is not there.

    Parameters
    ----------
    engine
        The NumPy engine always computes in float32 on the CPU.
    device
        ``"auto"`` takes an NVIDIA GPU where there is one and the CPU elsewhere; ``"mps"`` (Apple's GPU) only when
        it is named, since its results are not repeatable to the bit.
    """
    if device not in DEVICES:
        raise ConvscopeError(f"DEVICE is {device!r}; it must be one of {', '.join(DEVICES)}.")
    if engine == "numpy":
        return NumericMode("numpy", "cpu", "float32", "channels_last")
    capability = cuda_capability() if device in ("auto", "cuda") else None
    if device == "cuda" and capability is None:
        raise ConvscopeError("DEVICE is 'cuda', but no NVIDIA GPU answers here.", "Use DEVICE=cpu or DEVICE=auto.")
    if device == "mps" and (platform.system(), platform.machine()) != ("Darwin", "arm64"):
        raise ConvscopeError("DEVICE is 'mps', but this is no Apple computer with its own GPU.", "Use DEVICE=cpu.")
    if capability is not None:
        return NumericMode("torch", "cuda", "bfloat16" if capability >= (8, 0) else "float32", "channels_last")
    if device == "mps":
        return NumericMode("torch", "mps", "float32", "channels_last")
    has_bfloat16 = bool(cpu_flags() & BFLOAT16_FLAGS)
    return NumericMode("torch", "cpu", "bfloat16" if has_bfloat16 else "float32", "channels_last")
