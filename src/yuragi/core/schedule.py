r"""Noise schedules: how much signal and how much noise a state holds at time t.

    x_t = alpha(t) x_0 + sigma(t) eps,    eps ~ N(0, I),    log_snr = log(alpha / sigma)

Contract of every schedule: `t` grows with the noise; at `clean` sigma is exactly 0; log_snr falls
strictly with t; `time` inverts it. Everything is computed and returned in float64 on t's device.
Scalars are 0-dim, so a float32 state stays float32 when it is multiplied by a scalar. A schedule
returns the pair rather than sigma / alpha, because the pair stays finite where alpha = 0 (rectified
flow at t = 1, a table with zero terminal SNR).

The discrete table of DDPM models is in `yuragi.core.table`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from yuragi.errors import InputError

__all__ = ["EDMSchedule", "FlowSchedule", "Schedule", "VPSchedule"]


class Schedule(Protocol):
    """`t -> (alpha, sigma)`, with its inverse in log-SNR and the ends of its time axis."""

    @property
    def clean(self) -> float:
        """The time at which sigma = 0: data without noise."""

    @property
    def faintest(self) -> float:
        """The least noisy time that a network is meant to read; just above `clean`."""

    @property
    def noisiest(self) -> float:
        """The largest time: sampling starts here."""

    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return (alpha, sigma), each of t's shape, float64."""

    def time(self, log_snr: Tensor) -> Tensor:
        """Return the time at which log(alpha / sigma) = `log_snr`.

        Levels beyond an end of the time axis give that end: +inf gives `clean`, and every level
        noisier than `noisiest`, including -inf, gives `noisiest`.
        """


@dataclass(frozen=True)
class VPSchedule:
    """Variance preserving with linear beta, t in [0, noisiest]: alpha^2 + sigma^2 = 1.

        log alpha = -t^2 (beta_max - beta_min) / 4 - t beta_min / 2

    A network that knows fewer levels has its own `faintest` and `noisiest`, at most 1.

    References: Song et al. 2021 (arXiv 2011.13456), equation 33.
    """

    beta_min: float = 0.1
    beta_max: float = 20.0
    faintest: float = 1e-3
    noisiest: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.beta_min <= self.beta_max:
            raise InputError("beta_min", self.beta_min, f"0 < beta_min <= {self.beta_max}")
        if not 0 < self.faintest < self.noisiest <= 1:
            ends = (self.faintest, self.noisiest)
            raise InputError("(faintest, noisiest)", ends, "0 < faintest < noisiest <= 1")

    @property
    def clean(self) -> float:
        return 0.0

    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        t = torch.as_tensor(t, dtype=torch.float64)
        log_alpha = -(t**2) * (self.beta_max - self.beta_min) / 4 - t * self.beta_min / 2
        return log_alpha.exp(), (-torch.expm1(2 * log_alpha)).sqrt()

    def time(self, log_snr: Tensor) -> Tensor:
        log_snr = torch.as_tensor(log_snr, dtype=torch.float64)
        square, linear = (self.beta_max - self.beta_min) / 4, self.beta_min / 2
        minus_log_alpha = torch.logaddexp(torch.zeros_like(log_snr), -2 * log_snr) / 2
        # The root of square t^2 + linear t = -log alpha, in the form without cancellation.
        root = (linear**2 + 4 * square * minus_log_alpha).sqrt()
        time = (2 * minus_log_alpha / (linear + root)).clamp(max=self.noisiest)  # rounding errors
        most = square * self.noisiest**2 + linear * self.noisiest
        return torch.where(minus_log_alpha < most, time, self.noisiest)


@dataclass(frozen=True)
class EDMSchedule:
    """Variance exploding, time = noise level: alpha = 1, sigma = t, t in [0, sigma_max].

    References: Karras et al. 2022 (arXiv 2206.00364), table 1.
    """

    sigma_min: float = 0.002
    sigma_max: float = 80.0

    def __post_init__(self) -> None:
        if not 0 < self.sigma_min < self.sigma_max:
            raise InputError("sigma_min", self.sigma_min, f"0 < sigma_min < {self.sigma_max}")

    @property
    def clean(self) -> float:
        return 0.0

    @property
    def faintest(self) -> float:
        return self.sigma_min

    @property
    def noisiest(self) -> float:
        return self.sigma_max

    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        sigma = torch.as_tensor(t, dtype=torch.float64)
        return torch.ones_like(sigma), sigma

    def time(self, log_snr: Tensor) -> Tensor:
        sigma = torch.exp(-torch.as_tensor(log_snr, dtype=torch.float64))
        return sigma.clamp(max=self.sigma_max)


@dataclass(frozen=True)
class FlowSchedule:
    """Rectified flow: alpha = 1 - sigma, sigma = shift t / (1 + (shift - 1) t), t in [0, 1].

    `shift` > 1 spends more of the time axis at high noise. alpha = 0 at t = 1.

    References: Liu et al. 2023 (arXiv 2209.03003), equation 1; Esser et al. 2024
    (arXiv 2403.03206), equation 23 (shift).
    """

    shift: float = 1.0

    def __post_init__(self) -> None:
        if not self.shift > 0:
            raise InputError("shift", self.shift, "a number above 0")

    @property
    def clean(self) -> float:
        return 0.0

    @property
    def faintest(self) -> float:
        return 1e-3

    @property
    def noisiest(self) -> float:
        return 1.0

    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        t = torch.as_tensor(t, dtype=torch.float64)
        scale = 1 + (self.shift - 1) * t
        return (1 - t) / scale, self.shift * t / scale

    def time(self, log_snr: Tensor) -> Tensor:
        sigma = torch.sigmoid(-torch.as_tensor(log_snr, dtype=torch.float64))
        return (sigma / (self.shift - (self.shift - 1) * sigma)).clamp(max=self.noisiest)
