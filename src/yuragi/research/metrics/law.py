"""The protocol for data whose denoiser is known exactly, and that denoiser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from yuragi.core.schedule import Schedule

__all__ = ["Density", "ExactDenoiser", "Law"]


class Law(Protocol):
    """The law of x_0 and of x_t = alpha x_0 + sigma eps.

    `GaussianMixture`, `JointTarget`, `SpectralGaussian` and `ClassTarget` are laws.
    """

    def x0(self, x: Tensor, alpha: Tensor, sigma: Tensor, /) -> Tensor:
        """E[x_0 | x_t = x], in the shape of x."""

    def sample(
        self,
        count: int,
        alpha: Tensor,
        sigma: Tensor,
        generator: torch.Generator | None = None,
        /,
    ) -> Tensor:
        """Draws of x_t, [count, *d]."""


class Density(Law, Protocol):
    """A law with a density."""

    def log_prob(self, x: Tensor, alpha: Tensor, sigma: Tensor, /) -> Tensor:
        """The log density of x_t at x, [b]."""


@dataclass(frozen=True)
class ExactDenoiser:
    """E[x_0 | x_t] of a law under a schedule.

    For the joint-scaled target it is the ideal guided denoiser D*.
    """

    law: Law
    schedule: Schedule

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        return self.law.x0(x, *self.schedule(t))
