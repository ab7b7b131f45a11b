"""Where dragged content arrived, by registration, which needs no network.

The patch of the true picture around the target is searched for in the result. The displacement with
the smallest mean squared error is used, in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["Point", "by_registration"]

Point = tuple[float, float]

PATCH = 8
"""Half the side of a registered patch minus a half, in pixels."""
REACH = 40
"""The largest displacement that registration considers by default, in pixels."""
TIE = 1e-4
"""Tolerance on the smallest mean squared error: about one level of 255, squared."""


def by_registration(
    result: Tensor,
    truth: Tensor,
    targets: Sequence[Point],
    half: int = PATCH,
    reach: int = REACH,
    share: Tensor | None = None,
) -> Tensor:
    """The distance between each target and the place of its true content in the result, [points].

    Args:
        result: the result [3, h, w] in [-1, 1].
        truth: the true result [3, h, w] in [-1, 1].
        targets: the target points (x, y) in pixels.
        half: half the side of a patch minus a half, in pixels.
        reach: the largest displacement that is considered, in pixels.
        share: the weight of each pixel of the truth [h, w], 0 to 1; by default all weights are 1. A
            patch whose weights are all 0 counts as arrived.
    """
    share = torch.ones_like(truth[0]) if share is None else share
    height, width = truth.shape[-2:]
    found = []
    for tx, ty in targets:
        x, y = round(tx), round(ty)
        top, left = max(y - half, 0), max(x - half, 0)
        patch = truth[:, top : y + half + 1, left : x + half + 1]
        weight = share[top : y + half + 1, left : x + half + 1].expand_as(patch)
        # The positions that the corner of the patch can have in the result.
        y0, y1 = max(top - reach, 0), min(top + reach, height - patch.shape[1])
        x0, x1 = max(left - reach, 0), min(left + reach, width - patch.shape[2])
        area = result[None, :, y0 : y1 + patch.shape[1], x0 : x1 + patch.shape[2]]
        cross = nn.functional.conv2d(area, (weight * patch)[None])[0, 0]
        energy = nn.functional.conv2d(area.square(), weight[None])[0, 0]
        error = energy - 2 * cross
        # In flat surroundings many places fit equally well; the nearest one is used.
        rows = torch.arange(y0, y1 + 1, device=error.device)[:, None] - top
        columns = torch.arange(x0, x1 + 1, device=error.device)[None, :] - left
        away = (rows**2 + columns**2).sqrt()
        fits = error <= error.min() + TIE * weight.sum()
        found.append(float(away[fits].min()))
    return truth.new_tensor(found)
