r"""The thing that a drag cuts out of a photograph.

A thing that moves by the flow T lies within the mask M, which says what can change, before it moves
and after. It therefore lies within

    C = M intersected with T^-1 (M)

If M covers the thing and its destination, C is hardly larger than the thing. GrabCut (Rother et al.
2004, by OpenCV) separates the thing in C from its surroundings by colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from yuragi.drag.flow import Flow, ends
from yuragi.drag.segments import reduced
from yuragi.drag.spec import PointPair

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Area = NDArray[np.bool_]

__all__ = ["thing"]

SURE = 0.01
"""Radius of the disc around a source that belongs to the thing, as a share of the shorter side."""
ROUNDS = 5
LEAST = 0.3
"""If GrabCut leaves less than this share of C, colours cannot separate the thing, and it is C."""


def thing(
    picture: Image.Image, points: Sequence[PointPair], forward: Flow, mask: Image.Image
) -> Area:
    """The area [h, w] of the thing under some points, True inside.

    Args:
        picture: the RGB picture.
        points: sources and targets in pixels.
        forward: the flow from sources to targets, in pixels.
        mask: the mask, white where the picture can change.
    """
    share, size = reduced(picture)  # sufficient for edges, and fast
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float64)
    places = (np.column_stack([x.ravel(), y.ravel()]) + 0.5) / share - 0.5
    source, _ = ends(points)
    away = np.linalg.norm(places[:, None] - source, axis=2).min(1).reshape(y.shape)
    may = np.asarray(mask) > 0
    inside = (_at(may, places) & _at(may, forward(places))).reshape(y.shape)
    sure = away <= max(SURE * min(picture.size), 0.71 / share)
    small = np.asarray(picture.resize(size, Image.Resampling.BOX))
    found = _separated(small, inside | sure, sure)
    large = Image.fromarray(found.astype(np.uint8) * 255)
    return np.asarray(large.resize(picture.size, Image.Resampling.BICUBIC)) > 127


def _at(area: Area, places: NDArray[np.float64]) -> Area:
    """Whether places [n, 2] lie in an area; places outside the picture count as its edge."""
    last = np.array(area.shape[::-1]) - 1
    column, row = np.round(places.clip(0, last)).astype(np.int_).T
    return np.asarray(area[row, column])


def _separated(picture: NDArray[np.uint8], inside: Area, sure: Area) -> Area:
    """The area that GrabCut finds inside, as far as it is connected with `sure`, without holes."""
    import cv2
    from scipy.ndimage import binary_fill_holes, label

    labels = np.full(inside.shape, cv2.GC_BGD, np.uint8)
    labels[inside], labels[sure] = cv2.GC_PR_FGD, cv2.GC_FGD
    if inside.all():
        return inside
    cv2.setRNGSeed(0)
    ground, front = np.zeros((1, 65)), np.zeros((1, 65))
    none = (0, 0, 0, 0)  # no rectangle: the labels say where the thing can be
    cv2.grabCut(picture, labels, none, ground, front, ROUNDS, cv2.GC_INIT_WITH_MASK)
    parts, _ = label((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD))
    held = np.isin(parts, np.unique(parts[sure]))
    found = held if held.sum() >= LEAST * inside.sum() else inside
    return np.asarray(binary_fill_holes(found))
