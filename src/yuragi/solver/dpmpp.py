r"""DPM-Solver++ of order 1 and 2 (multistep, midpoint), as ODE and as SDE.

With D = x0 at order 1, and D = x0 + (x0 - x0_previous) c at order 2:

    ODE   x_s = (sigma_s / sigma_t) x + (alpha_s - alpha_t sigma_s / sigma_t) D
    SDE   x_s = (sigma_s / sigma_t) e^{-h} x + alpha_s (1 - e^{-2h}) D
                + sigma_s sqrt(1 - e^{-2h}) z

The factor of D in the ODE is alpha_s (1 - e^{-h}), in the form that also holds for a step up to
alpha_s = 0.

    c = h / (2 h_previous)    x0 taken as linear in log-SNR
    c = (e^h - 1) / 2         after a step from alpha = 0, where h_previous is infinite

The second c takes x0 as linear in alpha / sigma, which is 0 at alpha = 0: the change of alpha /
sigma over this step, as a share of twice the change over the step before. diffusers replaces alpha
= 0 by a small number, so its h_previous is large and its c is nearly 0.

Order 1 equals DDIM with eta 0 (ODE) and eta 1 (SDE). Order 2 falls back to order 1 on the first
step and on an infinite step (to sigma = 0).

References: Lu et al. 2022 (arXiv 2211.01095), equations 9 (order 1) and 12-14 (2M), and
section 5 / appendix B (SDE).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.core.transition import Transition
from yuragi.errors import InputError
from yuragi.solver.base import descending, levels

__all__ = ["DPMSolverPP"]


class _History(NamedTuple):
    """The x0 of the previous step, and the length of that step in log-SNR."""

    x0: Tensor
    h: Tensor


@dataclass(frozen=True)
class DPMSolverPP:
    """DPM-Solver++(`order`), `order` 1 or 2; it adds fresh noise if `stochastic`.

    Raises:
        InputError: the order is another; a stochastic step goes towards more noise; a step starts
            at the clean end.
    """

    order: int = 2
    stochastic: bool = False
    evaluations: ClassVar[int] = 1
    recordable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.order not in (1, 2):
            raise InputError("order", self.order, "1 or 2")

    def init(self) -> _History | None:
        return None

    def step(
        self, denoiser: Denoiser, x: Tensor, t: Tensor, s: Tensor, memory: _History | None = None
    ) -> tuple[Transition, _History]:
        level = levels(denoiser.schedule, t, s)
        x0 = denoiser(x, t)
        decay = level.decay
        h = -decay.log()
        aim = x0
        if self.order == 2 and memory is not None and bool(h.isfinite()):
            reach = h / (2 * memory.h) if bool(memory.h.isfinite()) else h.expm1() / 2
            aim = x0 + reach * (x0 - memory.x0)
        keep = level.sigma_s / level.sigma_t
        if not self.stochastic:
            mean = keep * x + (level.alpha_s - level.alpha_t * keep) * aim
            return Transition(mean, torch.zeros_like(decay)), _History(x0, h)
        fresh = 1 - descending(level, self).decay ** 2
        mean = keep * decay * x + level.alpha_s * fresh * aim
        return Transition(mean, level.sigma_s * fresh.sqrt()), _History(x0, h)
