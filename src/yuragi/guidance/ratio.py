r"""The ratio gain: two measured slopes decide how much of the guidance to keep.

Classifier-free guidance multiplies the reward's gradient by the wrong Jacobian. Where posteriors
are Gaussian, the exact guided denoiser has, along the guidance direction g with unit vector e,

    rho = j_u / j_c,    f = 1 / (1 + (1 + w) max(rho - 1, 0)),    x0 = x0_c + f w (x0_c - x0_u)

with j = alpha e^T (d x0 / d x) e the slopes of the weak (u) and the strong (c) denoiser. f is 1
where both posteriors are equally wide (a mean shift: guidance is exact) and falls where the weak
one is wider.

The slopes are secants over the whole distance that guidance pushes: both denoisers are evaluated
again at x + h e with h = alpha w |x0_c - x0_u|, at most `reach` sigma. For Gaussians the length of
a secant does not matter. For other distributions it does: where a reward saturates within this
distance, the denoisers are curved, and only a secant detects that. No gradient is needed; if e is
taken from the previous step, all four evaluations are one batch.

Where there is no signal (alpha = 0), or the change of the strong denoiser is below the rounding
error, nothing can be measured, and guidance is plain: F = 1, and rho and the slope are NaN.

f is at most 1, so that no push exceeds that of plain guidance. Where rho < 1 the exact f is above 1
and unbounded: it diverges as rho approaches w / (1 + w), and below that no tilted distribution
exists. For distributions that are not Gaussian, secants with rho < 1 overestimate f
(docs/guidance-theory.md has the numbers), and rounding and training errors scatter the slopes of
networks around rho = 1. The readings say where this bound was active (`Reading.bounded`). No
lower bound is applied.

The factor f j_c^gamma damps guidance further where the strong denoiser hardly responds; it is meant
for classes that are far apart.

Source: derived from the joint-scaled target of Gao et al. 2025 (arXiv 2501.18865) with Gaussian
posteriors; see docs/guidance-theory.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.errors import InputError
from yuragi.guidance.evaluate import evaluate, evaluate_pair
from yuragi.guidance.finite_difference import (
    along,
    length,
    network_dtype,
    perturb,
    rounding,
    secant_size,
)
from yuragi.guidance.gain import Cost, Factor, Guidance, Reading, gaussian_factor, rows, scaled
from yuragi.guidance.memory import TrajectoryMemory

__all__ = ["Ratio", "SeparationGamma"]

SLOPE = (1e-3, 3.0)
"""Bounds of j. Slopes of trained networks can leave the range of a Gaussian, 0 to 1."""


@dataclass(frozen=True)
class SeparationGamma:
    """Gamma as a function of rho, for every sample and level.

    For a mean shift rho is 1 at every level, and gamma should be 0. If classes are far apart, the
    weak denoiser's slope includes the spread between the classes, and rho is large at the levels
    where they separate. So gamma rises with rho, linearly from 0 at `low` to `top` at `high`.

    Args:
        low: the rho up to which gamma is 0; 1 or more.
        high: the rho from which gamma is `top`; above low.
        top: the largest gamma, above 0, at most 1.

    Raises:
        InputError: a value is out of range.
    """

    low: float = 1.0
    high: float = 2.0
    top: float = 0.5

    def __post_init__(self) -> None:
        if not 1 <= self.low < self.high:
            raise InputError("low, high", (self.low, self.high), "1 <= low < high")
        if not 0 < self.top <= 1:
            raise InputError("top", self.top, "above 0, at most 1")

    def __call__(self, rho: Tensor) -> Tensor:
        """Ratios [b] -> gammas [b]."""
        return self.top * ((rho - self.low) / (self.high - self.low)).clamp(0, 1)


@dataclass(frozen=True)
class Ratio:
    """F = f j_c^gamma, with f at most 1, and j_c between 0.001 and 3 (see above for the reasons).

    Args:
        gamma: the exponent in [-1, 1], or a function that chooses it from rho, such as
            `SeparationGamma()`. Use 0, or up to 1 if classes are far apart; negative values are
            for `LookAhead`.
        reach: the longest secant, root mean square per element in units of sigma; 0 for tangents.
        h: the shortest secant in the same units; None for `secant_size`, which is 0.03, or 0.15 in
            half precision, and longer at high noise.
        stale: whether to measure along the direction of the previous step, so that all evaluations
            are one batch. The first step then needs two.

    Raises:
        InputError: gamma, reach or h is out of range; when called, the weight is negative, in which
            case no ratio is defined.
    """

    gamma: float | Callable[[Tensor], Tensor] = 0.0
    reach: float = 1.0
    h: float | None = None
    stale: bool = False
    _before: TrajectoryMemory[Tensor] = field(
        default_factory=TrajectoryMemory, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if not callable(self.gamma) and not -1 <= self.gamma <= 1:
            raise InputError("gamma", self.gamma, "-1 to 1")
        if not self.reach >= 0:
            raise InputError("reach", self.reach, "0 or more")
        if self.h is not None and not self.h > 0:
            raise InputError("h", self.h, "a number above 0, or None")

    @property
    def cost(self) -> Cost:
        return Cost(4, 1 if self.stale else 2)

    def __call__(
        self, strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor, weight: Tensor
    ) -> Guidance:
        if bool(weight < 0):
            raise InputError("guidance_scale", 1 + float(weight), "1 or more with the ratio gain")
        alpha, sigma = strong.schedule(t)
        dtype = network_dtype(strong, x)
        shortest = secant_size(self.h, dtype, x, alpha, sigma)
        longest = torch.maximum(shortest, self.reach * sigma)

        def ahead(difference: Tensor) -> tuple[Tensor, Tensor]:
            """The state at the end of the secant, and the secant."""
            size = difference.flatten(1).square().mean(1).sqrt()
            h = ((alpha * weight).to(size) * size).clamp(shortest.to(size), longest.to(size))
            unit = difference / rows(size.clamp(min=torch.finfo(size.dtype).tiny), x)
            return perturb(x, unit, rows(h, x), dtype)

        before = self._before.recall(x, sigma / alpha) if self.stale else None
        if before is None:
            x0, x0_weak = evaluate_pair(strong, weak, x, t)
            moved, change = ahead(x0 - x0_weak)
            there = evaluate([(strong, moved), (weak, moved)], t)
        else:
            moved, change = ahead(before)
            x0, x0_weak, *there = evaluate(
                [(strong, x), (weak, x), (strong, moved), (weak, moved)], t
            )
        if self.stale:
            self._before.keep(x, sigma / alpha, x0 - x0_weak)
        noise = rounding(strong, x0, x, t, dtype)
        axis = change
        if before is None:
            axis = _unbiased(change, x0 - x0_weak, there[0] - there[1], noise)
        strong_rise, weak_rise = (
            along(end - start, axis) for end, start in ((there[0], x0), (there[1], x0_weak))
        )
        # A difference below the rounding error on the axis is not a measurement.
        floor = noise / x[0].numel() ** 0.5 * length(axis)
        heard = (strong_rise > floor) & (alpha > 0).to(floor.device)
        rho = torch.where(heard, (weak_rise / strong_rise).clamp(min=0), float("nan"))
        slope = alpha.to(floor) * (strong_rise / along(change, axis))
        slope = torch.where(heard, slope.clamp(*SLOPE), float("nan"))
        return scaled(x0, x0_weak, self._factor(rho.to(x), slope.to(x), x), weight)

    def _factor(self, rho: Tensor, slope: Tensor, like: Tensor) -> Factor:
        # Where a slope cannot be measured, guidance is plain.
        ratio, response = rho.nan_to_num(nan=1.0), slope.nan_to_num(nan=1.0)
        gamma = self.gamma(ratio) if callable(self.gamma) else self.gamma

        def factor(weight: Tensor) -> tuple[Tensor, Reading]:
            f = gaussian_factor(ratio, weight.to(rho))
            return rows(f * response**gamma, like), Reading(rho, slope, f)

        return factor


def _unbiased(change: Tensor, here: Tensor, there: Tensor, noise: Tensor) -> Tensor:
    """The axis to project rises on, if the secant follows the difference at its own start.

    The rounding errors at the start are part of that difference, so the strong rise projected on it
    seems too low and the weak rise too high. With the difference at the end (`there`) the errors
    are opposite and of equal size. So the end is included with a weight that grows with the share
    of rounding in the difference; in single precision this weight is negligible.
    """
    share = (4 * noise).square() / ((4 * noise).square() + length(here).square())
    back = share / _above(length(there))
    first = change / rows(_above(length(change)).to(change), change)
    return first + rows(back.to(there), there) * there


def _above(size: Tensor) -> Tensor:
    """The value bounded from below, for use as a divisor."""
    return size.clamp(min=torch.finfo(size.dtype).tiny)
