"""Devices: selection, out-of-memory errors and synchronisation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from yuragi.errors import InputError, OutOfMemoryError

__all__ = ["enough_memory", "free_memory", "name_of", "pick_device", "wait_for"]

LESS = (
    "what takes less: fewer pictures at once, a smaller picture (resize), weights in half "
    "precision (dtype), the autoencoder in tiles (vae_tiling), weights that wait in main memory "
    "(offload)"
)


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


def name_of(device: torch.device) -> str:
    """``cpu``, or the name of the accelerator."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def free_memory(device: torch.device) -> int | None:
    """The free main memory in bytes; None if it is unknown or the device is not a CPU.

    Linux kills a program that uses more, without an error. A GPU raises an error by itself.
    """
    if device.type != "cpu":
        return None
    try:
        told = Path("/proc/meminfo").read_text("utf-8").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in told if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


@contextmanager
def enough_memory(device: torch.device, needed: int = 0) -> Iterator[None]:
    """Turn out-of-memory errors inside the block into errors with advice.

    Args:
        device: the device.
        needed: bytes without which the block cannot succeed.

    Raises:
        OutOfMemoryError: the device does not have enough memory.
    """
    free = free_memory(device) if needed else None
    if free is not None and needed > free:
        lack = f"at least {needed / 1e9:.2g} GB are needed and {free / 1e9:.2g} GB are free"
        raise OutOfMemoryError(f"not enough memory: {lack}; {LESS}")
    try:
        yield
    except (torch.OutOfMemoryError, RuntimeError) as error:
        # Outside CUDA's allocator PyTorch has no exception class for this, only a message.
        words = ("out of memory", "allocate memory", "ALLOC_FAILED")
        told = isinstance(error, torch.OutOfMemoryError) or any(w in str(error) for w in words)
        if not told:
            raise
        raise OutOfMemoryError(f"out of memory on {device}; {LESS}") from error


def wait_for(device: torch.device) -> None:
    """Wait until the device has finished its queued work, so that timings are correct."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
