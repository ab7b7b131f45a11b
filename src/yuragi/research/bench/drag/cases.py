"""The cases of `yuragi.research.bench.drag.suite`, as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from yuragi.research.bench.dragbench import Sample
from yuragi.research.bench.grounds import ground
from yuragi.research.bench.truth import Truth
from yuragi.research.train.autoencoder import arrays_to_tensor
from yuragi.research.train.motions import Motion, motion
from yuragi.research.train.portraits import SIZE, Labels, Split

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EVEN", "Cases", "cases"]

EVEN = "even"
"""The portraits' own backgrounds, each of one colour."""


@dataclass(frozen=True)
class Cases:
    """Motions of portraits.

    Attributes:
        split: the split of the portraits.
        behind: the kind of background.
        numbers: the indices of the motions in the split; they key the noise.
        motions: the cases.
    """

    split: Split
    behind: str
    numbers: Sequence[int]
    motions: Sequence[Motion]

    def __len__(self) -> int:
        return len(self.motions)

    @cached_property
    def before(self) -> Tensor:
        """The pictures before the drag, [n, 3, h, w] in [-1, 1]."""
        return arrays_to_tensor(np.stack([case.before for case in self.motions]))

    @cached_property
    def truth(self) -> Tensor:
        """The true results, [n, 3, h, w] in [-1, 1]."""
        return arrays_to_tensor(np.stack([case.after for case in self.motions]))

    @cached_property
    def known(self) -> Truth:
        """The true results, and the areas and points of the motions."""
        source, target = (
            torch.from_numpy(np.stack([getattr(case, name) for case in self.motions]))
            for name in ("source", "target")
        )
        points = [case.points for case in self.motions]
        return Truth(self.before, self.truth, source, target, points)

    @cached_property
    def samples(self) -> list[Sample]:
        """The input of a user: pictures, points, masks and prompts."""
        return [
            Sample(
                f"{case.kind} {number}",
                Image.fromarray(case.before),
                _mask_of(case.mask),
                case.points,
                case.prompt,
            )
            for number, case in zip(self.numbers, self.motions, strict=True)
        ]

    @property
    def labels(self) -> list[Labels]:
        return [case.portrait.labels for case in self.motions]


def cases(split: Split, numbers: Sequence[int], behind: str = EVEN) -> Cases:
    """Some of a split's motions.

    Args:
        split: the split of the portraits.
        numbers: the indices of the motions.
        behind: the kind of background: `EVEN`, or a kind of `yuragi.research.bench.grounds`.
    """
    grounds = [None if behind == EVEN else ground(behind, split, k, SIZE) for k in numbers]
    motions = [motion(split, k, each) for k, each in zip(numbers, grounds, strict=True)]
    return Cases(split, behind, numbers, motions)


def _mask_of(area: NDArray[Any] | None) -> Image.Image | None:
    """A mask from an area that is True where the picture may change."""
    return None if area is None else Image.fromarray(area.astype(np.uint8) * 255)
