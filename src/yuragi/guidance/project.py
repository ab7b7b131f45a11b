r"""Wrappers that reshape the guidance direction of any gain.

- `Projected` (APG): less of the part along x0, which saturates colours; a bound on the length; a
  running average over steps. Sadat et al. 2025 (arXiv 2410.02416), section 4, in x0 as there.
- `Rescaled`: the guided x0 is rescaled to the standard deviation of the strong one. Lin et al. 2024
  (arXiv 2305.08891), section 3.4, equations 15 and 16, here in x0, so that all parametrisations
  agree.
- `ZeroStar` (CFG-Zero*): the weak velocity is scaled to fit the strong one, and the velocity is
  zero in the first steps. Fan et al. 2025 (arXiv 2503.18886), algorithm 1. The velocity is the
  rectified flow's, u = eps - x_0, under every schedule.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.core.prediction import flow
from yuragi.errors import InputError
from yuragi.guidance.gain import Cost, Gain, Guidance, plain, rows
from yuragi.guidance.memory import TrajectoryMemory

__all__ = ["Projected", "Rescaled", "ZeroStar"]


@dataclass(frozen=True)
class Projected:
    """Adaptive projected guidance.

    Args:
        gain: the gain that makes the direction.
        parallel: the share of the part along x0 that is kept (eta in the paper), 0 to 1.
        norm: the largest norm of the direction, per sample; None for no bound.
        momentum: the momentum of the running average of directions, in (-1, 1); the paper
            recommends negative values.

    Raises:
        InputError: a value is out of range.
    """

    gain: Gain = plain
    parallel: float = 0.0
    norm: float | None = None
    momentum: float = 0.0
    _average: TrajectoryMemory[Tensor] = field(
        default_factory=TrajectoryMemory, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if not 0 <= self.parallel <= 1:
            raise InputError("parallel", self.parallel, "0 to 1")
        if self.norm is not None and not self.norm > 0:
            raise InputError("norm", self.norm, "a number above 0, or None")
        if not -1 < self.momentum < 1:
            raise InputError("momentum", self.momentum, "above -1 and below 1")

    @property
    def cost(self) -> Cost:
        return self.gain.cost

    def __call__(
        self, strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor, weight: Tensor
    ) -> Guidance:
        guidance = self.gain(strong, weak, x, t, weight)
        direction = guidance.direction
        if self.momentum:
            alpha, sigma = strong.schedule(t)
            before = self._average.recall(x, sigma / alpha)
            direction = direction if before is None else direction + self.momentum * before
            self._average.keep(x, sigma / alpha, direction)
        if self.norm is not None:
            length = rows(direction.flatten(1).norm(dim=1), x)
            direction = direction * (self.norm / length).clamp(max=1)
        along = _along(direction, guidance.x0)
        return guidance.turned(direction - (1 - self.parallel) * along)


@dataclass(frozen=True)
class Rescaled:
    """Guidance whose x0 is partly rescaled to the standard deviation of the strong denoiser's x0.

    Args:
        gain: the gain that makes the direction.
        share: the share of the rescaled x0 in the result (phi in the paper), 0 to 1.

    Raises:
        InputError: the share is out of range.
    """

    gain: Gain = plain
    share: float = 0.7

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InputError("share", self.share, "0 to 1")

    @property
    def cost(self) -> Cost:
        return self.gain.cost

    def __call__(
        self, strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor, weight: Tensor
    ) -> Guidance:
        guidance = self.gain(strong, weak, x, t, weight)
        guided = guidance.x0 + weight.to(x) * guidance.direction
        ratio = _spread(guidance.x0) / _spread(guided)
        mixed = guided * (self.share * ratio + 1 - self.share)
        return guidance.turned((mixed - guidance.x0) / weight.to(x))


@dataclass(frozen=True)
class ZeroStar:
    """CFG-Zero*: the weak side scaled by <u_c, u_u> / |u_u|^2, and zero velocity at the start.

    Args:
        gain: the gain that makes the factor of the direction.
        still_above: the sigma / alpha above which the velocity is zero; infinite for never. The
            paper uses zero velocity in the first 4 % of the steps, or 2 % with few steps.

    Raises:
        InputError: still_above is not above 0.
    """

    gain: Gain = plain
    still_above: float = float("inf")

    def __post_init__(self) -> None:
        if not self.still_above > 0:
            raise InputError("still_above", self.still_above, "a number above 0")

    @property
    def cost(self) -> Cost:
        return self.gain.cost

    def __call__(
        self, strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor, weight: Tensor
    ) -> Guidance:
        guidance = self.gain(strong, weak, x, t, weight)
        alpha, sigma = strong.schedule(t)
        if bool(sigma > self.still_above * alpha):
            still = flow.x0(torch.zeros_like(x), x, alpha, sigma).to(x)
            return guidance.turned((still - guidance.x0) / weight.to(x))
        x0, x0_weak = guidance.x0, guidance.x0 - guidance.difference
        strong_u, weak_u = (_velocity(value, x, alpha, sigma) for value in (x0, x0_weak))
        square = weak_u.flatten(1).square().sum(1).clamp(min=torch.finfo(x.dtype).tiny)
        fit = rows((strong_u * weak_u).flatten(1).sum(1) / square, x)
        fitted = flow.x0(fit * weak_u, x, alpha, sigma).to(x)
        factor, _ = guidance.needed_factor("ZeroStar")(weight)
        return guidance.turned(factor.to(x) * (x0 - fitted))


def _velocity(x0: Tensor, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    return ((x - (alpha + sigma) * x0) / sigma).to(x)


def _along(direction: Tensor, axis: Tensor) -> Tensor:
    """The part of every sample's direction along an axis."""
    square = axis.flatten(1).square().sum(1).clamp(min=torch.finfo(axis.dtype).tiny)
    return rows((direction * axis).flatten(1).sum(1) / square, axis) * axis


def _spread(x: Tensor) -> Tensor:
    return rows(x.flatten(1).std(dim=1), x)
