r"""How far a guided denoiser is from the ideal one, along the whole path of noise levels.

By Girsanov's theorem, for the reverse SDE with the denoiser D instead of D*,

    KL(pi || samples) <= integral over d log sigma of E_{x ~ pi_sigma} |D(x) - D*(x)|^2 / sigma^2

in variance-exploding variables, where sigma = noise / signal. The integral is the "path-KL", in
nats. In other variables x / alpha replaces x, and the integral is the same. `levels_*` choose the
states at which denoisers are compared and evaluate the ideal one there; `compare` compares a
denoiser with it. Many denoisers can share one list of levels.

References: Song et al. 2021 (arXiv 2101.09258), theorem 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.core.schedule import Schedule
from yuragi.errors import InputError
from yuragi.research.metrics.law import Density, Law

__all__ = [
    "Errors",
    "Level",
    "compare",
    "levels_at",
    "levels_by_quadrature",
    "levels_by_sampling",
    "log_spaced",
    "square_errors",
    "win_ratio",
]

F64 = torch.float64


@dataclass(frozen=True, eq=False)
class Level:
    """States at one noise level, their probabilities, and the output of the ideal denoiser.

    Args:
        t: the time under the schedule, 0-dim.
        noise: the noise level sigma / alpha.
        x: the states [n, *d].
        probability: the probability of each state, [n], which sums to 1.
        ideal: D* at x, in the shape of x.
        sampled: whether the states are independent draws, so that a mean over them has a standard
            error.
    """

    t: Tensor
    noise: float
    x: Tensor
    probability: Tensor
    ideal: Tensor
    sampled: bool


@dataclass(frozen=True, eq=False)
class Errors:
    """E|D - D*|^2 per level, [l], and the variance of that mean, [l] (0 if not sampled)."""

    noise: Tensor
    square: Tensor
    variance: Tensor

    @property
    def rms(self) -> Tensor:
        """The root mean square of |D - D*|, [l]."""
        return self.square.sqrt()

    @property
    def path_kl(self) -> float:
        """The path-KL in nats, by the trapezoidal rule in log sigma."""
        return (self._weights * self.square).sum().item()

    @property
    def path_kl_stderr(self) -> float:
        """The standard error of the path-KL; the levels are drawn independently."""
        return (self._weights**2 * self.variance).sum().sqrt().item()

    @property
    def _weights(self) -> Tensor:
        gaps = self.noise.log().diff() / 2
        zero = torch.zeros(1, dtype=gaps.dtype)
        return (torch.cat([gaps, zero]) + torch.cat([zero, gaps])) / self.noise**2


def log_spaced(low: float, high: float, count: int) -> Tensor:
    """Increasing noise levels sigma / alpha, evenly spaced in the logarithm.

    Raises:
        InputError: 0 < low < high does not hold, or count is below 2.
    """
    if not 0 < low < high:
        raise InputError("low", low, f"a number between 0 and {high}")
    if count < 2:
        raise InputError("count", count, "2 or more")
    ends = torch.tensor([low, high], dtype=F64).log()
    return torch.linspace(ends[0], ends[1], count, dtype=F64).exp()


def levels_at(law: Law, schedule: Schedule, times: Tensor, x: Tensor) -> list[Level]:
    """The same states [n, *d] at each time, with equal probabilities (a field on a grid)."""
    probability = torch.full((len(x),), 1 / len(x), dtype=F64)
    levels = []
    for t in times:
        alpha, sigma = schedule(t)
        ideal = law.x0(x, alpha, sigma)
        levels.append(Level(t, (sigma / alpha).item(), x, probability, ideal, False))
    return levels


def levels_by_sampling(
    law: Law, schedule: Schedule, noise: Tensor, count: int, generator: torch.Generator
) -> list[Level]:
    """`count` draws of pi_t at each of the increasing levels sigma / alpha in `noise` [l]."""
    probability = torch.full((count,), 1 / count, dtype=F64)
    levels = []
    for level in noise:
        t = schedule.time(-level.log())
        alpha, sigma = schedule(t)
        x = law.sample(count, alpha, sigma, generator)
        ideal = law.x0(x, alpha, sigma)
        levels.append(Level(t, level.item(), x, probability, ideal, True))
    return levels


def levels_by_quadrature(
    law: Density, schedule: Schedule, noise: Tensor, low: float, high: float, count: int
) -> list[Level]:
    """A regular grid weighted with pi_t at each level of `noise` [l]: deterministic, for the line.

    Args:
        law: the law, on the line.
        schedule: the schedule, of any kind.
        noise: the increasing levels sigma / alpha.
        low: the lower end of the support of clean data; the grid extends 9 sigma beyond it.
        high: the upper end of the support of clean data; the grid extends 9 sigma beyond it.
        count: the number of nodes per level.
    """
    levels = []
    for level in noise:
        t = schedule.time(-level.log())
        alpha, sigma = schedule(t)
        ends = [alpha * low - 9 * sigma, alpha * high + 9 * sigma]
        x = torch.linspace(ends[0], ends[1], count, dtype=F64)[:, None]
        probability = law.log_prob(x, alpha, sigma).softmax(0)
        near = probability > 1e-18
        ideal = law.x0(x[near], alpha, sigma)
        levels.append(Level(t, level.item(), x[near], probability[near], ideal, False))
    return levels


def compare(denoiser: Denoiser, levels: Sequence[Level]) -> Errors:
    """E|D - D*|^2 of a denoiser at each level."""
    square, variance = [], []
    for level, error in zip(levels, square_errors(denoiser, levels), strict=True):
        mean = level.probability @ error
        square.append(mean)
        spread = level.probability @ (error - mean) ** 2
        variance.append(spread / (len(error) - 1) if level.sampled else torch.zeros_like(mean))
    noise = torch.tensor([level.noise for level in levels], dtype=F64)
    return Errors(noise, torch.stack(square), torch.stack(variance))


def square_errors(denoiser: Denoiser, levels: Sequence[Level]) -> list[Tensor]:
    """|D - D*|^2 at every state, [n] per level."""
    with torch.no_grad():
        return [
            ((denoiser(level.x, level.t) - level.ideal) ** 2).flatten(1).sum(-1) for level in levels
        ]


def win_ratio(
    squares: Sequence[Tensor], rivals: Sequence[Tensor], levels: Sequence[Level]
) -> Tensor:
    """The share of states, per level, at which one denoiser is closer to the ideal one, [l].

    Args:
        squares: the `square_errors` of this denoiser.
        rivals: the `square_errors` of the other denoiser.
        levels: the levels at which both were computed.
    """
    cells = zip(squares, rivals, levels, strict=True)
    return torch.stack(
        [level.probability @ (square < rival).to(F64) for square, rival, level in cells]
    )
