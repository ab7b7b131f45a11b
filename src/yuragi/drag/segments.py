"""Segments of similar colour in a picture (Felzenszwalb & Huttenlocher 2004), with soft edges."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["reduced", "segments"]

WORKING = 256
"""The longer side in pixels of the reduced picture. At half of it, drawings of this size lose their
outlines, and segments of similar colour merge. The segmentation takes about 80 ms."""
SCALE, SMOOTH, SMALLEST = 120.0, 0.5, 12
"""Parameters of the segmentation: scale of colour differences, blur, and pixels of a segment."""
EDGE, BETWEEN = 5, 1.1
"""The sides of an edge are searched for within `EDGE` pixels of it. The path between the colours of
the two sides through the edge's own colour may be at most `BETWEEN` times the direct one."""


def reduced(picture: Image.Image) -> tuple[float, tuple[int, int]]:
    """The scale of the reduced picture, and its width and height."""
    share = min(1.0, WORKING / max(picture.size))
    return share, (max(1, round(picture.width * share)), max(1, round(picture.height * share)))


def segments(picture: NDArray[np.uint8]) -> NDArray[np.int_]:
    """The number of the segment at each pixel, [h, w], of a reduced picture [h, w, 3]."""
    return _segments(picture.tobytes(), picture.shape)


@lru_cache(maxsize=8)
def _segments(pixels: bytes, shape: tuple[int, ...]) -> NDArray[np.int_]:
    """Cached, because previews repeat it."""
    from skimage.segmentation import felzenszwalb

    picture = np.frombuffer(pixels, np.uint8).reshape(shape)
    found = felzenszwalb(picture, scale=SCALE, sigma=SMOOTH, min_size=SMALLEST)
    whole = _with_edges(picture, found)
    whole.setflags(write=False)
    return whole


def _with_edges(picture: NDArray[np.uint8], labels: NDArray[np.int_]) -> NDArray[np.int_]:
    """Merge soft edges, which the segmentation treats as separate segments, into their neighbours.

    An edge is thin and has a colour between those of its two sides; it becomes part of the smaller
    one. A line, such as an outline, is darker or lighter than both sides, and stays.
    """
    from scipy.ndimage import binary_dilation, find_objects, maximum_filter, minimum_filter

    inner = minimum_filter(labels, 3) == maximum_filter(labels, 3)
    sizes = np.bincount(labels.ravel())
    sums = [np.bincount(labels.ravel(), picture[..., k].ravel()) for k in range(3)]
    colours = np.stack(sums, axis=1) / sizes[:, None]
    solid = np.bincount(labels[inner], minlength=len(sizes)) > 0
    boxes, whole = find_objects(labels + 1), labels.copy()
    for edge in np.nonzero(~solid)[0].tolist():
        box = tuple(slice(max(each.start - EDGE, 0), each.stop + EDGE) for each in boxes[edge])
        own = labels[box] == edge
        near = binary_dilation(own, iterations=EDGE) & inner[box]
        sides, counts = np.unique(labels[box][near], return_counts=True)
        if len(sides) < 2:
            continue
        one, other = sides[counts.argsort()[-2:]]
        a, b = colours[one], colours[other]
        way = np.linalg.norm(a - colours[edge]) + np.linalg.norm(b - colours[edge])
        if way <= BETWEEN * np.linalg.norm(a - b):
            whole[box][own] = one if sizes[one] < sizes[other] else other
    return whole
