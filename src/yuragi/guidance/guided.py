r"""Guidance: one denoiser made of a strong and a weak one.

    x0 = x0_strong + w(alpha, sigma) gain (x0_strong - x0_weak)

Classifier-free guidance, negative prompts and autoguidance differ only in what the weak denoiser
is: another condition, another prompt, a worse network. The result is a denoiser again, so no
solver knows about guidance.

References: Ho & Salimans 2022 (arXiv 2207.12598), equation 6; Karras et al. 2024
(arXiv 2406.02507), equation 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.core.denoiser import Condition, Denoiser, NetworkDenoiser, tile
from yuragi.core.schedule import Schedule
from yuragi.errors import InputError
from yuragi.guidance.gain import Gain, plain
from yuragi.guidance.weight import Weight

__all__ = ["Guided", "evaluate_pair"]


@dataclass(frozen=True)
class Guided:
    """A strong denoiser pushed away from a weak one. Where w = 0 the weak one is not evaluated.

    Raises:
        InputError: the two live under different schedules.
    """

    strong: Denoiser
    weak: Denoiser
    weight: Weight
    gain: Gain = plain

    def __post_init__(self) -> None:
        if self.strong.schedule != self.weak.schedule:
            allowed = f"the schedule of the strong denoiser, {self.strong.schedule!r}"
            raise InputError("weak.schedule", self.weak.schedule, allowed)

    @property
    def schedule(self) -> Schedule:
        return self.strong.schedule

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        weight = self.weight(*self.schedule(t))
        if bool(weight == 0):
            return self.strong(x, t)
        x0, x0_weak = evaluate_pair(self.strong, self.weak, x, t)
        return x0 + weight * self.gain(self.strong, x, t) * (x0 - x0_weak)


def evaluate_pair(strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Both denoisers at (x, t): one batch of twice the size if only their conditions differ."""
    joint = _joined(strong, weak, len(x))
    if joint is None:
        return strong(x, t), weak(x, t)
    x0, x0_weak = joint(torch.cat([x, x]), t).chunk(2)
    return x0, x0_weak


def _joined(strong: Denoiser, weak: Denoiser, batch: int) -> Denoiser | None:
    """One denoiser for cat([x, x]): the first half as strong, the second as weak."""
    if not (isinstance(strong, NetworkDenoiser) and isinstance(weak, NetworkDenoiser)):
        return None
    if strong.network is not weak.network or strong.prediction != weak.prediction:
        return None
    first, second = tile(strong.condition, batch), tile(weak.condition, batch)
    if first is None or second is None:
        return strong if first is second else None
    if _shapes(first) != _shapes(second):
        return None
    return strong.bind({name: torch.cat([first[name], second[name]]) for name in first})


def _shapes(condition: Condition) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in condition.items()}
