"""Gains at lower cost: measure the factor at some steps only, or in an interval only."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.errors import InputError
from yuragi.guidance.evaluate import evaluate_pair
from yuragi.guidance.gain import Cost, Factor, Gain, Guidance, plain, scaled
from yuragi.guidance.memory import TrajectoryMemory

__all__ = ["Refresh", "Within"]


@dataclass(frozen=True)
class Refresh:
    """Measure the factor of a gain at every `every`-th call and reuse it in between.

    Slopes vary slowly over noise levels, so this costs little accuracy. If the factor also depends
    on the weight, the current weight is used.

    Raises:
        InputError: every is below 1; when called, the gain is not a factor.
    """

    gain: Gain
    every: int = 4
    _kept: TrajectoryMemory[Factor] = field(
        default_factory=TrajectoryMemory, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if self.every < 1:
            raise InputError("every", self.every, "1 or more")

    @property
    def cost(self) -> Cost:
        return self.gain.cost.spread(self.every)

    def __call__(
        self, strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor, weight: Tensor
    ) -> Guidance:
        alpha, sigma = strong.schedule(t)
        kept = self._kept.recall(x, sigma / alpha)
        if kept is not None and self._kept.uses < self.every:
            return scaled(*evaluate_pair(strong, weak, x, t), kept, weight)
        guidance = self.gain(strong, weak, x, t, weight)
        self._kept.keep(x, sigma / alpha, guidance.needed_factor("Refresh"))
        return guidance


@dataclass(frozen=True)
class Within:
    """A gain between two noise levels, plain guidance outside.

    Args:
        gain: the gain for low <= sigma / alpha <= high.
        low: the lower bound, 0 or more.
        high: the upper bound, above low; it can be infinite.

    Raises:
        InputError: the interval is empty.
    """

    gain: Gain
    low: float = 0.0
    high: float = float("inf")

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high:
            raise InputError("interval", (self.low, self.high), "0 <= low < high")

    @property
    def cost(self) -> Cost:
        """The cost of a step inside; a step outside costs as much as `plain`."""
        return self.gain.cost

    def __call__(
        self, strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor, weight: Tensor
    ) -> Guidance:
        alpha, sigma = strong.schedule(t)
        inside = bool((self.low * alpha <= sigma) & (sigma <= self.high * alpha))
        return (self.gain if inside else plain)(strong, weak, x, t, weight)
