r"""A gauge of over-guidance for each image, measured during sampling.

Plain guidance pushes by g = w (x0_strong - x0_weak), while the measured slopes call for f g. By
Girsanov's theorem, the KL divergence that the difference causes along the path is about

    stress = sum over steps of (1 - f)^2 |g|^2 / (sigma / alpha)^2 |log-step of sigma / alpha|

in nats. It estimates how far plain guidance at this scale leads away from the distribution that the
scale stands for. It is a warning sign, not a bound: it considers only the direction of guidance,
and f itself assumes Gaussian posteriors. The mean of `rho` over log sigma is reported as well.
Where nothing could be measured, plain guidance counts as exact, and rho and `bounded` leave these
levels out.

Only gains that measure slopes (`Ratio`, `Scheduled`) can be gauged; `Unrectified` applies plain
guidance and still measures.

Source: path-space Kullback-Leibler divergence of two diffusions with the same noise (Girsanov);
Song et al. 2021 (arXiv 2101.09258), theorem 1, gives the form for scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.guidance.gain import Cost, Gain, Guidance

__all__ = ["Stress", "Unrectified"]


class Stress:
    """Accumulates over one trajectory; use as `Guided(..., watch=stress)`.

    Attributes:
        total: the accumulated stress, [b]; None before two readings.
        rho: the mean of rho over log sigma, [b]; None before two readings, NaN where rho was never
            measured.
        bounded: the share of log sigma where rho was below 1, so that the factor was limited to 1,
            [b]; None before two readings.
    """

    def __init__(self) -> None:
        self.total: Tensor | None = None
        self._sums: Tensor | None = None
        self._last: tuple[float, Tensor, Tensor] | None = None

    @property
    def readings(self) -> list[Tensor]:
        """What was accumulated, for `of`; empty before two readings."""
        held = (self.total, self._sums)
        return [each for each in held if each is not None]

    @classmethod
    def of(cls, readings: Sequence[Tensor]) -> Stress:
        """The stress of a finished trajectory, from its `readings`."""
        made = cls()
        if readings:
            made.total, made._sums = readings
        return made

    @property
    def rho(self) -> Tensor | None:
        return None if self._sums is None else self._sums[0] / self._sums[2]

    @property
    def bounded(self) -> Tensor | None:
        return None if self._sums is None else self._sums[1] / self._sums[2]

    def __call__(self, guidance: Guidance, weight: Tensor, alpha: Tensor, sigma: Tensor) -> None:
        if guidance.reading is None or bool(alpha == 0) or bool(sigma == 0):
            return  # without signal there is no guidance; without noise there is nothing to guide
        level = sigma / alpha
        push = weight.to(guidance.difference) * guidance.difference.flatten(1)
        lost = (1 - guidance.reading.factor).square() * push.square().sum(1)
        here = (lost.double() / level.double().to(lost.device) ** 2).cpu()
        rho, bounded = (v.double().cpu() for v in (guidance.reading.rho, guidance.reading.bounded))
        seen = torch.stack([rho, bounded, torch.ones_like(rho)])  # the ones: the measured range
        if self._last is not None:
            before, old, old_seen = self._last
            step = abs(float(level.log()) - before)
            mean = torch.where((old_seen + seen).isfinite().all(0), (old_seen + seen) / 2, 0.0)
            self.total = step * (old + here) / 2 + (0.0 if self.total is None else self.total)
            self._sums = step * mean + (0.0 if self._sums is None else self._sums)
        self._last = float(level.log()), here, seen


@dataclass(frozen=True)
class Unrectified:
    """Measure with another gain, but guide like `plain`."""

    gain: Gain

    @property
    def cost(self) -> Cost:
        return self.gain.cost

    def __call__(
        self, strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor, weight: Tensor
    ) -> Guidance:
        guidance = self.gain(strong, weak, x, t, weight)
        return guidance.turned(guidance.difference)
