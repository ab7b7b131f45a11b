r"""Known smooth maps of a picture, and pairs of points that they map to each other.

A map is backward, in pixels: for a place in the result, it gives the previous place of the content.
Within a circle it is one of `KINDS`, in units of the circle's radius and in rotated axes,

    bulge         x -> x - s exp(-3 |x|^2) x
    bend          (x, y) -> (x, y + s (1 - 2 x^2) / 4)
    stretch       (x, y) -> (x - 0.6 s x, y)
    shear         (x, y) -> (x + 0.6 s y, y)
    perspective   x -> x / (1 + s x_1 / 2) + (0.2 s, 0)

and towards the circle's edge it becomes the identity (by a quintic step from 0.3 of the radius).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from yuragi.drag import PointPair
from yuragi.drag.flow import Flow, Points
from yuragi.research.bench.grounds import SPLITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["KINDS", "STRENGTHS", "Case", "case"]

STRENGTHS = (0.25, 0.5, 0.75)
MOST = 8
"""The maximum number of point pairs in a case."""
APART = 0.06
"""The minimum distance between two targets, as a share of the side."""
LOCAL, WIDE = (0.2, 0.5), (0.5, 1.0)
"""Ranges of the circle's radius as shares of the side; cases alternate between the two."""


def _bulge(x: Points, s: float) -> Points:
    return np.asarray(-s * np.exp(-3 * (x**2).sum(1, keepdims=True)) * x)


def _bend(x: Points, s: float) -> Points:
    return np.column_stack([np.zeros(len(x)), s * (1 - 2 * x[:, 0] ** 2) / 4])


def _stretch(x: Points, s: float) -> Points:
    return np.column_stack([-0.6 * s * x[:, 0], np.zeros(len(x))])


def _shear(x: Points, s: float) -> Points:
    return np.column_stack([0.6 * s * x[:, 1], np.zeros(len(x))])


def _perspective(x: Points, s: float) -> Points:
    return np.asarray(x * (1 / (1 + s * x[:, :1] / 2) - 1) + np.array([0.2 * s, 0.0]))


KINDS: Mapping[str, Callable[[Points, float], Points]] = {
    "bulge": _bulge,
    "bend": _bend,
    "stretch": _stretch,
    "shear": _shear,
    "perspective": _perspective,
}
"""By name: (places, strength) -> the shift of the places, in units of the radius."""


@dataclass(frozen=True)
class Case:
    """A map, and the points that a flow gets.

    Attributes:
        kind: a name of `KINDS`.
        strength: one of `STRENGTHS`.
        wide: whether the circle is wide.
        back: the map.
        points: 1 to `MOST` pairs of source and target in pixels; the first pair moves.
    """

    kind: str
    strength: float
    wide: bool
    back: Flow
    points: Sequence[PointPair]


def case(split: str, index: int, side: int) -> Case:
    """The case with this number; the same on every machine.

    Args:
        split: ``validation`` for choosing settings, ``benchmark`` for reporting.
        index: 0 or more; kinds, strengths and widths alternate.
        side: the side of the square picture, in pixels.
    """
    rng = np.random.default_rng([SPLITS.index(split), index])
    kind = list(KINDS)[index % len(KINDS)]
    strength = STRENGTHS[index // len(KINDS) % len(STRENGTHS)]
    wide = bool(index // (len(KINDS) * len(STRENGTHS)) % 2)
    radius = side * rng.uniform(*(WIDE if wide else LOCAL))
    centre, angle = side * rng.uniform(0.3, 0.7, 2), rng.uniform(0, 2 * np.pi)
    back = _map(KINDS[kind], strength, radius, centre, angle)
    return Case(kind, strength, wide, back, _pairs(back, side, rng))


def _map(
    shift: Callable[[Points, float], Points],
    strength: float,
    radius: float,
    centre: NDArray[np.float64],
    angle: float,
) -> Flow:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def back(places: Points) -> Points:
        x = (places - centre) / radius @ turn
        t = np.clip((1 - np.linalg.norm(x, axis=1, keepdims=True)) / 0.7, 0, 1)
        share = t**3 * (t * (6 * t - 15) + 10)
        return np.asarray(places + radius * (share * shift(x, strength)) @ turn.T)

    return back


def _pairs(back: Flow, side: int, rng: np.random.Generator) -> list[PointPair]:
    """Pairs all over the picture; the first moves at least half as far as any candidate does."""
    count, targets = int(rng.integers(1, MOST + 1)), rng.uniform(0, side - 1, (1000, 2))
    sources = back(targets)
    inside = ((sources >= 0) & (sources <= side - 1)).all(1)
    targets, sources = targets[inside], sources[inside]
    shift = np.linalg.norm(targets - sources, axis=1)
    order = [int((shift >= shift.max() / 2).argmax()), *range(len(targets))]
    chosen: list[int] = []
    for k in order:
        if all(np.linalg.norm(targets[k] - targets[other]) >= APART * side for other in chosen):
            chosen.append(k)
        if len(chosen) == count:
            break
    return [
        (tuple(map(float, sources[k])), tuple(map(float, targets[k])))  # type: ignore[misc]
        for k in chosen
    ]
