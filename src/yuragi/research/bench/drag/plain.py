"""Ways to drag without a network, for `yuragi.research.bench.drag.suite`.

Pictures are [n, 3, h, w] in [-1, 1].
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from yuragi.images.tensors import mask_tensor, to_tensor
from yuragi.models.model import DiffusionModel
from yuragi.research.bench.drag.cases import Cases
from yuragi.research.bench.drag.method import requested
from yuragi.research.bench.elastic.fields import FIELDS, sampled
from yuragi.tasks.warping import preview

__all__ = ["nearest", "nothing", "without_network"]


def nothing(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
    """The pictures before."""
    return cases.before


def nearest(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
    """The pictures bent by Inpaint4Drag's field, within the mask if there is one."""
    side = cases.before.shape[-1]
    y, x = np.mgrid[:side, :side].astype(np.float64)
    places, made = np.column_stack([x.ravel(), y.ravel()]), []
    for sample in cases.samples:
        before = to_tensor(sample.image)
        back = FIELDS["nearest 4"](sample.points, side)(places).reshape(side, side, 2)
        bent = sampled(before, back).float()
        inside = None if sample.mask is None else mask_tensor(sample.mask) > 0
        made.append(bent if inside is None else bent.where(inside, before))
    return torch.cat(made)


def without_network(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
    """Ours, where nothing is imagined: what a drag uncovers is filled."""
    asked = [requested(sample, "warp", "sde", seed)[0] for sample in cases.samples]
    pictures = [
        preview(request, sample.image, sample.mask)
        for request, sample in zip(asked, cases.samples, strict=True)
    ]
    return torch.cat([to_tensor(picture) for picture in pictures])
