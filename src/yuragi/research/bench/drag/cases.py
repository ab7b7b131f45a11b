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
from yuragi.research.bench.scores import changed
from yuragi.research.train.autoencoder import arrays_to_tensor
from yuragi.research.train.motions import Motion, motion
from yuragi.research.train.portraits import Labels, Split

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Cases", "cases"]


@dataclass(frozen=True)
class Cases:
    """Motions of portraits.

    Attributes:
        split: of the portraits.
        numbers: which of the split's motions; they key the noise.
        motions: the cases.
    """

    split: Split
    numbers: Sequence[int]
    motions: Sequence[Motion]

    def __len__(self) -> int:
        return len(self.motions)

    @cached_property
    def before(self) -> Tensor:
        """[n, 3, h, w] in [-1, 1]."""
        return arrays_to_tensor(np.stack([case.before for case in self.motions]))

    @cached_property
    def truth(self) -> Tensor:
        """[n, 3, h, w] in [-1, 1]."""
        return arrays_to_tensor(np.stack([case.after for case in self.motions]))

    @cached_property
    def change(self) -> Tensor:
        """[n, h, w], True where the truth differs from the picture before."""
        return changed(self.before, self.truth)

    @cached_property
    def vacated(self) -> Tensor:
        """[n, h, w], True where the moved content was and no longer is."""
        areas = [case.source & ~case.target for case in self.motions]
        return torch.from_numpy(np.stack(areas)) & self.change

    @cached_property
    def samples(self) -> list[Sample]:
        """What a user would have: pictures, points, masks and prompts."""
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


def cases(split: Split, numbers: Sequence[int]) -> Cases:
    """Some of a split's motions."""
    return Cases(split, numbers, [motion(split, k) for k in numbers])


def _mask_of(area: NDArray[Any] | None) -> Image.Image | None:
    """A mask from an area, True where the picture may change."""
    return None if area is None else Image.fromarray(area.astype(np.uint8) * 255)
