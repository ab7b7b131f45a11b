"""The surroundings of a thing: whether it can be cut out, or would be torn off.

The test examines a ring around the thing, a little away from its soft outline. In drawings the ring
has few colours; in photographs hardly any two pixels are equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from yuragi.drag.segments import reduced

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Area = NDArray[np.bool_]

__all__ = ["Ground"]

EVEN, COLOURS, ALIKE = 0.65, 4, 4
"""The ground is even if at least the share `EVEN` of the ring around a thing has one of `COLOURS`
colours, to within `ALIKE` levels. Things in drawings measure 0.69 to 1, those in photographs 0.17
in the median."""
FEATURE, ALONE = 0.015, 0.85
"""A thing of at most the share `FEATURE` of the picture is a feature, such as an eye; it moves
alone if the pixels that touch it are even. A larger thing is attached to others unless at least the
share `ALONE` of its ring has one colour."""
GAP, RING, TOUCHING = 0.012, 0.04, 0.008
"""`GAP` and `RING` are the distance of the ring from the thing and its width. For the pixels that
touch a thing, both are `TOUCHING`. All are shares of the shorter side."""


class Ground:
    """The surroundings of an area.

    Args:
        picture: RGB.
        area: the area [h, w], True where the picture moves.
    """

    def __init__(self, picture: Image.Image, area: Area) -> None:
        self._picture, self._area = picture, area
        self._ring = _ring(picture, area, GAP, RING)

    @property
    def is_even(self) -> bool:
        """Whether the area can be cut out because its surroundings are flat, as in drawings."""
        return _evenness(self._ring, COLOURS) >= EVEN

    @property
    def holds(self) -> bool:
        """Whether the area is part of a larger thing, as a bun of a head, so that a cut tears it
        off.
        """
        if self._area.mean() > FEATURE:
            return _evenness(self._ring, 1) < ALONE
        return _evenness(_ring(self._picture, self._area, TOUCHING, TOUCHING), COLOURS) < EVEN


def _ring(picture: Image.Image, area: Area, gap: float, width: float) -> NDArray[np.int_]:
    """The pixels [n, 3] around an area; distance and width in shares of the shorter side."""
    from scipy.ndimage import binary_dilation

    _, size = reduced(picture)
    near = Image.Resampling.NEAREST  # pixels are picked, so colours stay
    pixels = np.asarray(picture.resize(size, near)).astype(np.int_)
    small = np.asarray(Image.fromarray(area).resize(size, near))
    away, wide = (max(1, round(share * min(size))) for share in (gap, width))
    all_round = np.ones((3, 3), np.bool_)
    inner = binary_dilation(small, all_round, iterations=away)
    outer = binary_dilation(inner, all_round, iterations=wide + 1)
    found: NDArray[np.int_] = pixels[outer & ~inner]
    return found


def _evenness(ring: NDArray[np.int_], colours: int) -> float:
    """The share of pixels [n, 3] with one of the `colours` most common colours; 0 if there are
    none.
    """
    if not len(ring):
        return 0.0
    rest = ring
    for _ in range(colours):
        if not len(rest):
            break
        found, counts = np.unique(rest // ALIKE, axis=0, return_counts=True)
        common = np.median(rest[(rest // ALIKE == found[counts.argmax()]).all(1)], axis=0)
        rest = rest[(abs(rest - common) > ALIKE).any(1)]
    return 1 - len(rest) / len(ring)
