r"""Measures of where dragged content arrived, and of what is left at its source.

- `by_features`: the feature at the source in the picture before, searched in the whole result by
  cosine similarity; the distance of the best match from the target (mean distance of Pan et al.
  2023, arXiv 2305.10973, with EfficientNet-Lite0's block 10 for features).
- `by_registration`: the true picture's patch around the target, searched in the result; the
  displacement with the smallest mean squared error. It needs no network.
- `ghost`: the share of the picture before that is left where the truth differs: with b, r, t
  the picture before, the result and the truth, the part of r - t along b - t,

      ghost = sum (r - t)(b - t) / sum (b - t)^2  within the vacated area, in [0, 1]

Distances are in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["by_features", "by_registration", "ghost"]

Point = tuple[float, float]

PATCH = 8
"""Half the side of a registered patch minus a half, in pixels."""
REACH = 40
"""The largest displacement that registration considers by default, in pixels."""


def by_features(
    before: Tensor,
    result: Tensor,
    sources: Sequence[Point],
    targets: Sequence[Point],
    size: tuple[int, int],
) -> Tensor:
    """The distance of each source's content in the result from its target, [points].

    Args:
        before: the feature map of the picture before the drag, [c, h, w].
        result: the feature map of the result, [c, h, w].
        sources: the source points (x, y) in pixels.
        targets: the target points (x, y) in pixels.
        size: the height and width of the pictures.
    """
    fine = [nn.functional.interpolate(m[None], size, mode="bilinear")[0] for m in (before, result)]
    known, sought = (each / each.norm(dim=0, keepdim=True).clamp(min=1e-12) for each in fine)
    found = []
    for (sx, sy), (tx, ty) in zip(sources, targets, strict=True):
        feature = known[:, round(sy), round(sx)]
        similarity = torch.einsum("c,chw->hw", feature, sought)
        y, x = divmod(int(similarity.argmax()), size[1])
        found.append(((x - tx) ** 2 + (y - ty) ** 2) ** 0.5)
    return before.new_tensor(found)


def by_registration(
    result: Tensor,
    truth: Tensor,
    targets: Sequence[Point],
    half: int = PATCH,
    reach: int = REACH,
    share: Tensor | None = None,
) -> Tensor:
    """The distance in the result of the true content at each target from that target, [points].

    Args:
        result: the result [3, h, w] in [-1, 1].
        truth: the true result [3, h, w] in [-1, 1].
        targets: the target points (x, y) in pixels.
        half: half the side of a patch minus a half, in pixels.
        reach: the largest displacement that is considered, in pixels.
        share: the weight of each pixel of the truth [h, w], 0 to 1; by default all count alike. A
            patch in which nothing counts is at its target.
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


TIE = 1e-4
"""Tolerance on the smallest mean squared error: about one level of 255, squared."""


def ghost(result: Tensor, before: Tensor, truth: Tensor, vacated: Tensor) -> Tensor:
    """The share of the old content that is left where it should be gone, 0-dim.

    It is NaN if the content should not be gone anywhere.

    Args:
        result: the result [3, h, w] in [-1, 1].
        before: the picture before the drag, [3, h, w] in [-1, 1].
        truth: the true result [3, h, w] in [-1, 1].
        vacated: the vacated area [h, w], True where the content was and no longer is.
    """
    inside = vacated.to(truth)
    old = (before - truth) * inside
    left = ((result - truth) * old).sum() / old.square().sum()
    return left.clamp(0, 1)
