"""Drag methods without a network, for `yuragi.research.bench.drag.suite`.

Pictures are [n, 3, h, w] in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from yuragi.drag import PointPair, handles
from yuragi.drag.paste import paste
from yuragi.images.tensors import mask_tensor, to_tensor
from yuragi.models.model import DiffusionModel
from yuragi.research.bench.drag.cases import Cases
from yuragi.research.bench.drag.method import box_radius, requested
from yuragi.research.bench.elastic.fields import FIELDS, on_grid, sampled
from yuragi.tasks.warping import preview

__all__ = ["boxes_copied", "nearest", "nothing", "without_network"]


def boxes_copied(before: Tensor, points: Sequence[PointPair]) -> Tensor:
    """The picture [1, 3, h, w] with SDE-Drag's boxes copied from the sources to the targets."""
    moves, radius = handles(points, 1), box_radius() * min(before.shape[-2:])
    still = torch.zeros_like(before)
    return paste(before, before, moves, radius, gain=1.0, keep=1.0, noise=still)


def nothing(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
    """The unchanged pictures."""
    return cases.before


def nearest(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
    """The pictures bent by Inpaint4Drag's flow, within the mask if there is one."""
    side = cases.before.shape[-1]
    made = []
    for sample in cases.samples:
        before = to_tensor(sample.image)
        bent = sampled(before, on_grid(FIELDS["nearest 4"](sample.points, side), side)).float()
        inside = None if sample.mask is None else mask_tensor(sample.mask) > 0
        made.append(bent if inside is None else bent.where(inside, before))
    return torch.cat(made)


def without_network(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
    """Our method without the network: the area that a drag uncovers is only filled."""
    asked = [requested(sample, "warp", "sde", seed)[0] for sample in cases.samples]
    pictures = [
        preview(request, sample.image, sample.mask)
        for request, sample in zip(asked, cases.samples, strict=True)
    ]
    return torch.cat([to_tensor(picture) for picture in pictures])
