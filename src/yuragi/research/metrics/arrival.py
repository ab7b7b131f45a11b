r"""Measures of where dragged content arrived, and of what is left at its source.

- `by_features`: takes the feature at the source in the picture before the drag, searches the whole
  result for it by cosine similarity, and gives the distance of the best match from the target
  (mean distance of Pan et al. 2023, arXiv 2305.10973, with features of EfficientNet-Lite0's
  block 10).
- `ghost`: the share of the old content that is left in the vacated area. With b, r and t the
  picture before, the result and the truth, it is the part of r - t along b - t:

      ghost = sum (r - t)(b - t) / sum (b - t)^2  within the vacated area, in [0, 1]

Distances are in pixels. See also `yuragi.drag.arrival`, which finds content by registration.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from yuragi.drag.arrival import Point

__all__ = ["by_features", "ghost"]


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


def ghost(result: Tensor, before: Tensor, truth: Tensor, vacated: Tensor) -> Tensor:
    """The share of the old content that is left where it should be gone, 0-dim.

    It is NaN if no content should have disappeared.

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
