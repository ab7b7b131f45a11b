r"""How far an edited law is from the data's, and how noise reduces this: exact for Gaussian data.

Let p be the law of x_t under the model and p~ the law of an edited state, both propagated by the
same sampler. With eta times the noise of the reverse SDE,

    d KL(p~ | p) = - eta^2 sigma^2 F d log-SNR,    F = E_p~ |grad log p~ - grad log p|^2

eta = 0 (the ODE) leaves KL unchanged, and noise reduces it. For p = N(m, v) and p~ = N(m~, v~), let
delta = (m~ - m) / sqrt(v) and R = v~ / v. From t to s, delta and R - 1 shrink with the correlation
rho = corr(x_s, x_t) of the forward chain:

    delta_s = c delta_t,    R_s - 1 = c^2 (R_t - 1),    c = rho^(eta^2)

rho is also the share of an edit that remains: the forgetting rate of a direction with variance s^2
is rho(t0), taken between t0 and the clean end.

`Line` does the same on a grid for any law on the line: `push` propagates densities through the
Gaussian kernel of one solver step.

References: Nie et al. 2024 (arXiv 2311.01410), theorems 3.1 to 3.3; the closed form follows from
its equation 4 with a Gaussian score.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.core.schedule import Schedule
from yuragi.errors import InputError

__all__ = ["Line", "Mismatch", "correlation"]


def correlation(schedule: Schedule, variance: float, s: Tensor, t: Tensor) -> Tensor:
    """The correlation of x_s and x_t under the forward chain of data with this variance, 0 to 1.

    Args:
        schedule: the schedule, of any kind.
        variance: the variance of the data along the direction in question, above 0.
        s: the less noisy time.
        t: the noisier time.
    """
    if not variance > 0:
        raise InputError("variance", variance, "a number above 0")
    (alpha_s, sigma_s), (alpha_t, sigma_t) = schedule(s), schedule(t)
    total_s = alpha_s**2 * variance + sigma_s**2
    total_t = alpha_t**2 * variance + sigma_t**2
    return alpha_t / alpha_s * (total_s / total_t).sqrt()


@dataclass(frozen=True)
class Mismatch:
    """The mismatch of a Gaussian law N(m~, v~) with another one N(m, v), on the line.

    Args:
        delta: (m~ - m) / sqrt(v).
        ratio: R = v~ / v, above 0.
    """

    delta: float
    ratio: float

    @property
    def kl(self) -> float:
        """KL(p~ | p) = (R - 1 - ln R + delta^2) / 2, in nats."""
        # Use log1p, because the first terms cancel near R = 1.
        excess = self.ratio - 1
        return (excess - math.log1p(excess) + self.delta**2) / 2

    def fisher(self, variance: float) -> float:
        """E_p~ |grad log p~ - grad log p|^2 if p has this variance."""
        return (self.ratio - 1) ** 2 / (self.ratio * variance) + self.delta**2 / variance

    def carried(self, correlation: float, eta: float) -> Mismatch:
        """The mismatch after exact sampling with noise eta between levels with this correlation."""
        c = correlation ** (eta**2)
        return Mismatch(c * self.delta, 1 + c**2 * (self.ratio - 1))


@dataclass(frozen=True, eq=False)
class Line:
    """Densities on a regular grid.

    Args:
        points: the increasing, evenly spaced points [n], float64.
    """

    points: Tensor

    @property
    def gap(self) -> float:
        """The distance between neighbouring points."""
        return (self.points[1] - self.points[0]).item()

    def density(self, values: Tensor) -> Tensor:
        """Positive values [..., n], normalised to a density."""
        return values / (values.sum(-1, keepdim=True) * self.gap)

    def kl(self, p: Tensor, q: Tensor) -> float:
        """KL(p | q) in nats, for densities [n]."""
        terms = torch.where(p > 1e-300, p * (p / q.clamp(min=1e-300)).log(), 0.0)
        return terms.sum().item() * self.gap

    def fisher(self, p: Tensor, q: Tensor) -> float:
        """E_p |grad log p - grad log q|^2, by central differences where p has its mass."""
        ratio = p.clamp(min=1e-300).log() - q.clamp(min=1e-300).log()
        slope = (ratio[2:] - ratio[:-2]) / (2 * self.gap)
        inner = p[1:-1]
        return torch.where(inner > 1e-12, inner * slope**2, 0.0).sum().item() * self.gap

    def push(self, laws: Tensor, mean: Tensor, std: float) -> Tensor:
        """Densities [k, n] after the kernel N(mean(point), std^2).

        Args:
            laws: the densities.
            mean: the centre of each point's kernel, [n].
            std: the width of the kernels; it is raised to 0.35 times the gap of the grid if it is
                smaller, so that no kernel falls between points.
        """
        std = max(std, 0.35 * self.gap)
        reach = math.ceil(7 * std / self.gap)
        centre = ((mean - self.points[0]) / self.gap).round().long()
        columns = centre[:, None] + torch.arange(-reach, reach + 1)
        place = self.points[0] + columns * self.gap
        kernel = torch.exp(-0.5 * ((place - mean[:, None]) / std) ** 2)
        kernel = kernel * ((columns >= 0) & (columns < len(self.points)))
        kernel = kernel / kernel.sum(1, keepdim=True).clamp(min=1e-300)
        flat = columns.clamp(0, len(self.points) - 1).flatten()
        return torch.stack(
            [
                torch.zeros_like(law).index_add(0, flat, (kernel * law[:, None]).flatten())
                for law in laws
            ]
        )
