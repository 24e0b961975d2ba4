"""Resolves ``auto`` to a device and a precision of this machine."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch

from newsimages.errors import NewsImagesError, first_ten

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]


@dataclass(frozen=True, kw_only=True)
class Compute:
    """Where to rank, and with how much memory."""

    device: torch.device | str = "cpu"  # as torch names it
    memory_mb: int = 512  # budget in MiB beyond the inputs and the answer


ON_CPU = Compute()


def resolve_device(device: Device) -> torch.device:
    """The device to compute on; ``auto`` takes a GPU where there is one.

    Raises:
        NewsImagesError: ``cuda`` where torch sees no GPU.
    """
    if device not in get_args(Device):
        raise NewsImagesError(f"device is {device!r}, expected {first_ten(get_args(Device))}.")
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise NewsImagesError(
            f"device=cuda, but torch {torch.__version__} sees no CUDA GPU on this machine. "
            "Set device=cpu (or auto)."
        )
    return torch.device("cuda" if device != "cpu" and available else "cpu")


def resolve_precision(
    precision: Precision, device: torch.device
) -> Literal["fp32", "bf16", "fp16"]:
    """The precision to compute in; ``auto`` is bf16 where the hardware has it, else fp32."""
    if precision not in get_args(Precision):
        expected = first_ten(get_args(Precision))
        raise NewsImagesError(f"precision is {precision!r}, expected {expected}.")
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    capabilities = torch.cpu.get_capabilities()
    has_bf16 = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
    return "bf16" if has_bf16 else "fp32"
