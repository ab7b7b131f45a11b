r"""Gains: what multiplies the guidance direction.

    x0 = x0_strong + w F (x0_strong - x0_weak)

A gain evaluates the two denoisers itself, because a good factor needs more than their two values,
and because all states that are known in advance should go through the network as one batch. It
returns a `Guidance`. Gains are combined by wrapping: a wrapper is a gain that calls another one.

`plain` is classifier-free guidance as published: F = 1. `Scheduled` reads F from a table.

Some gains remember something from step to step. Such an object serves one trajectory at a time; it
resets itself when the shape changes or the noise rises again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeAlias

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.errors import InputError
from yuragi.guidance.evaluate import evaluate_pair

__all__ = [
    "Cost",
    "Factor",
    "Gain",
    "Guidance",
    "Plain",
    "Reading",
    "Scheduled",
    "fixed",
    "gaussian_factor",
    "plain",
    "rows",
    "scaled",
]


class Cost(NamedTuple):
    """The average cost of a guided step when both sides share a network.

    Attributes:
        evaluations: network evaluations per sample.
        passes: network passes that must follow one another.
        reverse: reverse products (backward passes) per sample.
    """

    evaluations: float
    passes: float
    reverse: float = 0.0

    def __add__(self, other: object) -> Cost:
        if not isinstance(other, Cost):
            return NotImplemented
        return Cost(*(a + b for a, b in zip(self, other, strict=True)))

    def spread(self, steps: int) -> Cost:
        """The cost if the part above plain guidance is paid once in `steps` steps."""
        base = Plain.cost
        return Cost(*(b + (a - b) / steps for a, b in zip(self, base, strict=True)))


class Reading(NamedTuple):
    """The measurements of a gain along the guidance direction; each [b].

    Attributes:
        rho: the slope of the weak denoiser divided by that of the strong one; NaN where it is below
            the rounding error.
        slope: j_c, alpha times the slope of the strong denoiser; NaN where it is below the rounding
            error or was not measured.
        factor: f, the factor that follows from the two slopes, at most 1; 1 where none was
            measured.
    """

    rho: Tensor
    slope: Tensor
    factor: Tensor

    @property
    def bounded(self) -> Tensor:
        """Whether the exact factor is above 1, so that 1 is used instead, [b]."""
        return self.rho < 1


Factor: TypeAlias = Callable[[Tensor], tuple[Tensor, Reading | None]]
"""`weight -> (factor, reading)`; the factor broadcasts over the state."""


@dataclass(frozen=True)
class Guidance:
    """The result of a gain at one state.

    Attributes:
        x0: the value of the strong denoiser [b, *d].
        difference: x0 minus the value of the weak denoiser [b, *d].
        direction: the vector that the weight multiplies [b, *d].
        factor: function weight -> (direction / difference, reading); None if the gain is not a
            factor, or if a wrapper has changed the direction.
        reading: the slopes, if the gain measured them.
    """

    x0: Tensor
    difference: Tensor
    direction: Tensor
    factor: Factor | None
    reading: Reading | None = None

    def turned(self, direction: Tensor) -> Guidance:
        """A copy with another direction, which is no longer a factor of the difference."""
        return replace(self, direction=direction, factor=None)

    def needed_factor(self, wrapper: str) -> Factor:
        """The factor.

        Raises:
            InputError: the gain is not a factor, and `wrapper` needs one.
        """
        if self.factor is None:
            allowed = "a gain that is a factor; put other wrappers outside"
            raise InputError("gain", f"turned inside {wrapper}", allowed)
        return self.factor


class Gain(Protocol):
    """`(strong, weak, x, t, weight) -> Guidance`."""

    @property
    def cost(self) -> Cost:
        """What one guided step costs."""

    def __call__(
        self, strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor, weight: Tensor, /
    ) -> Guidance:
        """Evaluate both denoisers at x [b, *d] and time t; the weight is w = scale - 1."""


def scaled(x0: Tensor, x0_weak: Tensor, factor: Factor, weight: Tensor) -> Guidance:
    """Guidance whose direction is a factor times the difference."""
    difference = x0 - x0_weak
    value, reading = factor(weight)
    return Guidance(x0, difference, value.to(x0.dtype) * difference, factor, reading)


def fixed(value: Tensor) -> Factor:
    """A factor that does not depend on the weight and measures no slopes."""
    return lambda weight: (value, None)


def gaussian_factor(rho: Tensor, weight: Tensor) -> Tensor:
    """F = 1 / (1 + (1 + w) max(rho - 1, 0)): exact along the guidance direction of Gaussians.

    For rho < 1 it is 1 instead; `yuragi.guidance.ratio` explains why.
    """
    return 1 / (1 + (1 + weight) * (rho - 1).clamp(min=0))


def rows(values: Tensor, like: Tensor) -> Tensor:
    """[b] as [b, 1, ...], to multiply a state of as many dimensions as `like`."""
    return values.reshape(-1, *[1] * (like.ndim - 1))


@dataclass(frozen=True)
class Plain:
    """F = 1: guidance as published. Ho & Salimans 2022 (arXiv 2207.12598), equation 6."""

    cost = Cost(2, 1)

    def __call__(
        self, strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor, weight: Tensor
    ) -> Guidance:
        x0, x0_weak = evaluate_pair(strong, weak, x, t)
        return scaled(x0, x0_weak, fixed(x0.new_ones(())), weight)


plain = Plain()


@dataclass(frozen=True)
class Scheduled:
    """F from a table over noise levels, which costs nothing during sampling.

    It is linear in log(sigma / alpha) between the entries and constant beyond them.

    Args:
        levels: the rising noise levels sigma / alpha, [k], k >= 2.
        rho: the MMSE ratio of the weak and the strong denoiser at each level, [k]: mean squared
            error of the weak one over that of the strong one, on noised data. It estimates the
            ratio of their posterior variances, hence of their slopes.

    Raises:
        InputError: the levels do not rise, or the two tables differ in length.
    """

    levels: Sequence[float]
    rho: Sequence[float]
    cost = Cost(2, 1)

    def __post_init__(self) -> None:
        if len(self.levels) < 2 or sorted(set(self.levels)) != list(self.levels):
            raise InputError("levels", list(self.levels), "two or more rising values")
        if min(self.levels) <= 0:
            raise InputError("levels", list(self.levels), "values above 0")
        if len(self.rho) != len(self.levels) or not min(self.rho) > 0:
            allowed = f"{len(self.levels)} values above 0, one per level"
            raise InputError("rho", list(self.rho), allowed)

    def __call__(
        self, strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor, weight: Tensor
    ) -> Guidance:
        x0, x0_weak = evaluate_pair(strong, weak, x, t)
        alpha, sigma = strong.schedule(t)
        rho = self._at(sigma / alpha)
        ones = x0.new_ones(len(x0))

        def factor(weight: Tensor) -> tuple[Tensor, Reading]:
            f = gaussian_factor(rho, weight).to(ones)
            return f, Reading(rho.to(ones) * ones, float("nan") * ones, f * ones)

        return scaled(x0, x0_weak, factor, weight)

    def _at(self, level: Tensor) -> Tensor:
        knots = torch.tensor(self.levels, dtype=torch.float64, device=level.device).log()
        values = torch.tensor(self.rho, dtype=torch.float64, device=level.device)
        place = level.log().clamp(knots[0], knots[-1])
        high = torch.searchsorted(knots, place).clamp(1, len(knots) - 1)
        part = (place - knots[high - 1]) / (knots[high] - knots[high - 1])
        return torch.lerp(values[high - 1], values[high], part)
