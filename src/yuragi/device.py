"""Where to run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from yuragi.errors import InputError, OutOfMemoryError

__all__ = ["enough_memory", "pick_device", "wait_for"]


def pick_device(name: str | torch.device | None = None) -> torch.device:
    """The device of that name; without one, the GPU when there is one.

    Raises:
        InputError: no such device here.
    """
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        here = "cpu or cuda" if torch.cuda.is_available() else "cpu: there is no GPU here"
        raise InputError("device", str(name), here) from error
    return device


@contextmanager
def enough_memory(device: torch.device) -> Iterator[None]:
    """What runs inside fits into the device's memory, or fails with advice.

    Raises:
        OutOfMemoryError: it does not.
    """
    try:
        yield
    except (torch.OutOfMemoryError, RuntimeError) as error:
        # Elsewhere than in CUDA's allocator PyTorch has no class for it, only words.
        words = ("out of memory", "allocate memory", "ALLOC_FAILED")
        told = isinstance(error, torch.OutOfMemoryError) or any(w in str(error) for w in words)
        if not told:
            raise
        raise OutOfMemoryError(
            f"out of memory on {device}; what takes less: fewer pictures at once, a smaller "
            "picture (resize), weights in half precision (dtype), the autoencoder in tiles "
            "(vae_tiling), weights that wait in main memory (offload)"
        ) from error


def wait_for(device: torch.device) -> None:
    """Until the device has done what it was told: for clocks, queued work is not done work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
