r"""Weights: how strongly to guide at a noise level, `(alpha, sigma) -> w`.

Users give `guidance_scale`, for which 1 means off; inside, w = guidance_scale - 1. A weight knows
the level and nothing else, so the same rule works under every schedule and time grid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from yuragi.core.schedule import Schedule
from yuragi.errors import InputError

__all__ = ["Weight", "constant", "ramp"]

Weight: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""`(alpha, sigma) -> w`, all 0-dim float64."""


def constant(guidance_scale: float) -> Weight:
    """The same at every level: w = guidance_scale - 1."""
    weight = torch.tensor(guidance_scale - 1.0, dtype=torch.float64)

    def at(alpha: Tensor, sigma: Tensor) -> Tensor:
        return weight

    return at


def ramp(schedule: Schedule, times: Tensor, guidance_scales: Sequence[float] | Tensor) -> Weight:
    """A scale given at each of some levels: exact there, linear between, constant beyond.

    Linear in the angle atan2(sigma, alpha), which falls with log-SNR but stays finite where
    sigma or alpha is 0.

    Args:
        schedule: gives the levels of `times`.
        times: [k], strictly monotone, k >= 2.
        guidance_scales: [k], the scale at each time; 1 is off.

    Raises:
        InputError: not one scale per time, or times that are not strictly monotone.
    """
    times = torch.as_tensor(times, dtype=torch.float64)
    scales = torch.as_tensor(guidance_scales, dtype=torch.float64)
    if times.ndim != 1 or len(times) < 2 or scales.shape != times.shape:
        allowed = f"one scale per time, {len(times)}, and two or more"
        raise InputError("guidance_scales", scales.tolist(), allowed)
    alpha, sigma = schedule(times)
    angles, order = torch.atan2(sigma, alpha).sort()
    if not bool((angles.diff() > 0).all()):
        raise InputError("times", times.tolist(), "levels that differ from one another")
    weights = scales[order] - 1

    def at(alpha: Tensor, sigma: Tensor) -> Tensor:
        angle = torch.atan2(sigma, alpha)
        high = torch.searchsorted(angles, angle).clamp(1, len(angles) - 1)
        low = high - 1
        part = (angle - angles[low]) / (angles[high] - angles[low])
        return torch.lerp(weights[low], weights[high], part.clamp(0, 1))

    return at
