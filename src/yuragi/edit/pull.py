r"""The pull of a prompt: how much a noisy picture has to change to fit the prompt.

The two sides of guidance differ by a score. With local means < > over a window and all channels,

    g = < (eps_weak - eps_strong)^2 >^(1/2) = < (sigma grad log p(prompt | x))^2 >^(1/2)

It is zero where the picture already fits the prompt. A picture that is redrawn is a state of the
model without the prompt, so this score is its mismatch with the prompt. Guided denoisers compute
both sides in any case, so g costs no evaluation.

Source: Ho and Salimans 2022 (arXiv 2207.12598), section 3.2, on the implicit classifier.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from yuragi.edit.mismatch import local_mean

__all__ = ["PromptPull"]


class Sides(Protocol):
    """What is read from a guided evaluation."""

    @property
    def difference(self) -> Tensor:
        """The x0 of the strong side minus the x0 of the weak side, [b, c, h, w]."""


class PromptPull:
    """A gauge of the last guided evaluation."""

    def __init__(self) -> None:
        self._last: Tensor | None = None

    def watch(self, read: Sides, weight: Tensor, alpha: Tensor, sigma: Tensor) -> None:
        """Measure the pull of an evaluation.

        Args:
            read: the guided prediction.
            weight: the weight of guidance, which has no effect here.
            alpha: the share of signal at this level, 0-dim.
            sigma: the noise level, 0-dim, above 0.
        """
        apart = (alpha / sigma).to(read.difference) * read.difference
        self._last = local_mean(apart.square().mean(1, keepdim=True)).sqrt()

    def taken(self) -> Tensor | None:
        """The pull [b, 1, h, w] at the evaluation since the last call; None if there was none."""
        last, self._last = self._last, None
        return last
