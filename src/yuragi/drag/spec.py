r"""Points: from pixels, as the user sees them, to positions on the latent grid.

At the edges of the program a point is ``(x, y)`` in pixels, x to the right, y down. Inside it is
the position of the pixel's centre in cells of the latent grid, as real numbers: cell j covers
[j, j + 1). Nothing is rounded here, so no part of a motion is lost.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from yuragi.errors import InputError

__all__ = [
    "Handle",
    "PointPair",
    "RegionPair",
    "drag_count",
    "handles",
    "parse_corners",
    "parse_point",
    "parse_points",
    "parse_region",
    "parse_regions",
]

PointPair = tuple[tuple[float, float], tuple[float, float]]
RegionPair = tuple[tuple[tuple[float, float], ...], tuple[tuple[float, float], ...]]
"""Corners of a polygon, and where they go."""

_ARROW = re.compile(
    r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*:"
    r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*"
)


@dataclass(frozen=True)
class Handle:
    """One drag, in cells of the latent grid.

    Attributes:
        x: column of the source.
        y: row of the source.
        dx: columns to move to the right.
        dy: rows to move down.
    """

    x: float
    y: float
    dx: float
    dy: float

    @property
    def length(self) -> float:
        """Length of the motion in cells."""
        return math.hypot(self.dx, self.dy)

    def part(self, start: float, stop: float) -> Handle:
        """The part of the motion between the fractions `start` and `stop` of its way."""
        share = stop - start
        return Handle(
            self.x + start * self.dx, self.y + start * self.dy, share * self.dx, share * self.dy
        )


def parse_point(text: str) -> PointPair:
    """Read ``"70,52:70,40"``: source x,y, a colon, target x,y, in pixels.

    Raises:
        InputError: any other form.
    """
    match = _ARROW.fullmatch(text)
    if match is None:
        raise InputError("point", text, "source and target in pixels as x,y:x,y, e.g. 70,52:70,40")
    sx, sy, tx, ty = (float(number) for number in match.groups())
    return (sx, sy), (tx, ty)


def parse_points(points: Sequence[PointPair], width: int, height: int) -> tuple[PointPair, ...]:
    """Check point pairs against a picture's size.

    Raises:
        InputError: no pairs, malformed pairs, points outside the picture, equal source and
            target, or two pairs with the same source or the same target.
    """
    form = "a list of ((x, y), (x, y)) pairs: source and target in pixels"
    try:
        pairs = tuple(
            ((float(sx), float(sy)), (float(tx), float(ty))) for (sx, sy), (tx, ty) in points
        )
    except (TypeError, ValueError) as error:
        raise InputError("points", points, form) from error
    if not pairs:
        raise InputError("points", points, form + "; at least one, or a region")
    for source, target in pairs:
        for name, (x, y) in (("source", source), ("target", target)):
            if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
                raise InputError(
                    "points", f"{name} {x:g},{y:g}", f"x 0 to {width - 1}, y 0 to {height - 1}"
                )
        if source == target:
            raise InputError("points", f"{source[0]:g},{source[1]:g}", "a target unlike its source")
    if len({source for source, _ in pairs}) < len(pairs):
        raise InputError("points", pairs, "each source point once")
    if len({target for _, target in pairs}) < len(pairs):
        raise InputError("points", pairs, "each target point once")
    return pairs


def parse_region(text: str) -> RegionPair:
    """Read ``"10,10 40,10 40,40:20,10 50,10 50,40"``: corners, a colon, where they go, in pixels.

    Raises:
        InputError: any other form.
    """
    sides = text.split(":")
    if len(sides) != 2:
        allowed = "corners, a colon and where they go: x,y x,y x,y:x,y x,y x,y in pixels"
        raise InputError("region", text, allowed)
    return parse_corners("region", sides[0]), parse_corners("region", sides[1])


def parse_corners(argument: str, text: str) -> tuple[tuple[float, float], ...]:
    """Read ``"10,10 40,10 40,40"``: corners in pixels.

    Raises:
        InputError: any other form, about `argument`.
    """
    try:
        return tuple(
            (float(x), float(y)) for x, y in (corner.split(",") for corner in text.split())
        )
    except ValueError as error:
        raise InputError(argument, text, "corners x,y x,y x,y in pixels") from error


def parse_regions(regions: Sequence[RegionPair], width: int, height: int) -> tuple[RegionPair, ...]:
    """Check polygons against a picture's size.

    Raises:
        InputError: fewer than three corners, another number of targets, a corner outside of the
            picture, an area of none, or corners that stay where they are.
    """
    form = "pairs of three or more (x, y) corners and as many targets, in pixels"
    try:
        found = tuple((_corners(source), _corners(target)) for source, target in regions)
    except (TypeError, ValueError) as error:
        raise InputError("regions", regions, form) from error
    for source, target in found:
        if len(source) < 3 or len(source) != len(target):
            raise InputError("regions", (source, target), form)
        for x, y in source:
            if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
                allowed = f"corners with x 0 to {width - 1}, y 0 to {height - 1}"
                raise InputError("regions", f"{x:g},{y:g}", allowed)
        if _area(source) < 1 or len(set(source)) < len(source):
            raise InputError("regions", source, "corners around an area, each once")
        if source == target:
            raise InputError("regions", source, "a target unlike its source")
    return found


def _corners(given: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in given)


def _area(corners: Sequence[tuple[float, float]]) -> float:
    """Of a polygon, in square pixels (shoelace formula)."""
    pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2


def handles(pairs: Sequence[PointPair], cell: int) -> list[Handle]:
    """Pixel pairs as handles on a grid of `cell` x `cell` pixels."""
    return [
        Handle((sx + 0.5) / cell, (sy + 0.5) / cell, (tx - sx) / cell, (ty - sy) / cell)
        for (sx, sy), (tx, ty) in pairs
    ]


def drag_count(length: float, step: float) -> int:
    """How many drags a motion of `length` cells is cut into, each about `step` cells.

    1 when the motion is no longer than a step; else the whole number around length / step whose
    drags are nearest to a step in length (SDE-Drag, section 2.3 of its released settings).
    """
    if length <= step:
        return 1
    fewer = math.trunc(length / step)
    return min((fewer, fewer + 1), key=lambda m: abs(length / m - step))
