"""Devices: selection, out-of-memory errors and synchronisation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from yuragi.errors import InputError, OutOfMemoryError

__all__ = ["enough_memory", "pick_device", "wait_for"]


def pick_device(name: str | torch.device | None = None) -> torch.device:
    """The device with this name; without a name, the GPU if there is one.

    Raises:
        InputError: this machine has no such device.
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
    """Turn out-of-memory errors inside the block into errors with advice.

    Raises:
        OutOfMemoryError: the device does not have enough memory.
    """
    try:
        yield
    except (torch.OutOfMemoryError, RuntimeError) as error:
        # Outside CUDA's allocator PyTorch has no exception class for this, only a message.
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
    """Wait until the device has finished its queued work, so that timings are correct."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
