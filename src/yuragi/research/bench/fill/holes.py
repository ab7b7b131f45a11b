r"""Holes like those that drags leave, cut into pictures whose content there is known.

A drag cuts an object out and pastes it elsewhere. A fill never sees the object, so the whole area
of the object is unknown to it. Only the part that the moved object does not cover has to look
right. The object is a blob with a wavy outline,

    r(phi) = 1 + sum_k a_k cos(k phi + p_k),  k = 2 ... 5,

stretched, rotated and scaled to a share of the picture. The kinds in `KINDS` differ in how far the
object moves:

    whole       away from its place, so that the whole hole shows
    crescent    by 0.15 to 0.6 of its width
    rim         by 0.01 to 0.03 of the picture's side

Photographs are the real case. The control cases are drawn backgrounds, which are so simple that a
fill does not have to invent anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import binary_dilation, shift

from yuragi.images.shapes import polygon
from yuragi.research.bench.grounds import SPLITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from yuragi.images.fill import Where

    Pixels = NDArray[np.uint8]

__all__ = ["GROUNDS", "KINDS", "Hole", "ground", "hole"]

SMALLEST, LARGEST = 0.01, 0.1
"""The smallest and largest share of the picture that is unknown."""
ROUND = np.linspace(0, 2 * np.pi, 96, endpoint=False)
"""The angles of an outline's corners."""


def _whole(rng: np.random.Generator, width: float, side: int) -> float:
    return 2.0 * side


def _crescent(rng: np.random.Generator, width: float, side: int) -> float:
    return float(rng.uniform(0.15, 0.6)) * width


def _rim(rng: np.random.Generator, width: float, side: int) -> float:
    return float(rng.uniform(0.01, 0.03)) * side


KINDS: Mapping[str, Callable[[np.random.Generator, float, int], float]] = {
    "whole": _whole,
    "crescent": _crescent,
    "rim": _rim,
}
"""By name: (random, width of the blob, side of the picture) -> length of the move in pixels."""


@dataclass(frozen=True)
class Hole:
    """A hole in a square picture.

    Attributes:
        kind: a name of `KINDS`.
        share: the share of the picture that is unknown, about `SMALLEST` to `LARGEST`.
        unknown: the area that a fill has to generate [h, w], True inside.
        shown: the part of this area that the moved object does not cover [h, w].
    """

    kind: str
    share: float
    unknown: Where
    shown: Where


def hole(split: str, index: int, side: int) -> Hole:
    """The hole with this number; the same on every machine.

    Args:
        split: ``validation`` for choosing a fill, ``benchmark`` for reporting.
        index: 0 or more; the kinds alternate.
        side: the side of the square picture, in pixels.
    """
    rng = _random(split, index)
    kind = list(KINDS)[index % len(KINDS)]
    share = float(np.exp(rng.uniform(*np.log([SMALLEST, LARGEST]))))
    waves = rng.uniform(-0.1, 0.1, 4), rng.uniform(0, 2 * np.pi, 4)
    radius = 1 + sum(a * np.cos(k * ROUND + p) for k, a, p in zip(range(2, 6), *waves, strict=True))
    outline = radius[:, None] * np.column_stack([np.cos(ROUND), np.sin(ROUND)])
    outline[:, 0] *= rng.uniform(0.6, 1)
    outline = outline @ _turn(rng.uniform(0, 2 * np.pi))
    outline *= side * np.sqrt(share / _area(outline))
    low, high = -outline.min(0) + 2, side - 3 - outline.max(0)
    outline += rng.uniform(low, high)
    thing = np.asarray(polygon([tuple(corner) for corner in outline], (side, side))) > 0
    # As in a warp, the object's edge is soft, so the pixels that it touches are unknown too.
    unknown = np.asarray(binary_dilation(thing, np.ones((3, 3), np.bool_)))
    far = KINDS[kind](rng, float(np.ptp(outline, axis=0).mean()), side)
    angle = rng.uniform(0, 2 * np.pi)
    moved = shift(thing, far * np.array([np.sin(angle), np.cos(angle)]), order=0)
    return Hole(kind, float(unknown.mean()), unknown, unknown & ~np.asarray(moved))


def _random(split: str, index: int) -> np.random.Generator:
    return np.random.default_rng([SPLITS.index(split), index])


def _turn(angle: float) -> NDArray[np.float64]:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _area(outline: NDArray[np.float64]) -> float:
    """The area of a polygon, by the shoelace formula."""
    (x, y), (next_x, next_y) = outline.T, np.roll(outline, -1, axis=0).T
    return abs(float((x * next_y - next_x * y).sum())) / 2


def _flat(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    return np.tile(rng.uniform(0, 255, 3), (side, side, 1))


def _two_colours(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    along = _along(rng, side)[..., None]
    one, other = rng.uniform(0, 255, (2, 3))
    return np.asarray(np.where(along < rng.uniform(-0.2, 0.2), one, other))


def _gradient(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    share = 0.5 + 0.5 * _along(rng, side)[..., None]
    one, other = rng.uniform(0, 255, (2, 3))
    return np.asarray((1 - share) * one + share * other)


def _along(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    """The distance along a random direction, about -1 to 1 within the picture."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    return np.asarray((np.cos(angle) * x + np.sin(angle) * y) / np.sqrt(2))


GROUNDS: Mapping[str, Callable[[np.random.Generator, int], NDArray[np.float64]]] = {
    "flat": _flat,
    "two colours": _two_colours,
    "gradient": _gradient,
}
"""By name: (random, side) -> a simple background [h, w, 3], levels 0 to 255."""


def ground(name: str, split: str, index: int, side: int) -> Pixels:
    """A drawn background [h, w, 3]; the same on every machine.

    Args:
        name: a name of `GROUNDS`.
        split: ``validation`` or ``benchmark``.
        index: 0 or more.
        side: the side of the square picture, in pixels.
    """
    levels: Pixels = GROUNDS[name](_random(split, index), side).round().astype(np.uint8)
    return levels
