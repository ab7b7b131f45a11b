r"""The ratio gain: how much of the guidance to keep, read off two slopes.

Classifier-free guidance multiplies the reward's gradient by the wrong Jacobian. Where posteriors
are Gaussian, the exact guided denoiser has, along the guidance direction g with unit vector e,

    rho = j_u / j_c,    f = 1 / (1 + (1 + w) max(rho - 1, 0)),    x0 = x0_c + f w (x0_c - x0_u)

with j = alpha e^T (d x0 / d x) e the slopes of the weak (u) and the strong (c) denoiser. f is 1
where both posteriors are equally wide (a mean shift: guidance is exact) and falls where the weak
one is wider.

The slopes are secants, over the whole way that guidance pushes: the pair again at x + h e with
h = alpha w |x0_c - x0_u|, at most `reach` sigma. For Gaussians the length of a secant does not
matter. Elsewhere it does: a reward that saturates on the way bends the denoisers, and only a
secant sees that. No gradient is needed; with e from the step before, all four evaluations are one
batch.

Where there is no signal (alpha = 0), or the strong denoiser's answer drowns in rounding, nothing
can be measured, and the factor is 0: as REG's, which vanishes there too.

The factor f j_c^gamma damps guidance further where the strong denoiser hardly responds, for
classes that are far apart.

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
from yuragi.guidance.gain import Cost, Factor, Guidance, Reading, gaussian_factor, rows, scaled
from yuragi.guidance.memory import Memory
from yuragi.guidance.nudge import network_dtype, nudge, step_size

__all__ = ["Ratio", "SeparationGamma"]

SLOPE = (1e-3, 3.0)
EXCESS = 50.0
"""Bounds of j and of rho: differences of trained networks can leave what theory allows."""


@dataclass(frozen=True)
class SeparationGamma:
    """Gamma chosen sample by sample and level by level, from rho.

    A mean shift has rho = 1 at every level and wants gamma 0; where classes are apart, the weak
    denoiser's slope holds the spread between the classes, and rho is large where they part. So
    gamma rises with rho, linearly from 0 at `low` to `top` at `high`.

    Args:
        low: rho up to which gamma is 0; 1 or more.
        high: rho from which gamma is `top`; above low.
        top: largest gamma, above 0, at most 1.

    Raises:
        InputError: a value out of range.
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
    """F = f j_c^gamma.

    Args:
        gamma: 0 unless classes are well apart, then up to 1. In [-1, 1]; negative values are meant
            for `LookAhead`. Or a rule that chooses it from rho, such as `SeparationGamma()`.
        reach: longest secant, root mean square per element in units of sigma; 0 for tangents.
        h: shortest secant in the same units; None for 0.03, or 0.15 in half precision.
        stale: measure along the direction of the step before, so that all evaluations are one
            batch. The first step then takes two.

    Raises:
        InputError: gamma, reach or h out of range; when called, a negative weight (no ratio is
            defined for a reward that is divided out).
    """

    gamma: float | Callable[[Tensor], Tensor] = 0.0
    reach: float = 1.0
    h: float | None = None
    stale: bool = False
    _before: Memory[Tensor] = field(default_factory=Memory, repr=False, compare=False)

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
        shortest = step_size(self.h, dtype) * sigma
        longest = torch.maximum(shortest, self.reach * sigma)

        def ahead(difference: Tensor) -> tuple[Tensor, Tensor]:
            """The state at the end of the secant, and the secant."""
            size = difference.flatten(1).square().mean(1).sqrt()
            h = ((alpha * weight).to(size) * size).clamp(shortest.to(size), longest.to(size))
            unit = difference / rows(size.clamp(min=torch.finfo(size.dtype).tiny), x)
            return nudge(x, unit, rows(h, x), dtype)

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
        strong_rise, weak_rise = (
            _along(end - start, change) for end, start in ((there[0], x0), (there[1], x0_weak))
        )
        # Below this a rise is rounding, and says nothing.
        size = _length(change)
        floor = 8 * torch.finfo(dtype).eps * _length(x0) * size
        heard = strong_rise > floor if bool(alpha > 0) else torch.zeros_like(strong_rise).bool()
        rho = (weak_rise / strong_rise.clamp(min=torch.finfo(floor.dtype).tiny)).clamp(0, EXCESS)
        # Divided twice: the square of the size may vanish where there is nothing to guide.
        slope = (alpha.to(floor) * (strong_rise / size / size)).clamp(*SLOPE)
        return scaled(x0, x0_weak, self._factor(rho.to(x), slope.to(x), heard, x), weight)

    def _factor(self, rho: Tensor, slope: Tensor, heard: Tensor, like: Tensor) -> Factor:
        gamma = self.gamma(rho) if callable(self.gamma) else self.gamma

        def factor(weight: Tensor) -> tuple[Tensor, Reading]:
            f = gaussian_factor(rho, weight.to(rho))
            f = torch.where(heard, f, torch.zeros_like(f))
            return rows(f * slope**gamma, like), Reading(rho, slope, f)

        return factor


def _along(rise: Tensor, secant: Tensor) -> Tensor:
    """<rise, secant> of every sample, [b]; in float64, because the terms cancel."""
    return (rise.double() * secant.double()).flatten(1).sum(1)


def _length(x: Tensor) -> Tensor:
    """Norm of every sample, [b], float64, above 0."""
    norm: Tensor = x.double().flatten(1).norm(dim=1)
    return norm.clamp(min=torch.finfo(torch.float64).tiny)
