r"""Where an adaptive edit needs noise: the share [b, 1, h, w] in [0, 1] of the largest amount.

Noise removes what does not fit. What that is depends on what an edit can compare with:

    reference                        share
    the unedited state of the path   min(1, u / U), u the mismatch place by place
    the part outside a mask          min(1, u / U) inside the mask, u the mismatch to the mean
    the weak side of guidance        min(1, g / G), g the pull of the prompt
    nothing                          1

u and g are those of `yuragi.edit.mismatch` and `yuragi.edit.pull`. A path has the same noise, so u
is exact there. Compared with the mean outside a mask, u scatters by more than U, so a hole gets
nearly all of the noise.

U was chosen on validation portraits with holes and translations, G on validation portraits that are
redrawn under another prompt, at 10 and 25 steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from yuragi.edit.mismatch import mismatch, outside, places
from yuragi.edit.pull import PromptPull

__all__ = ["AgainstPrompt", "BesideMask", "Need", "beside_path", "everywhere"]

MISMATCH = 0.1
"""U: the mismatch from which all of the noise is added."""
PULL = 0.1
"""G: the pull from which all of the noise is added."""


class Need(Protocol):
    """Predicted noise [b, c, h, w] -> share of noise, [b, 1, h, w] or 0-dim, in [0, 1]."""

    def __call__(self, eps: Tensor, /) -> Tensor: ...


def everywhere(eps: Tensor) -> Tensor:
    """All of the noise, for an edit that has nothing to compare with."""
    return eps.new_ones(())


def beside_path(eps: Tensor) -> Tensor:
    """The need of edited states followed by as many references; both get the same noise."""
    edited, reference = eps.chunk(2)
    need = mismatch(places(edited), places(reference)) / MISMATCH
    return need.clamp(max=1).repeat(2, 1, 1, 1)


@dataclass(frozen=True)
class BesideMask:
    """The need inside a mask, compared with the mean outside.

    Args:
        mask: [1 or b, 1, h, w], 1 inside the edit.
    """

    mask: Tensor

    def __call__(self, eps: Tensor) -> Tensor:
        need = mismatch(places(eps), outside(eps, self.mask)) / MISMATCH
        return need.clamp(max=1) * self.mask.to(eps)


@dataclass(frozen=True)
class AgainstPrompt:
    """The need where the prompt pulls; none at levels without guidance.

    Args:
        pull: the gauge of the evaluation that predicted the noise.
    """

    pull: PromptPull

    def __call__(self, eps: Tensor) -> Tensor:
        pull = self.pull.taken()
        return eps.new_zeros(()) if pull is None else (pull / PULL).clamp(max=1).to(eps)
