from __future__ import annotations

import platform
import subprocess
import sys

import pytest
import torch

from convscope.engines import numeric_mode as module
from convscope.engines.numeric_mode import cpu_flags, cuda_capability, numeric_mode
from convscope.errors import ConvscopeError
from convscope.specs import NumericMode


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cuda_capability", lambda: None)


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize(
    ("flags", "dtype"),
    [
        ({"avx512_bf16", "avx2"}, "bfloat16"),
        ({"amx_bf16"}, "bfloat16"),
        ({"avx2", "avx512f", "avx512_vnni"}, "float32"),
        ({"bf16", "asimd"}, "float32"),  # ARM's flag: the rule names x86's alone
        (set(), "float32"),  # macOS
    ],
)
def test_bfloat16_only_where_the_processor_has_it(flags: set[str], dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cpu_flags", lambda: frozenset(flags))
    mode = numeric_mode("torch", "auto")
    assert (mode.engine, mode.device, mode.dtype, mode.layout, mode.threads) == (
        "torch", "cpu", dtype, "channels_last", 1,
    )  # fmt: skip
    assert numeric_mode("numpy", "auto").dtype == "float32"


@pytest.mark.parametrize(
    ("capability", "dtype"), [((7, 5), "float32"), ((8, 0), "bfloat16"), ((9, 0), "bfloat16"), ((12, 0), "bfloat16")]
)
def test_gpu_is_taken_where_there_is_one(
    capability: tuple[int, int], dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "cuda_capability", lambda: capability)
    for device in ("auto", "cuda"):
        assert numeric_mode("torch", device) == NumericMode("torch", "cuda", dtype, "channels_last")  # type: ignore[arg-type]
    assert numeric_mode("torch", "cpu").device == "cpu"
    assert numeric_mode("numpy", "auto").device == "cpu"


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize(("device", "named"), [("tpu", "'tpu'"), ("cuda", "'cuda'"), ("mps", "'mps'")])
def test_a_device_that_is_not_there_is_named(device: str, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    with pytest.raises(ConvscopeError, match=named):
        numeric_mode("torch", device)


def test_mps_only_when_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cuda_capability", lambda: None)
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert numeric_mode("torch", "auto").device == "cpu"
    assert numeric_mode("torch", "mps") == NumericMode("torch", "mps", "float32", "channels_last")


def test_this_machine_agrees_with_pytorch() -> None:
    """PyTorch asks the hardware in another way (cpuid, the CUDA runtime)."""
    capability = torch.cuda.get_device_capability() if torch.cuda.is_available() else None
    assert cuda_capability() == capability
    if platform.system() == "Linux" and platform.machine() == "x86_64":
        has_bfloat16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        assert (numeric_mode("torch", "cpu").dtype == "bfloat16") == has_bfloat16
        assert ("avx2" in cpu_flags()) == torch.cpu._is_avx2_supported()


def test_the_mode_is_known_without_importing_torch() -> None:
    code = (
        "import sys; from convscope.engines.numeric_mode import numeric_mode as n; n(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
