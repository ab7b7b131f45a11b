"""How far places are from the convex hull of some points."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from yuragi.drag.flow import Points

__all__ = ["apart_from_hull"]


def apart_from_hull(points: Points) -> Callable[[Points], NDArray[np.float64]]:
    """The distances [m] of places [m, 2] from the convex hull of points [n, 2]; 0 inside.

    The hull of one point is that point, and the hull of points on a line is a segment.
    """
    import cv2

    corners = cv2.convexHull(points.astype(np.float32))[:, 0].astype(np.float64) @ (1, 1j)
    edges = np.roll(corners, -1) - corners
    square = np.maximum(abs(edges) ** 2, np.finfo(np.float64).tiny)

    def apart(places: Points) -> NDArray[np.float64]:
        from_corners = (places @ (1, 1j))[:, None] - corners
        turned = from_corners * edges.conj()
        # The nearest place on each edge, as a share of its length.
        along = np.clip(turned.real / square, 0, 1)
        found = abs(from_corners - along * edges).min(axis=1)
        if len(corners) > 2:
            inside = (turned.imag >= 0).all(axis=1) | (turned.imag <= 0).all(axis=1)
            found[inside] = 0
        return np.asarray(found)

    return apart
