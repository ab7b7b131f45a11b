r"""The region that a drag moves.

A point is a position and does not define an object. The picture is divided into segments of similar
colour (`yuragi.drag.segments`). The background is the segment that contains most of the
picture's border. The region is, if

    a region is given       the region
    a mask is given         the segments inside it, and the parts of the segments under the points
                            that are inside it, because the mask says what can change
    neither is given        the segments under the points, the objects that they form inside one
                            larger segment (a mouth with its teeth), and what is in their hull (a
                            head within its outline). If the hull of several covers a large part of
                            a connected object, the whole object

The region never includes the background. If all points lie on the background, it consists of boxes
around them. Holes are filled, so that a face includes its eyes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from yuragi.drag.segments import reduced, segments
from yuragi.drag.spec import PointPair, RegionPair
from yuragi.images.shapes import polygon

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Area = NDArray[np.bool_]

__all__ = ["moving"]

GROUND = 0.35
"""Share of the border from which a segment is the background."""
WITHIN = 0.9
"""Share of a segment that a mask must contain to select it."""
HULL = 0.7
"""Share of a segment that the hull of segments must contain to select it."""
BOX = 5 / 64
"""Half the side of a box, as a share of the shorter side, as in SDE-Drag."""
ISLAND, WITHIN_HOST = 4, 1 / 3
"""Largest size of an object of several segments: relative to the segment under the point, and to
the segment around the object."""
LARGE = 0.35
"""All of a thing moves if the hull of the points' segments covers more than this share of it."""


def moving(
    picture: Image.Image,
    points: Sequence[PointPair],
    regions: Sequence[RegionPair],
    mask: Image.Image | None,
) -> Area:
    """The region that a drag moves, [h, w], True inside.

    Args:
        picture: the RGB picture.
        points: the source and target points in pixels.
        regions: polygons and their targets. If there are any, points change only the flow, not the
            region.
        mask: the mask, white where the picture can change; None for everywhere.
    """
    if regions:
        areas = [np.asarray(polygon(corners, picture.size)) > 0 for corners, _ in regions]
        return np.asarray(np.any(areas, axis=0))
    share, size = reduced(picture)
    small = np.asarray(picture.resize(size, Image.Resampling.BOX))
    cut = _Cut(small, _places(points, share, size))
    if mask is None or np.asarray(mask).all():
        found = cut.by_points()
    else:
        found = cut.by_mask(np.asarray(mask.resize(size, Image.Resampling.BOX)) > 127)
    large = Image.fromarray(found.astype(np.uint8) * 255)
    return np.asarray(large.resize(picture.size, Image.Resampling.BICUBIC)) > 127


def _places(
    points: Sequence[PointPair], share: float, size: tuple[int, int]
) -> list[tuple[int, int]]:
    """The rows and columns of the sources in the small picture."""
    return [
        (min(int((y + 0.5) * share), size[1] - 1), min(int((x + 0.5) * share), size[0] - 1))
        for (x, y), _ in points
    ]


class _Cut:
    """A segmented picture, and the points on it."""

    def __init__(self, picture: NDArray[np.uint8], places: Sequence[tuple[int, int]]) -> None:
        self.labels = segments(picture)
        self.places = places
        edges = [self.labels[0], self.labels[-1], self.labels[:, 0], self.labels[:, -1]]
        border = np.concatenate(edges)
        counts = np.bincount(border, minlength=self.labels.max() + 1)
        most = int(counts.argmax())
        self.ground = most if counts[most] >= GROUND * len(border) else -1
        under = {int(self.labels[place]) for place in places}
        self.under = sorted(under - {self.ground})

    def by_mask(self, white: Area) -> Area:
        found = self._held(white, WITHIN) | (self._of(self.under) & white)
        return _filled(found) if found.any() else self._boxes() & white

    def by_points(self) -> Area:
        if not self.under:
            return self._boxes()
        from skimage.morphology import convex_hull_image

        touched = self._of(self.under) | self._islands()
        hull = np.asarray(convex_hull_image(touched))  # type: ignore[no-untyped-call]
        spanned = touched | self._held(hull, HULL)
        if len(self.under) < 2:
            return _filled(spanned)
        thing = self._thing()
        large = (hull & thing).sum() > LARGE * thing.sum()
        return _filled(thing if large else spanned)

    def _islands(self) -> Area:
        """Objects of several segments inside a larger one, such as an eye under a point."""
        from scipy.ndimage import find_objects, label

        found = np.zeros(self.labels.shape, np.bool_)
        sizes = np.bincount(self.labels.ravel())
        boxes = find_objects(self.labels + 1)
        for row, column in self.places:
            size = sizes[self.labels[row, column]]
            for host in np.nonzero(WITHIN_HOST * sizes >= size)[0]:
                rows, columns = boxes[host]
                if not (rows.start < row < rows.stop and columns.start < column < columns.stop):
                    continue
                around = self.labels[rows, columns] == host
                holes, _ = label(_filled(around) & ~around)
                number = holes[row - rows.start, column - columns.start]
                hole = holes == number
                if number and hole.sum() <= min(ISLAND * size, WITHIN_HOST * sizes[host]):
                    found[rows, columns] |= hole
        return found

    def _boxes(self) -> Area:
        found = np.zeros(self.labels.shape, np.bool_)
        radius = max(1, round(BOX * min(found.shape)))
        for row, column in self.places:
            top, left = max(row - radius, 0), max(column - radius, 0)
            found[top : row + radius + 1, left : column + radius + 1] = True
        return found

    def _thing(self) -> Area:
        """The connected parts outside the background that contain a point."""
        from scipy.ndimage import label

        parts, _ = label(self.labels != self.ground)
        held = {int(parts[place]) for place in self.places} - {0}
        return np.isin(parts, sorted(held))

    def _held(self, area: Area, share: float) -> Area:
        """The segments, except the background, of which an area contains at least a given share."""
        sizes = np.bincount(self.labels.ravel())
        inside = np.bincount(self.labels.ravel(), weights=area.ravel(), minlength=len(sizes))
        held = np.nonzero(inside >= share * sizes)[0]
        return self._of([int(k) for k in held if k != self.ground])

    def _of(self, segments: Sequence[int]) -> Area:
        return np.isin(self.labels, segments)


def _filled(area: Area) -> Area:
    from scipy.ndimage import binary_fill_holes

    return np.asarray(binary_fill_holes(area))
