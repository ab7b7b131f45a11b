"""A solver: the explicit midpoint rule on the flow's velocity, dx = x0 dalpha + eps dsigma."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from yuragi.core import Transition
from yuragi.solver import levels


@dataclass(frozen=True)
class Midpoint:
    """Second order."""

    order: ClassVar[int] = 2
    evaluations: ClassVar[int] = 2
    stochastic: ClassVar[bool] = False
    recordable: ClassVar[bool] = False

    def init(self):
        return None

    def step(self, denoiser, x, t, s, memory=None):
        middle = (t + s) / 2
        half, whole = levels(denoiser.schedule, t, middle), levels(denoiser.schedule, t, s)
        x0 = denoiser(x, t)
        between = half.alpha_s * x0 + half.sigma_s * half.eps(x, x0)
        x0 = denoiser(between.to(x), middle)
        eps = (between - half.alpha_s * x0) / half.sigma_s
        mean = x + (whole.alpha_s - whole.alpha_t) * x0 + (whole.sigma_s - whole.sigma_t) * eps
        return Transition(mean.to(x), torch.zeros_like(whole.sigma_s)), None


def make(noise, steps):
    return Midpoint()
