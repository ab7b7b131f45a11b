r"""The two published ways to measure a drag without the truth. Their numbers are not comparable.

`mean_distance_a` (DragDiffusion's evaluation): the feature under each source is sought by cosine
similarity in the whole result; the distance of the best place from the target, in pixels. The mean
is over all pairs of a set.

`mean_distance_b` (RegionDrag's): it is sought only within discs around source and target of radius
max(5, |target - source| / sqrt 2), and the displacement is divided by width and height. The mean is
over the pairs of a picture, then over pictures; reported times 100.

A can match a wrong place far away; B bounds the error. Both come with a perceptual distance that
rewards doing nothing, so the two must be read together.
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
    """Distance of each pair, [points], in pixels.

    Args:
        before: feature map of the picture before, [c, h, w].
        result: feature map of the result, likewise.
        points: sources and targets in pixels.
        size: height and width of the pictures.
    """
    sources, targets = (list(side) for side in zip(*points, strict=True))
    return by_features(before, result, sources, targets, size)


def mean_distance_b(
    before: Tensor, result: Tensor, points: Sequence[PointPair], size: tuple[int, int]
) -> Tensor:
    """Distance of each pair, [points], as a share of width and height; arguments as above."""
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
