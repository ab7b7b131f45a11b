r"""Damaged results of a drag, which the intent score must rank below the true one.

- ``nothing``: the picture before the drag;
- ``copy``: the moved content is at its target and still at its source;
- ``ghost``: the true result, half transparent over the picture before the drag;
- ``boxes``: SDE-Drag's boxes copied in pixels;
- ``boxes, blocks``: the same, with blocks of colour at the boxes' previous places;
- ``blocks``: the true result with blocks of colour where the drag uncovered something, or in the
  left half of the change if it uncovered nothing;
- ``torn``: segments of similar colour under the points, cut out and moved, as a drag without a mask
  did before it bent photographs; not for drawings on a plain background, where this is correct.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from yuragi.drag import warp
from yuragi.drag.flow import flow_of
from yuragi.drag.ground import Ground
from yuragi.drag.region import moving
from yuragi.images.tensors import to_tensor
from yuragi.research.bench.drag.method import box_radius
from yuragi.research.bench.drag.plain import boxes_copied
from yuragi.research.bench.intent.drags import Drag
from yuragi.tasks.warping import preview

__all__ = ["VARIANTS", "ours"]

BLOCK = 16
"""The number of blocks of colour along a picture's longer side."""


def _nothing(drag: Drag) -> Tensor:
    return to_tensor(drag.before)


def _copy(drag: Drag) -> Tensor | None:
    if not (drag.source & ~drag.target).any():
        return None
    target = torch.from_numpy(drag.target)
    return to_tensor(drag.truth).where(target, to_tensor(drag.before))


def _ghost(drag: Drag) -> Tensor:
    return (to_tensor(drag.before) + to_tensor(drag.truth)) / 2


def _boxes(drag: Drag) -> Tensor:
    return boxes_copied(to_tensor(drag.before), drag.points)


def _boxes_with_blocks(drag: Drag) -> Tensor:
    moved = _boxes(drag)
    radius = box_radius() * min(moved.shape[-2:])
    rows, columns = torch.meshgrid(*map(torch.arange, moved.shape[-2:]), indexing="ij")

    def boxes(end: int) -> Tensor:
        found = torch.zeros_like(rows, dtype=torch.bool)
        for pair in drag.points:
            x, y = pair[end]
            found |= ((columns - x).abs() <= radius) & ((rows - y).abs() <= radius)
        return found

    return _coloured(drag).where(boxes(0) & ~boxes(1), moved)


def _blocks(drag: Drag) -> Tensor:
    vacated = torch.from_numpy(drag.source & ~drag.target)
    if not bool(vacated.any()):
        columns = drag.change.nonzero()[:, 1].float()
        left = torch.arange(vacated.shape[1]) <= columns.median()
        vacated = drag.change & left
    return _coloured(drag).where(vacated, to_tensor(drag.truth))


def _coloured(drag: Drag) -> Tensor:
    """Blocks in jittered colours of the picture; the random numbers are keyed by the points."""
    rng = np.random.default_rng(round(1000 * sum(map(sum, drag.points[0]))))
    pixels = np.asarray(drag.before)
    height, width = pixels.shape[:2]
    side = max(1, max(height, width) // BLOCK)
    down, across = -(-height // side), -(-width // side)
    picked = pixels.reshape(-1, 3)[rng.integers(height * width, size=(down, across))]
    colours = (picked + rng.normal(0, 25, picked.shape)).clip(0, 255) / 127.5 - 1
    whole = colours.repeat(side, 0).repeat(side, 1)[:height, :width]
    return torch.from_numpy(whole).float().permute(2, 0, 1)[None]


def _torn(drag: Drag) -> Tensor | None:
    area = moving(drag.before, drag.points, [], None)
    if Ground(drag.before, area).is_even:
        return None
    return warp(to_tensor(drag.before), area, flow_of(drag.points), None).picture


VARIANTS: Mapping[str, Callable[[Drag], Tensor | None]] = {
    "nothing": _nothing,
    "copy": _copy,
    "ghost": _ghost,
    "boxes": _boxes,
    "boxes, blocks": _boxes_with_blocks,
    "blocks": _blocks,
    "torn": _torn,
}
"""By name: drag -> the picture [1, 3, h, w] in [-1, 1], or None if the drag has no such variant."""


def ours(drag: Drag) -> Tensor:
    """Yuragi's result without a network, [1, 3, h, w]: the uncovered area is filled."""
    request, _ = drag.request(0)
    return to_tensor(preview(request, drag.before, drag.given.get("mask")))
