r"""Weights: how strongly to guide at a noise level, `(alpha, sigma) -> w`.

Users give `guidance_scale`, for which 1 means off; internally, w = guidance_scale - 1. A weight
depends only on the level, so the same rule works under every schedule and time grid. Rules that
depend on the progress of sampling take a `ProgressMeasure`, such as `by_step`.

`linear` and `cosine` end at the clean end with the scale that the user gives; `linear` starts from
a given scale and `cosine` from 1. Published code of the cosine rule starts from the weak denoiser
alone instead, one whole unit lower.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from yuragi.core.schedule import Schedule
from yuragi.errors import InputError

__all__ = [
    "LevelFunction",
    "ProgressMeasure",
    "Weight",
    "by_step",
    "cfg_plus_plus",
    "constant",
    "cosine",
    "interval",
    "linear",
    "noise_ratio",
    "ramp",
]

LevelFunction: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""`(alpha, sigma) -> number`, all 0-dim float64."""

Weight: TypeAlias = LevelFunction
"""A level function whose value is w."""

ProgressMeasure: TypeAlias = LevelFunction
"""A level function that rises from 0 at the start of sampling to 1 at the clean end."""

ROUNDING = 1e-9
"""The distance from a bound at which a level still counts as on it: a step's share such as 0.3 is
computed as 0.30000000000000004."""


def noise_ratio(alpha: Tensor, sigma: Tensor) -> Tensor:
    """The noise level of variance-exploding models, sigma / alpha."""
    return sigma / alpha


def by_step(schedule: Schedule, times: Tensor) -> ProgressMeasure:
    """Progress by step: 0 at the first level of a falling grid that the network reads, 1 at the
    last.

    The last of these is the level before the clean end. With a single step it is 1.
    """
    read = times[:-1]
    shares = torch.linspace(0, 1, len(read), dtype=torch.float64)
    return _table(schedule, read, shares if len(read) > 1 else torch.ones_like(shares))


def constant(guidance_scale: float) -> Weight:
    """A constant weight: w = guidance_scale - 1."""
    weight = torch.tensor(_finite("guidance_scale", guidance_scale) - 1, dtype=torch.float64)

    def at(alpha: Tensor, sigma: Tensor) -> Tensor:
        return weight

    return at


def linear(progress: ProgressMeasure, guidance_scale: float, start: float = 1.0) -> Weight:
    """From `start` at the first step to `guidance_scale` at the clean end, linear in progress."""
    first = _finite("start", start) - 1
    last = _finite("guidance_scale", guidance_scale) - 1

    def at(alpha: Tensor, sigma: Tensor) -> Tensor:
        return first + (last - first) * progress(alpha, sigma).clamp(0, 1)

    return at


def cosine(progress: ProgressMeasure, guidance_scale: float, power: float = 1.0) -> Weight:
    """From off to the full scale: w = (guidance_scale - 1) (1 - cos(pi progress^power)) / 2.

    Gao et al. 2023 (MDT, arXiv 2303.14389), power-cosine schedule. A higher power starts later.

    Raises:
        InputError: power is not above 0, or the scale is not finite.
    """
    full = _finite("guidance_scale", guidance_scale) - 1
    if not (power > 0 and math.isfinite(power)):
        raise InputError("power", power, "a number above 0")

    def at(alpha: Tensor, sigma: Tensor) -> Tensor:
        return full * (1 - torch.cos(math.pi * progress(alpha, sigma).clamp(0, 1) ** power)) / 2

    return at


def interval(
    guidance_scale: float, low: float, high: float, measure: LevelFunction = noise_ratio
) -> Weight:
    """Guide only where low <= measure <= high; elsewhere the weak denoiser is not evaluated.

    Kynkaanniemi et al. 2024 (arXiv 2404.07724).

    Args:
        guidance_scale: the scale inside the interval.
        low: the lower bound, inclusive.
        high: the upper bound, inclusive; it can be infinite.
        measure: the bounded quantity, by default sigma / alpha; use `by_step(...)` for shares of
            the steps.

    Raises:
        InputError: the interval is empty, or the scale is not finite.
    """
    inside = torch.tensor(_finite("guidance_scale", guidance_scale) - 1, dtype=torch.float64)
    if not low < high:
        raise InputError("interval", (low, high), "low < high")

    def at(alpha: Tensor, sigma: Tensor) -> Tensor:
        value = measure(alpha, sigma)
        return inside * ((low - ROUNDING <= value) & (value <= high + ROUNDING))

    return at


def cfg_plus_plus(schedule: Schedule, times: Tensor, blend: float) -> Weight:
    r"""CFG++ as a weight: x0 = x0_weak + blend (x0_strong - x0_weak), with the weak eps.

    A deterministic DDIM step from t to s with that x0 and that noise is the same step under plain
    guidance with

        1 + w(t) = blend / (1 - e^{-h}),    h = log_snr(s) - log_snr(t),

    so the rule needs to know the steps. Chung et al. 2024 (arXiv 2406.08070), algorithm 2.

    Args:
        schedule: gives the levels of `times`.
        times: [k + 1], the falling grid that will be sampled on.
        blend: lambda, 0 to 1.

    Raises:
        InputError: blend is out of range.
    """
    if not 0 <= blend <= 1:
        raise InputError("blend", blend, "0 to 1")
    alpha, sigma = schedule(torch.as_tensor(times, dtype=torch.float64))
    decay = (sigma[1:] * alpha[:-1]) / (alpha[1:] * sigma[:-1])
    return _table(schedule, times[:-1], blend / (1 - decay) - 1)


def ramp(schedule: Schedule, times: Tensor, guidance_scales: Sequence[float] | Tensor) -> Weight:
    """Scales given at some levels: exact there, linear between them, constant beyond them.

    Linear in the angle atan2(sigma, alpha), which falls with log-SNR but stays finite where
    sigma or alpha is 0.

    Args:
        schedule: the schedule that gives the levels of `times`.
        times: the strictly monotone times [k], k >= 2.
        guidance_scales: the scale at each time, [k]; 1 is off.

    Raises:
        InputError: there is not one scale per time, or the times are not strictly monotone.
    """
    scales = torch.as_tensor(guidance_scales, dtype=torch.float64)
    times = torch.as_tensor(times, dtype=torch.float64)
    if times.ndim != 1 or len(times) < 2 or scales.shape != times.shape:
        allowed = f"one scale per time, {len(times)}, and two or more"
        raise InputError("guidance_scales", scales.tolist(), allowed)
    return _table(schedule, times, scales - 1)


def _table(schedule: Schedule, times: Tensor, values: Tensor) -> LevelFunction:
    """A level function with these values at these times."""
    times = torch.as_tensor(times, dtype=torch.float64)
    alpha, sigma = schedule(times)
    angles, order = torch.atan2(sigma, alpha).sort()
    if not bool((angles.diff() > 0).all()):
        raise InputError("times", times.tolist(), "levels that differ from one another")
    values = values[order]
    if len(values) == 1:
        return lambda alpha, sigma: values[0]

    def at(alpha: Tensor, sigma: Tensor) -> Tensor:
        angle = torch.atan2(sigma, alpha)
        high = torch.searchsorted(angles, angle).clamp(1, len(angles) - 1)
        low = high - 1
        part = (angle - angles[low]) / (angles[high] - angles[low])
        return torch.lerp(values[low], values[high], part.clamp(0, 1))

    return at


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise InputError(name, value, "a finite number")
    return value
