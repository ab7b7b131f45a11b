r"""CADS: the condition is noised early in sampling, for more diverse results.

    y' = sqrt(g) y + scale sqrt(1 - g) n,    g = 0 until progress `begin`, 1 from `end` on

and y' is then rescaled to the mean and the standard deviation of y, with the share `mix`. (In the
paper time runs the other way: tau_1 = 1 - end, tau_2 = 1 - begin.)

References: Sadat et al. 2023 (arXiv 2310.17347), algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.core.denoiser import NetworkDenoiser, tile
from yuragi.core.noise import Noise
from yuragi.core.schedule import Schedule
from yuragi.errors import InputError
from yuragi.guidance.evaluate import evaluate
from yuragi.guidance.weight import ProgressMeasure

__all__ = ["Annealed"]


@dataclass(frozen=True)
class Annealed:
    """A network denoiser whose condition is annealed.

    Args:
        denoiser: the denoiser with its condition bound.
        progress: the measure of progress, such as `by_step`.
        noise: the source of noise; every noise level draws its own.
        begin: the progress up to which the condition is noise only, 0 to 1.
        end: the progress from which the condition is unchanged, begin to 1.
        scale: the scale of the noise, 0 or more.
        mix: the share of the rescaled condition (psi in the paper), 0 to 1.

    Raises:
        InputError: a value is out of range, or no entry of the condition can be noised, such as the
            labels of a model with classes.
    """

    denoiser: NetworkDenoiser
    progress: ProgressMeasure
    noise: Noise
    begin: float = 0.1
    end: float = 0.4
    scale: float = 0.1
    mix: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.begin < self.end <= 1:
            raise InputError("begin, end", (self.begin, self.end), "0 <= begin < end <= 1")
        if not self.scale >= 0:
            raise InputError("scale", self.scale, "0 or more")
        if not 0 <= self.mix <= 1:
            raise InputError("mix", self.mix, "0 to 1")
        condition = self.denoiser.condition or {}
        if not any(map(_takes_noise, condition.values())):
            allowed = "one with an entry of real numbers to add noise to, unlike class labels"
            raise InputError("denoiser.condition", ", ".join(condition) or None, allowed)

    @property
    def schedule(self) -> Schedule:
        return self.denoiser.schedule

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        return evaluate([(self, x)], t)[0]

    def at(self, x: Tensor, t: Tensor) -> NetworkDenoiser:
        """The denoiser at this time, with an independently noised condition for every sample."""
        done = float(self.progress(*self.schedule(t)))
        share = min(max((done - self.begin) / (self.end - self.begin), 0.0), 1.0)
        if share == 1:
            return self.denoiser
        condition = tile(self.denoiser.condition, len(x)) or {}
        step = round(done * 1e9)  # the draw depends on the level, not on the grid
        return self.denoiser.bind(
            {
                # Every entry has its own noise; an entry of one number per row is not changed.
                name: self._noised(value, share, len(condition) * step + k)
                if _takes_noise(value)
                else value
                for k, (name, value) in enumerate(sorted(condition.items()))
            }
        )

    def _noised(self, value: Tensor, share: float, step: int) -> Tensor:
        z = self.noise(step, value)
        if z is None:
            raise InputError("noise", self.noise, "a noise that draws")
        noised = share**0.5 * value + self.scale * (1 - share) ** 0.5 * z
        axes = tuple(range(1, value.ndim))
        mean, spread = value.mean(axes, keepdim=True), value.std(axes, keepdim=True)
        own_mean, own_spread = noised.mean(axes, keepdim=True), noised.std(axes, keepdim=True)
        tiny = torch.finfo(value.dtype).tiny
        rescaled: Tensor = (noised - own_mean) / own_spread.clamp(min=tiny) * spread + mean
        return torch.lerp(noised, rescaled, self.mix)


def _takes_noise(value: Tensor) -> bool:
    return value.is_floating_point() and value[0].numel() > 1
