"""How far places are from the convex hull of some points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from yuragi.drag.flow import Points

__all__ = ["apart_from_hull"]


def apart_from_hull(places: Points, points: Points) -> NDArray[np.float64]:
    """The distances [m] of places [m, 2] from the convex hull of points [n, 2]; 0 inside.

    The hull of one point is that point, and of points on a line a segment.
    """
    import cv2

    corners = cv2.convexHull(points.astype(np.float32))[:, 0].astype(np.float64) @ (1, 1j)
    edges = np.roll(corners, -1) - corners
    from_corners = (places @ (1, 1j))[:, None] - corners
    # The nearest place of each edge, as a share of the way along it.
    length = np.maximum(abs(edges) ** 2, np.finfo(np.float64).tiny)
    along = np.clip((from_corners * edges.conj()).real / length, 0, 1)
    apart = abs(from_corners - along * edges).min(axis=1)
    if len(corners) > 2:
        beside = (from_corners * edges.conj()).imag
        inside = (beside >= 0).all(axis=1) | (beside <= 0).all(axis=1)
        apart[inside] = 0
    return np.asarray(apart)
