r"""Heun's method on the probability-flow ODE, two network calls per step (EDM, algorithm 1).

Under every schedule the ODE is dx = x_0 dalpha + eps dsigma. Euler's step uses x_0 and eps at the
start; Heun's uses the mean of both ends:

    x'  = alpha_s x0 + sigma_s eps
    x_s = x' + (alpha_s - alpha_t) (x0' - x0) / 2 + (sigma_s - sigma_t) (eps' - eps) / 2,
          x0', eps' read at (x', s)

Under `EDMSchedule` alpha does not change, and this is EDM's algorithm 1; under `FlowSchedule` it is
Heun's method on the velocity eps - x_0. Nothing is divided by alpha, so a step may start at alpha =
0, or so near it that sigma / alpha is in the thousands (the last entries of a cosine table). Only a
step to the clean end stays an Euler step, because a clean state does not determine its noise.

References: Karras et al. 2022 (arXiv 2206.00364), algorithm 1; Albergo et al. 2023 (arXiv
2303.08797), section 2 (the ODE in this form).
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
    """EDM's deterministic second-order sampler, for any schedule. It can also ascend.

    Raises:
        InputError: a step starts at the clean end.
    """

    order: ClassVar[int] = 2
    stochastic: ClassVar[bool] = False
    evaluations: ClassVar[int] = 2
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
    if bool(level.sigma_s == 0):
        return euler
    x0_s = denoiser(euler, s)
    eps_s = Levels(level.alpha_s, level.sigma_s, level.alpha_s, level.sigma_s).eps(euler, x0_s)
    signal, noise = level.alpha_s - level.alpha_t, level.sigma_s - level.sigma_t
    return euler + (signal * (x0_s - x0) + noise * (eps_s - eps)) / 2
