r"""EDM's stochastic sampler: before each step the state is pushed back up by fresh noise.

    t_hat = the time at which sigma / alpha is (1 + gamma) times that at t
    x_hat = the forward chain from t to t_hat, its noise scaled by s_noise
    x_s   = Heun's step from (x_hat, t_hat) to s

The noise goes through the network, so it cannot be read back from the step's two ends: the step
returns std = 0, draws from the `noise` that the solver holds, and declares itself not recordable.
Memory is the number of steps done, the key of the draw.

References: Karras et al. 2022 (arXiv 2206.00364), algorithm 2 (whose gamma is
min(S_churn / N, sqrt(2) - 1)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.core.noise import Noise
from yuragi.core.schedule import Schedule
from yuragi.core.transition import Transition, noising
from yuragi.errors import InputError
from yuragi.solver.heun import heun_mean

__all__ = ["Churn"]


@dataclass(frozen=True)
class Churn:
    """Heun with churn.

    Args:
        noise: where the noise comes from; keyed by the index of the step.
        gamma: relative rise of sigma / alpha before each step, S_churn / N; in [0, sqrt(2) - 1].
        s_min: churn only where sigma / alpha is at least this ...
        s_max: ... and at most this.
        s_noise: scale of the noise; slightly above 1 makes up for a network that removes too much.

    A rise ends at `schedule.noisiest`; at the very top there is none.

    Raises:
        InputError: gamma or s_noise out of range; a start at the clean end; a step that needs
            noise when `noise` gives none.
    """

    noise: Noise
    gamma: float = math.sqrt(2) - 1
    s_min: float = 0.0
    s_max: float = math.inf
    s_noise: float = 1.0
    order: ClassVar[int] = 2
    stochastic: ClassVar[bool] = True
    recordable: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not 0 <= self.gamma <= math.sqrt(2) - 1:
            raise InputError("gamma", self.gamma, "0 to sqrt(2) - 1")
        if not self.s_noise > 0:
            raise InputError("s_noise", self.s_noise, "a number above 0")

    def init(self) -> int:
        return 0

    def step(
        self, denoiser: Denoiser, x: Tensor, t: Tensor, s: Tensor, memory: int = 0
    ) -> tuple[Transition, int]:
        top = self._churned(denoiser.schedule, t)
        if bool(top > t):
            up = noising(denoiser.schedule, x, t, top)
            x, t = Transition(up.mean, self.s_noise * up.std).draw(self.noise(memory, x)), top
        mean = heun_mean(denoiser, x, t, s)
        return Transition(mean, torch.zeros((), dtype=torch.float64)), memory + 1

    def _churned(self, schedule: Schedule, t: Tensor) -> Tensor:
        """The time up to which the state is noised again; t itself outside [s_min, s_max]."""
        alpha, sigma = schedule(t)
        if not self.s_min <= (sigma / alpha).item() <= self.s_max:
            return t
        risen = schedule.time((alpha / sigma).log() - math.log1p(self.gamma))
        return risen.clamp(max=schedule.noisiest)
