r"""DDIM inversion: ascend the probability-flow ODE from an image towards noise.

From s up to t the reversed step would read the network at (x_s, s); at the clean end that is
0 / 0, because a clean state does not determine its noise. So the network is evaluated at the
*target* time, as diffusers' inverse scheduler does, and its output is held fixed over the step:

    out = the network's output at (x_s, t)
    x_t = alpha_t x0(out, x_s; s) + sigma_t eps(out, x_s; s)

What "its output" is depends on the parameterisation, and the choice changes the result at the
order of the step; `held` selects it. The default is the velocity eps - x_0 of a flow, whatever the
model predicts, because it reconstructs pictures best (see `docs/solvers.md`). Use `epsilon` for
DDIM's own inversion, and the prediction of the model for parity with diffusers.

References: Song et al. 2021 (arXiv 2010.02502), section 4.3; Mokady et al. 2023 (arXiv
2211.09794), equation 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.core.prediction import Direct, epsilon, flow, v_prediction
from yuragi.core.transition import Transition
from yuragi.errors import InputError
from yuragi.solver.base import Memory

__all__ = ["DDIMInversion"]

HELD = (epsilon.name, v_prediction.name, flow.name)
"""The outputs that determine eps at every level. x_0 does not at the clean end, where sigma = 0."""


@dataclass(frozen=True)
class DDIMInversion:
    """One step up the ODE. Times must rise; the first may be the clean end.

    It is not recordable: it only ascends, so it cannot retrace a path down.

    Args:
        held: the output that is constant over the step: `epsilon`, `v_prediction` or `flow`.

    Raises:
        InputError: `held` is another output, from which a clean state cannot be left; the target is
            not noisier than the start.
    """

    held: Direct = flow
    order: ClassVar[int] = 1
    stochastic: ClassVar[bool] = False
    evaluations: ClassVar[int] = 1
    recordable: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.held.name not in HELD:
            raise InputError("held", self.held.name, "one of " + ", ".join(HELD))

    def init(self) -> None:
        return None

    def step(
        self, denoiser: Denoiser, x: Tensor, t: Tensor, s: Tensor, memory: Memory = None
    ) -> tuple[Transition, None]:
        if not bool(s > t):
            raise InputError("times", (t.item(), s.item()), "rising times for DDIMInversion")
        here, target = denoiser.schedule(t), denoiser.schedule(s)
        alpha, sigma = target
        x0 = denoiser(x, s)
        out = self.held.target(x0, (x - alpha * x0) / sigma, alpha, sigma)
        mean = alpha * self.held.x0(out, x, *here) + sigma * self.held.eps(out, x, *here)
        return Transition(mean, torch.zeros_like(sigma)), None
