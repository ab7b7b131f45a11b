r"""The ratio gain: how much of the guidance to keep, read off two slopes.

Classifier-free guidance multiplies the reward's gradient by the wrong Jacobian. Where posteriors
are Gaussian, the exact guided denoiser has, along the guidance direction g with unit vector e,

    rho = j_u / j_c,    f = 1 / (1 + (1 + w) max(rho - 1, 0)),    x0 = x0_c + f w (x0_c - x0_u)

with j = alpha e^T (d x0 / d x) e the slopes of the weak (u) and the strong (c) denoiser. f is 1
where both posteriors are equally wide (a mean shift: guidance is exact) and falls where the weak
one is wider. A Gaussian cannot see that a reward saturates once the class is certain; j_c can,
and the factor f j_c^gamma damps guidance there.

The slopes are finite differences along e: the pair again at x + h e, and no gradient. With
e from the step before, all four evaluations are one batch.

Source: derived from the joint-scaled target of Gao et al. 2025 (arXiv 2501.18865) with Gaussian
posteriors; see docs/theory/guidance.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.errors import InputError
from yuragi.guidance.evaluate import evaluate, evaluate_pair
from yuragi.guidance.gain import Cost, Guidance, Reading, rows, scaled
from yuragi.guidance.memory import Memory
from yuragi.guidance.nudge import network_dtype, nudge, step_size

__all__ = ["Ratio"]

SLOPE = (1e-3, 3.0)
EXCESS = 50.0
"""Bounds of j and of rho - 1: differences of trained networks can leave what theory allows."""


@dataclass(frozen=True)
class Ratio:
    """F = f j_c^gamma.

    Args:
        gamma: 0 for pictures of overlapping classes and mean shifts, 1/2 by default, 1 for classes
            that are well apart. In [-1, 1]; negative values are meant for `LookAhead`.
        h: step per element in units of sigma; None for 0.03, or 0.15 in half precision.
        stale: measure along the direction of the step before, so that all evaluations are one
            batch. The first step then takes two.

    Raises:
        InputError: gamma or h out of range; when called, a negative weight (no ratio is defined
            for a reward that is divided out).
    """

    gamma: float = 0.5
    h: float | None = None
    stale: bool = False
    _before: Memory[Tensor] = field(default_factory=Memory, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not -1 <= self.gamma <= 1:
            raise InputError("gamma", self.gamma, "-1 to 1")
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
        h = step_size(self.h, dtype) * sigma
        along = self._before.recall(x, sigma / alpha) if self.stale else None
        if along is None:
            x0, x0_weak = evaluate_pair(strong, weak, x, t)
            moved, change = nudge(x, _unit(x0 - x0_weak), h, dtype)
            there = evaluate([(strong, moved), (weak, moved)], t)
        else:
            moved, change = nudge(x, along, h, dtype)
            x0, x0_weak, *there = evaluate(
                [(strong, x), (weak, x), (strong, moved), (weak, moved)], t
            )
        if self.stale:
            self._before.keep(x, sigma / alpha, _unit(x0 - x0_weak))
        slope = _slope(there[0] - x0, change, alpha)
        rho = _slope(there[1] - x0_weak, change, alpha) / slope
        f = 1 / (1 + (1 + weight.to(rho)) * (rho - 1).clamp(0, EXCESS))
        factor = rows(f * slope**self.gamma, x)
        return scaled(x0, x0_weak, factor, Reading(rho, slope, f))


def _unit(direction: Tensor) -> Tensor:
    """The direction with root mean square 1, sample by sample; float32 or wider."""
    size = direction.flatten(1).square().mean(1).sqrt()
    return direction / rows(size.clamp(min=torch.finfo(size.dtype).tiny), direction)


def _slope(difference: Tensor, change: Tensor, alpha: Tensor) -> Tensor:
    """Rayleigh quotient alpha <dx0, dx> / <dx, dx> of every sample, [b], within its bounds.

    Sums run in float64: the terms cancel.
    """
    dx, dx0 = change.flatten(1).double(), difference.flatten(1).double()
    square = dx.square().sum(1)
    slope = alpha.to(dx) * (dx0 * dx).sum(1) / square.clamp(min=torch.finfo(dx.dtype).tiny)
    return slope.clamp(*SLOPE).to(difference.dtype)
