r"""EDM's stochastic sampler: before each step the state is pushed back up by fresh noise.

    gamma = min(s_churn / steps, sqrt(2) - 1)  where s_min <= sigma / alpha <= s_max, else 0
    t_hat = the time at which sigma / alpha is (1 + gamma) times that at t
    x_hat = the forward chain from t to t_hat, its noise scaled by s_noise
    x_s   = Heun's step from (x_hat, t_hat) to s

The noise goes through the network, so it cannot be read back from the step's two ends: the step
returns std = 0, draws from the `noise` that the solver holds, and declares itself not recordable.
The memory is the number of steps done, which is the key of the draw.

Because gamma falls as 1 / steps, the noise of a whole run stays bounded and the distribution
converges with Heun's order. This holds from `steps` = s_churn / (sqrt(2) - 1) on; with fewer steps
gamma is at its bound and does not fall. If s_noise is not 1, the limit is not the distribution of
the data.

References: Karras et al. 2022 (arXiv 2206.00364), algorithm 2 and table 5.
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

MOST = math.sqrt(2) - 1
"""The largest gamma, with which the variance of the noise doubles."""


@dataclass(frozen=True)
class Churn:
    """Heun with churn.

    Args:
        noise: the source of noise, keyed by the index of the step.
        steps: the number of steps of the whole grid from pure noise, even if a run starts inside
            it.
        s_churn: the amount of noise that a run adds, divided among its steps; 0 is Heun's method.
        s_min: the lowest sigma / alpha at which noise is added.
        s_max: the highest sigma / alpha at which noise is added.
        s_noise: the scale of the noise. A value slightly above 1 compensates for a network that
            removes too much.

    Noise is added up to `schedule.noisiest` at most, and none at that level itself.

    Raises:
        InputError: a value is out of range; a step starts at the clean end; a step needs noise and
            `noise` gives none.
    """

    noise: Noise
    steps: int
    s_churn: float = 10.0
    s_min: float = 0.05
    s_max: float = 50.0
    s_noise: float = 1.0
    order: ClassVar[int] = 2
    stochastic: ClassVar[bool] = True
    evaluations: ClassVar[int] = 2
    recordable: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.steps >= 1:
            raise InputError("steps", self.steps, "1 or more")
        if not 0 <= self.s_churn < math.inf:
            raise InputError("s_churn", self.s_churn, "a finite number, 0 or above")
        if not 0 <= self.s_min <= self.s_max:
            raise InputError("s_min", self.s_min, f"0 to s_max, {self.s_max:g}")
        if not 0 < self.s_noise < math.inf:
            raise InputError("s_noise", self.s_noise, "a finite number above 0")

    @property
    def gamma(self) -> float:
        """Relative rise of sigma / alpha before a step within [s_min, s_max]."""
        return min(self.s_churn / self.steps, MOST)

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
        """The time up to which noise is added again; t itself where none is added."""
        alpha, sigma = schedule(t)
        if self.gamma == 0 or not self.s_min <= (sigma / alpha).item() <= self.s_max:
            return t  # converting to log-SNR and back could raise it by rounding
        risen = schedule.time((alpha / sigma).log() - math.log1p(self.gamma))
        return risen.clamp(max=schedule.noisiest)
