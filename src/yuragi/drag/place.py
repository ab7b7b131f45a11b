r"""Handles of a selection: move, turn and resize what a polygon holds.

About a fixed point c, by default the mean of the corners,

    x -> c + s R(angle) (x - c) + d

so that a selection becomes a `RegionPair` like any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from yuragi.drag.spec import RegionPair
from yuragi.errors import InputError

__all__ = ["placed"]

Point = tuple[float, float]


def placed(
    corners: Sequence[Point],
    move: Point = (0.0, 0.0),
    rotate: float = 0.0,
    enlarge: float = 1.0,
    about: Point | None = None,
) -> RegionPair:
    """A polygon and where its handles put it.

    Args:
        corners: (x, y) in pixels.
        move: d, to the right and down, pixels.
        rotate: angle in degrees, clockwise as seen.
        enlarge: s, above 0, at most 100; 1 keeps the size.
        about: c; by default the mean of the corners.

    Raises:
        InputError: no corners, a size out of range, or handles that were left where they are.
    """
    if not corners:
        raise InputError("select", tuple(corners), "three or more corners x,y in pixels")
    if not 0 < enlarge <= 100:
        raise InputError("enlarge", enlarge, "above 0, at most 100")
    if not all(map(math.isfinite, (*move, rotate))):
        raise InputError("move", (*move, rotate), "finite numbers")
    if move == (0, 0) and rotate % 360 == 0 and enlarge == 1:
        raise InputError("move", move, "--move, --rotate or --enlarge with a selection")
    mean = [sum(values) / len(corners) for values in zip(*corners, strict=True)]
    cx, cy = about or mean
    cosine = enlarge * math.cos(math.radians(rotate))
    sine = enlarge * math.sin(math.radians(rotate))
    targets = tuple(
        (
            cx + cosine * (x - cx) - sine * (y - cy) + move[0],
            cy + sine * (x - cx) + cosine * (y - cy) + move[1],
        )
        for x, y in corners
    )
    return tuple((float(x), float(y)) for x, y in corners), targets
