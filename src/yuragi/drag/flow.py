r"""A dense flow from a few points: the simplest map that takes every source to its target.

In this order, the first that fits within `TOLERANCE` pixels:

    translation   x -> x + d
    similarity    x -> a R x + d       rotation, scale and shift (least squares; Umeyama 1991)
    spline        thin plates          bends least among all that fit exactly (Bookstein 1989)

Where sources or targets lie on a line, nothing says how to move what is beside it. There, the
similarity says it for a place on each side, and the spline goes through these two places too.

A flow is a backward map from a point in the result to the point where its content was. So it is
fitted from targets to sources.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from yuragi.drag.spec import PointPair, RegionPair

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Flow", "Points", "ends", "flow_of", "similarity"]

Complex: TypeAlias = "NDArray[np.complexfloating[Any, Any]]"
"""[n]: points as x + i y."""
Points: TypeAlias = "NDArray[np.float64]"
"""[n, 2]: x and y in pixels, at pixels' centres."""

Flow: TypeAlias = Callable[[Points], Points]
"""A backward flow: points in the result -> the points where their content was."""

TOLERANCE = 0.75
MANY, NEIGHBOURS = 400, 60
"""A spline of more than `MANY` points uses only the `NEIGHBOURS` nearest: its cost is cubic."""


def flow_of(points: Sequence[PointPair], regions: Sequence[RegionPair] = ()) -> Flow:
    """The backward flow of points and of corners of regions, in pixels.

    Targets must differ; a pair can be given twice, such as by two regions with a common corner.
    """
    pairs = [*points]
    for corners, targets in regions:
        pairs += zip(corners, targets, strict=True)
    source, target = ends(list(dict.fromkeys(pairs)))
    for fit in (_translation, _similarity):
        found = fit(target, source)
        if np.linalg.norm(found(target) - source, axis=1).max() <= TOLERANCE:
            return found
    return _spline(target, source)


def ends(pairs: Sequence[PointPair]) -> tuple[Points, Points]:
    """The sources and the targets of pairs of points."""
    source, target = (np.array([pair[side] for pair in pairs], np.float64) for side in (0, 1))
    return source, target


def _translation(target: Points, source: Points) -> Flow:
    back = (source - target).mean(0)
    return lambda points: points + back


def _similarity(target: Points, source: Points) -> Flow:
    a, z0, w0 = similarity(target @ (1, 1j), source @ (1, 1j))

    def back(places: Points) -> Points:
        moved = a * (places @ (1, 1j) - z0) + w0
        return np.column_stack([moved.real, moved.imag])

    return back


def similarity(z: Complex, w: Complex) -> tuple[complex, complex, complex]:
    """The turn and scale a and the centres z0 and w0 of w = a (z - z0) + w0, by least squares.

    Points are complex numbers x + i y. A single point has a = 1.
    """
    z0, w0 = complex(z.mean()), complex(w.mean())
    spread = float((np.abs(z - z0) ** 2).sum())
    a = complex(((w - w0) * (z - z0).conj()).sum() / spread) if spread > 0 else 1.0
    return a, z0, w0


def _spline(target: Points, source: Points) -> Flow:
    from scipy.interpolate import RBFInterpolator

    near = None if len(target) <= MANY else NEIGHBOURS
    if _on_line(source) or _on_line(target):
        beside = _beside(target)
        source = np.vstack([source, _similarity(target, source)(beside)])
        target = np.vstack([target, beside])
    found = RBFInterpolator(target, source, near, kernel="thin_plate_spline", degree=1)
    return lambda points: np.asarray(found(points))


def _on_line(points: Points) -> bool:
    apart, along = _axis(points @ (1, 1j))
    return bool(abs((apart * along.conjugate()).imag).max() <= TOLERANCE)


def _beside(points: Points) -> Points:
    """A place on each side of the line along points, farther away than any of them."""
    z = points @ (1, 1j)
    apart, along = _axis(z)
    beside = z.mean() + 2j * along * abs(apart).max() * np.array([1, -1])
    return np.column_stack([beside.real, beside.imag])


def _axis(z: Complex) -> tuple[Complex, complex]:
    """Points relative to their centre, and the direction in which they vary most."""
    apart = z - z.mean()
    return apart, complex(np.exp(0.5j * np.angle((apart**2).sum())))
