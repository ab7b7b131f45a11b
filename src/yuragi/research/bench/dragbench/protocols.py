r"""The two published ways to measure a drag without the truth. Their numbers are not comparable.

`mean_distance_a` (DragDiffusion's evaluation) searches the whole result for the feature under each
source by cosine similarity, and gives the distance of the best match from the target in pixels. The
mean is over all pairs of a set.

`mean_distance_b` (RegionDrag's evaluation) searches only within discs around source and target, of
radius max(5, |target - source| / sqrt 2), and divides the displacement by width and height. The
mean is over the pairs of a picture, then over pictures, and it is reported times 100.

Protocol A can match a wrong place far away, whereas B bounds the error. Both are published together
with a perceptual distance, which rewards doing nothing, so the two numbers must be read together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from yuragi.drag import PointPair
from yuragi.research.metrics.arrival import by_features

__all__ = ["mean_distance_a", "mean_distance_b"]


def mean_distance_a(
    before: Tensor, result: Tensor, points: Sequence[PointPair], size: tuple[int, int]
) -> Tensor:
    """The distance of each pair, [points], in pixels.

    Args:
        before: the feature map of the picture before the drag, [c, h, w].
        result: the feature map of the result, [c, h, w].
        points: the sources and targets in pixels.
        size: the height and width of the pictures.
    """
    sources, targets = (list(side) for side in zip(*points, strict=True))
    return by_features(before, result, sources, targets, size)


def mean_distance_b(
    before: Tensor, result: Tensor, points: Sequence[PointPair], size: tuple[int, int]
) -> Tensor:
    """The distance of each pair, [points], as a share of width and height; arguments as above."""
    height, width = size
    fine = [nn.functional.interpolate(m[None], size, mode="bilinear")[0] for m in (before, result)]
    known, sought = (each / each.norm(dim=0, keepdim=True).clamp(min=1e-12) for each in fine)
    rows = torch.arange(height)[:, None]
    columns = torch.arange(width)[None, :]
    found = []
    for (sx, sy), (tx, ty) in points:
        radius = max(5.0, math.hypot(tx - sx, ty - sy) / math.sqrt(2))
        near = torch.zeros(size, dtype=torch.bool)
        for x, y in ((sx, sy), (tx, ty)):
            near |= (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
        feature = known[:, round(sy), round(sx)]
        similarity = torch.einsum("c,chw->hw", feature, sought).where(near, -math.inf)
        y, x = divmod(int(similarity.argmax()), width)
        found.append(math.hypot((x - tx) / width, (y - ty) / height))
    return before.new_tensor(found)
