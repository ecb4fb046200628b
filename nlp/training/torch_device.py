"""Where and with which numbers PyTorch computes."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def pick_device() -> torch.device:
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(device: torch.device) -> AbstractContextManager[None]:
    """Multiply in bfloat16 where the machine does so fast; elsewhere it would be slower than float32."""
    import torch

    if device.type == "cuda" or _has_fast_bfloat16():
        chosen: AbstractContextManager[None] = torch.autocast(device.type, dtype=torch.bfloat16)
        return chosen
    return nullcontext()


def _has_fast_bfloat16() -> bool:
    import torch

    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))
