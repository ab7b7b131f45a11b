r"""Guidance: one denoiser made of a strong and a weak one.

    x0 = x0_strong + w(alpha, sigma) d,    d = gain(x0_strong - x0_weak)

Classifier-free guidance, negative prompts and autoguidance differ only in what the weak denoiser
is: another condition, another prompt, a worse network. The result is a denoiser again, so no
solver knows about guidance.

References: Ho & Salimans 2022 (arXiv 2207.12598), equation 6; Karras et al. 2024
(arXiv 2406.02507), equation 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.core.schedule import Schedule
from yuragi.errors import InputError
from yuragi.guidance.evaluate import evaluate, resolved
from yuragi.guidance.gain import Gain, Guidance, plain
from yuragi.guidance.weight import Weight

__all__ = ["Guided", "Watch", "unwatched"]

Watch: TypeAlias = Callable[[Guidance, Tensor, Tensor, Tensor], None]
"""`(guidance, weight, alpha, sigma)`, called after every guided evaluation; see `stress`."""


def unwatched(guidance: Guidance, weight: Tensor, alpha: Tensor, sigma: Tensor) -> None:
    """Do nothing: the default for `watch`."""


@dataclass(frozen=True)
class Guided:
    """A strong denoiser guided away from a weak one. Where w = 0 the weak one is not evaluated.

    Raises:
        InputError: the two have different schedules, or are the same object.
    """

    strong: Denoiser
    weak: Denoiser
    weight: Weight
    gain: Gain = plain
    watch: Watch = unwatched

    def __post_init__(self) -> None:
        if self.strong.schedule != self.weak.schedule:
            allowed = f"the schedule of the strong denoiser, {self.strong.schedule!r}"
            raise InputError("weak.schedule", self.weak.schedule, allowed)
        if self.strong is self.weak:
            allowed = "another denoiser than the strong one: guidance needs two"
            raise InputError("weak", type(self.weak).__name__, allowed)

    @property
    def schedule(self) -> Schedule:
        return self.strong.schedule

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        alpha, sigma = self.schedule(t)
        weight = self.weight(alpha, sigma)
        if bool(weight == 0):
            return evaluate([(self.strong, x)], t)[0]
        strong, weak = (resolved(denoiser, x, t) for denoiser in (self.strong, self.weak))
        guidance = self.gain(strong, weak, x, t, weight)
        self.watch(guidance, weight, alpha, sigma)
        return guidance.x0 + weight.to(x) * guidance.direction
