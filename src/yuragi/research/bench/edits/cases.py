"""The cases of `yuragi.research.bench.edits.suite`: pictures, prompts and true results."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from yuragi.research.bench.scores import changed
from yuragi.research.train.autoencoder import arrays_to_tensor
from yuragi.research.train.pairs import KINDS, hole, pair
from yuragi.research.train.portraits import Labels, Split, caption, draw, portrait

__all__ = ["Cases", "holes", "pairs"]


@dataclass(frozen=True)
class Cases:
    """Pictures, prompts and true results.

    Attributes:
        before: the pictures before the edit, [n, 3, h, w] in [-1, 1]; for inpainting, holes are
            grey.
        truth: the true results, [n, 3, h, w].
        change: [n, h, w], True where the truth differs from the picture before the edit.
        prompts: descriptions of the true results.
        source_prompts: descriptions of the pictures before the edit.
        labels: the labels of the true results.
        kinds: the kinds of change or hole.
    """

    split: Split
    before: Tensor
    truth: Tensor
    change: Tensor
    prompts: list[str]
    source_prompts: list[str]
    labels: list[Labels]
    kinds: list[str]
    is_hole: bool

    def __len__(self) -> int:
        return len(self.kinds)

    @cached_property
    def everywhere(self) -> Tensor:
        return torch.ones_like(self.change)


def pairs(split: Split, n: int, seed: int) -> Cases:
    """`n` pictures with one label to change, equally many of each kind; n is a multiple of 7."""
    kinds = [kind for kind in KINDS for _ in range(n // len(KINDS))]
    drawn = [pair(split, k, kind) for k, kind in enumerate(kinds)]
    before, truth = (
        arrays_to_tensor(np.stack([draw(getattr(each, side)) for each in drawn]))
        for side in ("before", "after")
    )
    change = changed(before, truth)
    captions = [each.captions(seed + k) for k, each in enumerate(drawn)]
    sources, prompts = (list(column) for column in zip(*captions, strict=True))
    labels = [each.after.labels for each in drawn]
    return Cases(split, before, truth, change, prompts, sources, labels, kinds, False)


def holes(split: Split, n: int, seed: int) -> Cases:
    """`n` pictures with a hole; the kinds alternate."""
    found = [hole(split, k) for k in range(n)]
    portraits = [portrait(split, k) for k in range(n)]
    truth = arrays_to_tensor(np.stack([draw(each) for each in portraits]))
    change = torch.from_numpy(np.stack([inside for _, inside in found]))
    before = torch.where(change[:, None], torch.zeros_like(truth), truth)
    labels = [each.labels for each in portraits]
    prompts = [
        caption(each, np.random.default_rng([seed + k, 17]), empty=0.0, named=1.0)
        for k, each in enumerate(labels)
    ]
    return Cases(
        split, before, truth, change, prompts, prompts, labels, [k for k, _ in found], True
    )
