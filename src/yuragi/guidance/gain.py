"""Gains: a factor on the guidance term, per pixel or for all.

A gain is called as `gain(strong, x, t)` with the strong denoiser, the state [b, *d] and the time,
and returns a number or a tensor that broadcasts over the state. `plain` is classifier-free
guidance as published. Sampling runs under `torch.no_grad`; a gain that needs a gradient opens
`torch.enable_grad` itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor

from yuragi.core.denoiser import Denoiser

__all__ = ["Gain", "plain"]

Gain: TypeAlias = Callable[[Denoiser, Tensor, Tensor], Tensor | float]


def plain(strong: Denoiser, x: Tensor, t: Tensor) -> float:
    """No change: 1."""
    return 1.0
