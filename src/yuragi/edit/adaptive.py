r"""Adaptive SDE/ODE: noise only where an edit does not yet match the model.

DDIM with an eta that depends on step and place:

    eta = eta_max  min(1, u / U)  min(1, H / h)  [ sigma / alpha > LATE ]

u is the mismatch score (`yuragi.edit.mismatch`). The reference is the state of the path if the way
down follows one, otherwise the part outside the mask; with neither, the way down is that of the
SDE. A path has the same noise, so u is exact there. Compared with the mean outside a mask, u
scatters by more than U, so a hole gets nearly all of the noise. h is the length of the step in
log-SNR; steps longer than H get less noise. Below LATE only fine detail is left, for which the ODE
has a smaller error.

The constants were chosen on validation portraits (holes and translations at 10 and 25 steps).

In short: noise is added while, and where, the edited state does not look like a state of the model,
because noise removes the mismatch. Elsewhere, near the end, and with few steps, the solver follows
the path or the ODE, which preserve the picture and have smaller errors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from yuragi.core import Denoiser, Noise, Transition
from yuragi.edit.edit import Edit, Path
from yuragi.edit.mismatch import mismatch, outside, places
from yuragi.solver import DDIM, Memory, Solver, levels
from yuragi.solver.base import Levels, descending

__all__ = ["MOST", "Adaptive", "masked"]

MOST = 1.5
"""eta_max. Above 1 the mismatch shrinks faster than with the SDE, with a loss of accuracy that the
ODE steps at the end compensate."""
ENOUGH = 0.1
"""U: the mismatch from which all of the noise is added."""
LONG = 0.5
"""H: the length in log-SNR of the longest step with all of the noise."""
LATE = 0.3
"""The noise level sigma / alpha below which no noise is added."""


@dataclass(frozen=True)
class Adaptive:
    """DDIM with an amount of noise that depends on place and step.

    Args:
        eta: the largest amount of noise, eta_max.
        mask: the mask [1 or b, 1, h, w], 1 inside the edit; None for everywhere.
        paired: whether the batch consists of edited states followed by as many references.
    """

    eta: float = MOST
    mask: Tensor | None = None
    paired: bool = False
    order: ClassVar[int] = 1
    evaluations: ClassVar[int] = 1
    stochastic: ClassVar[bool] = True
    recordable: ClassVar[bool] = True

    def init(self) -> None:
        return None

    def step(
        self, denoiser: Denoiser, x: Tensor, t: Tensor, s: Tensor, memory: Memory = None
    ) -> tuple[Transition, None]:
        level = descending(levels(denoiser.schedule, t, s), self)
        x0 = denoiser(x, t)
        eps = level.eps(x, x0)
        fresh = (1 - level.decay**2).sqrt().to(x)
        share = (self._eta(eps, level) * fresh).clamp(max=1)
        mean = level.alpha_s * x0 + level.sigma_s * (1 - share**2).sqrt() * eps
        return Transition(mean, level.sigma_s.to(x) * share), None

    def _eta(self, eps: Tensor, level: Levels) -> Tensor:
        """The amount of noise [b, 1, h, w], or 0-dim if there is nothing to compare with."""
        one = torch.ones((), dtype=eps.dtype, device=eps.device)
        if not bool(level.sigma_t > LATE * level.alpha_t):
            return 0 * one
        # A step from pure noise or to the clean end is infinitely long.
        budget = (LONG / -level.decay.log()).clamp(max=1).to(one)
        return self.eta * budget * self._need(eps, one)

    def _need(self, eps: Tensor, one: Tensor) -> Tensor:
        if self.paired:
            edited, reference = eps.chunk(2)
            need = mismatch(places(edited), places(reference)) / ENOUGH
            return need.clamp(max=1).repeat(2, 1, 1, 1)
        if self.mask is None:
            return one
        need = mismatch(places(eps), outside(eps, self.mask)) / ENOUGH
        return need.clamp(max=1) * self.mask.to(eps)


def masked(edit: Edit, path: Path, mask: Tensor | None, noise: Noise) -> tuple[Denoiser, Solver]:
    """The way down with fresh noise, for an adaptive solver inside the edit's mask.

    Without a mask there is nothing to compare with, and the way down is that of the SDE.
    """
    solver = edit.sampler.solver
    if not isinstance(solver, Adaptive):
        return edit.target, solver
    return edit.target, DDIM(min(solver.eta, 1.0)) if mask is None else replace(solver, mask=mask)
