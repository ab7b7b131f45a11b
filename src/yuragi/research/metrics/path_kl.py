r"""How far a guided denoiser is from the ideal one, along the whole path of noise levels.

By Girsanov's theorem, for the reverse SDE with denoiser D in the place of D*,

    KL(pi || samples) <= integral over d log sigma of E_{x ~ pi_sigma} |D(x) - D*(x)|^2 / sigma^2

in variance-exploding variables, sigma = noise / signal: the "path-KL", in nats. In other variables
x / alpha takes the place of x, and the integral is the same. `levels_*` fix where two denoisers
are compared and what the ideal says there; `compare` does it; many denoisers share one list.

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
    """States at one noise level, how much each counts, and what the ideal denoiser says there.

    Args:
        t: time under the schedule, 0-dim.
        noise: sigma / alpha.
        x: [n, *d].
        probability: [n], sums to 1.
        ideal: D* at x, of x's shape.
        sampled: the states are independent draws, so that a mean over them has a standard error.
    """

    t: Tensor
    noise: float
    x: Tensor
    probability: Tensor
    ideal: Tensor
    sampled: bool


@dataclass(frozen=True, eq=False)
class Errors:
    """E|D - D*|^2 per level, [l], with the variance of that mean, [l] (0 where not sampled)."""

    noise: Tensor
    square: Tensor
    variance: Tensor

    @property
    def rms(self) -> Tensor:
        """Root mean square of |D - D*|, [l]."""
        return self.square.sqrt()

    @property
    def path_kl(self) -> float:
        """The path-KL in nats, by the trapezoidal rule in log sigma."""
        return (self._weights * self.square).sum().item()

    @property
    def path_kl_stderr(self) -> float:
        """Its standard error; the levels are drawn independently."""
        return (self._weights**2 * self.variance).sum().sqrt().item()

    @property
    def _weights(self) -> Tensor:
        gaps = self.noise.log().diff() / 2
        zero = torch.zeros(1, dtype=gaps.dtype)
        return (torch.cat([gaps, zero]) + torch.cat([zero, gaps])) / self.noise**2


def log_spaced(low: float, high: float, count: int) -> Tensor:
    """Rising noise levels sigma / alpha, evenly spaced in the logarithm.

    Raises:
        InputError: not 0 < low < high, or fewer than two.
    """
    if not 0 < low < high:
        raise InputError("low", low, f"a number between 0 and {high}")
    if count < 2:
        raise InputError("count", count, "2 or more")
    ends = torch.tensor([low, high], dtype=F64).log()
    return torch.linspace(ends[0], ends[1], count, dtype=F64).exp()


def levels_at(law: Law, schedule: Schedule, times: Tensor, x: Tensor) -> list[Level]:
    """The same states [n, *d] at each of some times, all counting alike (a field on a grid)."""
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
    """`count` draws of pi_t at each level sigma / alpha of `noise` [l], rising."""
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
    """A regular grid weighted with pi_t at each level of `noise` [l]: for the line, no chance.

    Args:
        law: on the line.
        schedule: any.
        noise: levels sigma / alpha, rising.
        low: clean data below it have no probability; the grid reaches 9 sigma further.
        high: nor above it.
        count: nodes per level.
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
    """Share of states, per level, where one denoiser is strictly closer to the ideal, [l].

    Args:
        squares: its `square_errors`.
        rivals: those of the other.
        levels: where both were taken.
    """
    cells = zip(squares, rivals, levels, strict=True)
    return torch.stack(
        [level.probability @ (square < rival).to(F64) for square, rival, level in cells]
    )
