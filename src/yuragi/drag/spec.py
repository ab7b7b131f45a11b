r"""Conversion of points from pixels to positions on the latent grid.

In the API a point is ``(x, y)`` in pixels, x to the right, y down. Inside the library it is the
position of the pixel's centre in cells of the latent grid, as real numbers: cell j covers
[j, j + 1). Nothing is rounded here, so no part of a motion is lost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "Handle",
    "PointPair",
    "RegionPair",
    "drag_count",
    "handles",
]

PointPair = tuple[tuple[float, float], tuple[float, float]]
RegionPair = tuple[tuple[tuple[float, float], ...], tuple[tuple[float, float], ...]]
"""The corners of a polygon, and their targets."""


@dataclass(frozen=True)
class Handle:
    """One drag, in cells of the latent grid.

    Attributes:
        x: the column of the source.
        y: the row of the source.
        dx: the number of columns to move to the right.
        dy: the number of rows to move down.
    """

    x: float
    y: float
    dx: float
    dy: float

    @property
    def length(self) -> float:
        """The length of the motion in cells."""
        return math.hypot(self.dx, self.dy)

    def part(self, start: float, stop: float) -> Handle:
        """The part of the motion between the fractions `start` and `stop` of its length."""
        share = stop - start
        return Handle(
            self.x + start * self.dx, self.y + start * self.dy, share * self.dx, share * self.dy
        )


def handles(pairs: Sequence[PointPair], cell: int) -> list[Handle]:
    """Convert pixel pairs to handles on a grid of `cell` x `cell` pixels."""
    return [
        Handle((sx + 0.5) / cell, (sy + 0.5) / cell, (tx - sx) / cell, (ty - sy) / cell)
        for (sx, sy), (tx, ty) in pairs
    ]


def drag_count(length: float, step: float) -> int:
    """The number of drags into which a motion of `length` cells is divided, each about `step`
    cells.

    It is 1 if the motion is no longer than a step. Otherwise it is the whole number around
    length / step whose drags are nearest to a step in length (SDE-Drag, section 2.3 of its released
    settings).
    """
    if length <= step:
        return 1
    fewer = math.trunc(length / step)
    return min((fewer, fewer + 1), key=lambda m: abs(length / m - step))
