r"""Finite differences of a denoiser: how far to step, and what step was really taken.

A step that is too short drowns in rounding, one that is too long leaves the linear range. Measured
on trained networks, 0.03 sigma per element serves single precision and 0.1 to 0.2 sigma half
precision. Half precision rounds the state that the network reads, so the step is first made one
that survives the rounding, and differences are divided by that.
"""

from __future__ import annotations

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser, NetworkDenoiser
from yuragi.guidance.evaluate import Corrected

__all__ = ["network_dtype", "nudge", "step_size"]

FULL, HALF = 0.03, 0.15


def network_dtype(denoiser: Denoiser, x: Tensor) -> torch.dtype:
    """What the denoiser's network computes in; the state's dtype where nothing is known."""
    if torch.is_autocast_enabled(x.device.type):
        return torch.get_autocast_dtype(x.device.type)
    if isinstance(denoiser, Corrected):
        return network_dtype(denoiser.base, x)
    network = denoiser.network if isinstance(denoiser, NetworkDenoiser) else None
    return getattr(network, "dtype", None) or x.dtype


def step_size(h: float | None, dtype: torch.dtype) -> float:
    """The step per element (root mean square) in units of sigma."""
    if h is not None:
        return h
    return HALF if dtype in (torch.float16, torch.bfloat16) else FULL


def nudge(x: Tensor, direction: Tensor, h: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Move a state by about h along a direction: the state there, and the change.

    Args:
        x: [b, *d].
        direction: of x's shape, root mean square 1.
        h: 0-dim, or [b, 1, ...].
        dtype: what the network reads.

    Returns:
        the moved state and the change, both in x's dtype; the change is the same before and after
        rounding to `dtype`, up to a unit in the last place where the exponent changes.
    """
    rounded = (x + h.to(x) * direction).to(dtype)
    change = rounded.to(x.dtype) - x.to(dtype).to(x.dtype)
    return x + change, change
