r"""Heun's method on the probability-flow ODE, two network calls per step (EDM, algorithm 1).

With y = x / alpha and r = sigma / alpha the ODE is dy/dr = eps. Euler's step, then the mean of
the slopes at both ends; written for x, so that only the correction divides by alpha_t:

    x'  = alpha_s x0 + sigma_s eps
    x_s = x' + (sigma_s - alpha_s sigma_t / alpha_t) (eps' - eps) / 2,    eps' = eps at (x', s)

Where an end of the step is infinitely far in r's logarithm (sigma_s = 0: no slope there;
alpha_t = 0: r infinite) Euler's step is kept.

References: Karras et al. 2022 (arXiv 2206.00364), algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.core.transition import Transition
from yuragi.solver.base import Levels, Memory, levels

__all__ = ["Heun", "heun_mean"]


@dataclass(frozen=True)
class Heun:
    """EDM's deterministic second-order sampler, under any schedule. It may also ascend.

    Raises:
        InputError: a start at the clean end.
    """

    order: ClassVar[int] = 2
    stochastic: ClassVar[bool] = False
    recordable: ClassVar[bool] = True

    def init(self) -> None:
        return None

    def step(
        self, denoiser: Denoiser, x: Tensor, t: Tensor, s: Tensor, memory: Memory = None
    ) -> tuple[Transition, None]:
        mean = heun_mean(denoiser, x, t, s)
        return Transition(mean, torch.zeros((), dtype=torch.float64)), None


def heun_mean(denoiser: Denoiser, x: Tensor, t: Tensor, s: Tensor) -> Tensor:
    """Move x [b, *d] from t to s along the ODE by one step of Heun's method."""
    level = levels(denoiser.schedule, t, s)
    x0 = denoiser(x, t)
    eps = level.eps(x, x0)
    euler = level.alpha_s * x0 + level.sigma_s * eps
    if bool(level.sigma_s == 0) or bool(level.alpha_t == 0):
        return euler
    eps_s = Levels(level.alpha_s, level.sigma_s, level.alpha_s, level.sigma_s).eps(
        euler, denoiser(euler, s)
    )
    stride = level.sigma_s - level.alpha_s * level.sigma_t / level.alpha_t
    return euler + stride * (eps_s - eps) / 2
