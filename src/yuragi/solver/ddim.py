r"""DDIM(eta): one family from the probability-flow ODE (eta 0) to ancestral sampling (eta 1).

    x0, eps = the denoiser's prediction at x_t
    std     = eta sigma_s sqrt(1 - e^{-2h}), at most sigma_s
    x_s     = alpha_s x0 + sqrt(sigma_s^2 - std^2) eps + std z

eta scales the standard deviation: in the limit of small steps it is the SDE with lambda = eta,
and every eta has the same marginals. eta = 0 is Euler's method on the flow ODE dx/dt = eps - x_0
under `FlowSchedule`, and on dx/dsigma = eps under `EDMSchedule`; so "euler" is this solver.

References: Song et al. 2021 (arXiv 2010.02502), equations 12 and 16.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.core.transition import Transition
from yuragi.errors import InputError
from yuragi.solver.base import Memory, descending, levels

__all__ = ["DDIM"]


@dataclass(frozen=True)
class DDIM:
    """DDIM with noise `eta` >= 0. With eta = 0 it is deterministic and can also ascend.

    Raises:
        InputError: eta is below 0 or not finite; a stochastic step goes towards more noise; a step
            starts at the clean end.
    """

    eta: float = 0.0
    order: ClassVar[int] = 1
    evaluations: ClassVar[int] = 1
    recordable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not (self.eta >= 0 and math.isfinite(self.eta)):
            raise InputError("eta", self.eta, "0 or above, and finite; 0 is the ODE, 1 the SDE")

    @property
    def stochastic(self) -> bool:
        return self.eta > 0

    def init(self) -> None:
        return None

    def step(
        self, denoiser: Denoiser, x: Tensor, t: Tensor, s: Tensor, memory: Memory = None
    ) -> tuple[Transition, None]:
        level = levels(denoiser.schedule, t, s)
        x0 = denoiser(x, t)
        eps = level.eps(x, x0)
        if not self.stochastic:
            mean = level.alpha_s * x0 + level.sigma_s * eps
            return Transition(mean, torch.zeros_like(level.sigma_s)), None
        fresh = 1 - descending(level, self).decay ** 2
        # (sigma_s^2 - std^2) / sigma_s^2, without cancellation for eta <= 1. Above 1 a long
        # step would need more noise than its target has; then all of the noise is new.
        kept = (1 - self.eta**2 + self.eta**2 * level.decay**2).clamp(min=0)
        mean = level.alpha_s * x0 + level.sigma_s * kept.sqrt() * eps
        return Transition(mean, level.sigma_s * (self.eta * fresh.sqrt()).clamp(max=1)), None
