r"""Scenes: a cut-out over a photograph, before and after a motion x' = A x + b.

A scene is a function of (split, index). The kinds of `MOTIONS` alternate. The cut-out is drawn over
the photograph at its original place, and over the unchanged photograph at its new place, so the
truth shows what is really behind it. The user gives points on the cut-out, points and a mask (all
that may change), or a lasso around the cut-out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from yuragi.drag import PointPair, RegionPair
from yuragi.errors import InputError
from yuragi.research.bench.cutouts.stamps import stamp
from yuragi.research.bench.grounds import PHOTOGRAPH, SPLITS, ground

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Affine = NDArray[np.float64]
    Area = NDArray[np.bool_]
    Pixels = NDArray[np.uint8]

__all__ = ["MOTIONS", "Scene", "scene"]

SHARE = (0.3, 0.5)
"""The longer side of the cut-out, as a share of the picture's side."""
MARGIN = 0.02
"""The margin of the mask and the lasso around the cut-out, as a share of the picture's side."""
TRIES = 500
"""The number of placements that are tried before an error is raised."""


def _moved(rng: np.random.Generator) -> Affine:
    angle, length = rng.uniform(0, 2 * math.pi), rng.uniform(0.08, 0.3)
    return np.array([[1, 0, length * math.cos(angle)], [0, 1, length * math.sin(angle)]])


def _turned(rng: np.random.Generator) -> Affine:
    angle = math.radians(rng.uniform(12, 45)) * rng.choice([-1, 1])
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0]])


def _scaled(rng: np.random.Generator) -> Affine:
    factor = rng.uniform(1.15, 1.5) ** rng.choice([-1, 1])
    return np.array([[factor, 0, 0], [0, factor, 0]])


MOTIONS: Mapping[str, Callable[[np.random.Generator], Affine]] = {
    "moved": _moved,
    "turned": _turned,
    "scaled": _scaled,
}
"""Random maps about the cut-out's centre, with lengths as shares of the picture's side."""


@dataclass(frozen=True)
class Scene:
    """A drag of a cut-out, and its true result; pictures are [side, side, 3].

    Attributes:
        kind: a key of `MOTIONS`.
        before: the picture before the drag.
        truth: the true result.
        source: True where the cut-out is before the drag, [side, side].
        target: True where the cut-out is after the drag, [side, side].
        points: sources and targets in pixels: one to three for a move, two or three otherwise.
        mask: True where the picture may change: both places of the cut-out and a margin.
        region: a lasso around the cut-out, and its targets.
    """

    kind: str
    before: Pixels
    truth: Pixels
    source: Area
    target: Area
    points: tuple[PointPair, ...]
    mask: Area
    region: RegionPair


def scene(split: str, index: int, side: int) -> Scene:
    """The scene with this number; the same on every machine.

    Args:
        split: one of `yuragi.research.bench.grounds.SPLITS`.
        index: 0 or more; the kinds of motion alternate.
        side: the side of the picture in pixels.

    Raises:
        YuragiError: a package with pictures is not installed.
    """
    rng = np.random.default_rng([SPLITS.index(split), index])
    kind = list(MOTIONS)[index % len(MOTIONS)]
    cut, behind = stamp(split, index), ground(PHOTOGRAPH, split, index, side)
    middle = np.array(cut.size) / 2
    for _ in range(TRIES):
        scale = side * rng.uniform(*SHARE) / max(cut.size)
        centre = side * rng.uniform(0.2, 0.8, 2)
        motion = MOTIONS[kind](rng)
        start = np.column_stack([scale * np.eye(2), centre - scale * middle])
        about = np.column_stack(
            [motion[:, :2], centre + side * motion[:, 2] - motion[:, :2] @ centre]
        )
        end = _after(about, start)
        if all(_inside(place, cut.size, side) for place in (start, end)):
            break
    else:
        raise InputError("index", index, "a cut-out that has room to move")
    (before, source), (truth, target) = (_drawn(cut, behind, place, side) for place in (start, end))
    count = int(rng.integers(1 if kind == "moved" else 2, 4))
    points = _points(count, about, source, rng)
    wider = max(1, round(MARGIN * side))
    region = _lasso(_grown(source, wider), about)
    return Scene(
        kind, before, truth, source, target, points, _grown(source | target, wider), region
    )


def _after(second: Affine, first: Affine) -> Affine:
    """The composition of two maps: the first, then the second."""
    return np.column_stack(
        [second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]]
    )


def _inside(place: Affine, size: tuple[int, int], side: int) -> bool:
    corners = np.array([(x, y) for x in (0, size[0]) for y in (0, size[1])])
    at = corners @ place[:, :2].T + place[:, 2]
    return bool(((at >= 0.02 * side) & (at <= 0.98 * side)).all())


def _drawn(cut: Image.Image, behind: Pixels, place: Affine, side: int) -> tuple[Pixels, Area]:
    """The cut-out drawn over the background, and the area that it covers."""
    back = np.linalg.inv(np.vstack([place, [0, 0, 1]]))
    # Colours are weighted by alpha, so that transparent pixels leave no fringe. If the cut-out is
    # made smaller, it is averaged first, because `transform` only interpolates.
    shrink = math.sqrt(abs(np.linalg.det(place[:, :2])))
    small = cut.convert("RGBa")
    if shrink < 1:
        size = tuple(max(1, round(n * shrink)) for n in cut.size)
        small = small.resize((size[0], size[1]), Image.Resampling.BOX)
        back = np.diag([size[0] / cut.width, size[1] / cut.height, 1]) @ back
    layer = small.transform(
        (side, side), Image.Transform.AFFINE, tuple(back[:2].ravel()), Image.Resampling.BICUBIC
    )
    drawn = np.asarray(layer).astype(np.float64)
    alpha = drawn[..., 3:] / 255
    mixed = drawn[..., :3] + (1 - alpha) * behind
    return np.asarray(np.round(mixed).clip(0, 255), np.uint8), np.asarray(alpha[..., 0] > 0.5)


def _points(
    count: int, about: Affine, source: Area, rng: np.random.Generator
) -> tuple[PointPair, ...]:
    """Sources within the cut-out and far from each other, with their targets."""
    from scipy.ndimage import distance_transform_edt

    depth = np.asarray(distance_transform_edt(source))
    rows, columns = np.nonzero(depth >= 0.4 * depth.max())
    at = np.column_stack([columns, rows]).astype(float)
    chosen = [int(rng.integers(len(at)))]
    while len(chosen) < min(count, len(at)):
        chosen.append(int(np.linalg.norm(at[:, None] - at[chosen], axis=2).min(1).argmax()))
    pairs = zip(at[chosen], _mapped(at[chosen], about), strict=True)
    return tuple((_pair(source), _pair(target)) for source, target in pairs)


def _lasso(area: Area, about: Affine) -> RegionPair:
    """The outline of an area as a polygon, and the targets of its corners."""
    from skimage.measure import approximate_polygon, find_contours

    padded = np.pad(area, 1).astype(float)
    outlines = find_contours(padded, 0.5)  # type: ignore[no-untyped-call]
    outline = max(outlines, key=len)[:, ::-1] - 1
    polygon = approximate_polygon(outline, 1.0)  # type: ignore[no-untyped-call]
    corners = polygon[:-1].clip(0, len(area) - 1)
    targets = _mapped(corners, about)
    return tuple(map(_pair, corners)), tuple(map(_pair, targets))


def _mapped(places: NDArray[Any], about: Affine) -> NDArray[Any]:
    # Places count from pixel centres, but the map's coordinates begin at a pixel's corner.
    return np.asarray((places + 0.5) @ about[:, :2].T + about[:, 2] - 0.5)


def _pair(place: NDArray[Any]) -> tuple[float, float]:
    return round(float(place[0]), 2), round(float(place[1]), 2)


def _grown(area: Area, by: int) -> Area:
    from scipy.ndimage import distance_transform_edt

    return np.asarray(distance_transform_edt(~area)) <= by
