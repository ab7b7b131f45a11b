"""Where to run."""

from __future__ import annotations

import torch

from yuragi.errors import InputError

__all__ = ["pick_device", "wait_for"]


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


def wait_for(device: torch.device) -> None:
    """Until the device has done what it was told: for clocks, queued work is not done work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
