r"""Adaptive SDE/ODE: noise only where an edit does not yet match the model.

DDIM with an eta that depends on step and place:

    eta = eta_max  need  min(1, H / h)  [ sigma / alpha > LATE ]

The need is a share at every place (`yuragi.edit.need`). h is the length of the step in log-SNR;
steps longer than H get less noise. Below LATE only fine detail is left, for which the ODE has a
smaller error.

The constants were chosen on validation portraits (holes and translations at 10 and 25 steps).

In short: noise is added while, and where, the edited state does not look like a state of the model,
because noise removes the mismatch. Elsewhere, near the end, and with few steps, the solver follows
the path or the ODE, which preserve the picture and have smaller errors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor

from yuragi.core import Denoiser, Noise, Transition
from yuragi.edit.edit import Edit, Path
from yuragi.edit.need import AgainstPrompt, BesideMask, Need, everywhere
from yuragi.solver import DDIM, Memory, Solver, levels
from yuragi.solver.base import Levels, descending

__all__ = ["MOST", "Adaptive", "where_needed"]

MOST = 1.5
"""eta_max. Above 1 the mismatch shrinks faster than with the SDE, with a loss of accuracy that the
ODE steps at the end compensate."""
LONG = 0.5
"""H: the length in log-SNR of the longest step with all of the noise."""
LATE = 0.3
"""The noise level sigma / alpha below which no noise is added."""


@dataclass(frozen=True)
class Adaptive:
    """DDIM with an amount of noise that depends on place and step.

    Args:
        eta: the largest amount of noise, eta_max.
        need: the share of it at every place.
    """

    eta: float = MOST
    need: Need = everywhere
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
        """The amount of noise, [b, 1, h, w] or 0-dim."""
        need = self.need(eps)
        if not bool(level.sigma_t > LATE * level.alpha_t):
            return 0 * need
        # A step from pure noise or to the clean end is infinitely long.
        budget = (LONG / -level.decay.log()).clamp(max=1).to(need)
        return self.eta * budget * need


def where_needed(
    edit: Edit, path: Path, mask: Tensor | None, noise: Noise
) -> tuple[Denoiser, Solver]:
    """The way down with fresh noise: inside a mask, or where a prompt pulls.

    Without a mask and guidance there is nothing to compare with, so it is the way of the SDE.
    """
    solver = edit.sampler.solver
    if not isinstance(solver, Adaptive):
        return edit.target, solver
    if mask is not None:
        return edit.target, replace(solver, need=BesideMask(mask))
    if edit.pull is not None:
        return edit.target, replace(solver, need=AgainstPrompt(edit.pull))
    return edit.target, DDIM(min(solver.eta, 1.0))
