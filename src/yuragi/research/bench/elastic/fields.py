r"""Flows from points to compare ours with. All are backward, in pixels.

nothing     the identity
falloff     d (1 - r^2)^2 about each target, r in units of max(3.2 |d|, 0.16 of the shorter
            side); several points are averaged by their weights and scaled by the largest weight
splines     thin-plate splines with fixed points on the frame (Bookstein 1989)
rigid MLS   rigid moving least squares with fixed corners (Schaefer et al. 2006, section 2.3)
nearest 4   weights 1 / distance to the 4 nearest targets (Inpaint4Drag, arXiv 2509.04582)
ours        `yuragi.drag.bend`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from yuragi.drag import PointPair, bend, reach_of
from yuragi.drag.flow import Flow, Points, ends
from yuragi.drag.warp import sampling_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FIELDS", "on_grid", "sampled"]

FRAME = 9
"""The number of fixed points along each edge of the frame."""


def on_grid(flow: Flow, side: int) -> NDArray[np.float64]:
    """A backward flow at every pixel of a square picture, [side, side, 2] in pixels."""
    y, x = np.mgrid[:side, :side].astype(np.float64)
    return np.asarray(flow(np.column_stack([x.ravel(), y.ravel()])).reshape(side, side, 2))


def sampled(picture: Tensor, back: NDArray[np.float64]) -> Tensor:
    """The picture [1, 3, h, w] in [-1, 1], bent by a backward flow [h, w, 2] in pixels."""
    grid = sampling_grid(torch.from_numpy(back)[None], picture.double())
    return nn.functional.grid_sample(
        picture.double(), grid, mode="bicubic", padding_mode="reflection", align_corners=False
    ).clamp(-1, 1)


def _apart(places: Points, targets: Points) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(places[:, None] - targets[None], axis=-1))


def _nothing(points: Sequence[PointPair], side: int) -> Flow:
    return lambda places: places


def _falloff(points: Sequence[PointPair], side: int) -> Flow:
    source, target = ends(points)
    shift = target - source
    reach = np.maximum(3.2 * np.linalg.norm(shift, axis=1), 0.16 * side)

    def back(places: Points) -> Points:
        r = np.minimum(_apart(places, target) / reach, 1)
        weights = (1 - r**2) ** 2
        joined = weights @ shift / np.maximum(weights.sum(1, keepdims=True), 1e-12)
        return np.asarray(places - weights.max(1, keepdims=True) * joined)

    return back


def _splines(points: Sequence[PointPair], side: int) -> Flow:
    from scipy.interpolate import RBFInterpolator

    source, target = ends(points)
    along = np.linspace(0, side - 1, FRAME)
    frame = np.array([(x, y) for x in along for y in along if {x, y} & {along[0], along[-1]}])
    # A target on the frame moves, so fixed points near it are removed.
    frame = frame[_apart(frame, target).min(1) > 1]
    known, values = np.vstack([target, frame]), np.vstack([source, frame])
    found = RBFInterpolator(known, values, kernel="thin_plate_spline", degree=1)
    return lambda places: np.asarray(found(places))


def _rigid(points: Sequence[PointPair], side: int) -> Flow:
    source, target = ends(points)
    corners = np.array([(x, y) for x in (0.0, side - 1) for y in (0.0, side - 1)])
    p, q = (np.vstack([each, corners]) @ (1, 1j) for each in (target, source))

    def back(places: Points) -> Points:
        v = places @ (1, 1j)
        weights = 1 / np.maximum(abs(v[:, None] - p), 1e-3) ** 4
        weights /= weights.sum(1, keepdims=True)
        p_mean, q_mean = weights @ p, weights @ q
        turn = (weights * (q - q_mean[:, None]) * (p - p_mean[:, None]).conj()).sum(1)
        moved = q_mean + turn / np.maximum(abs(turn), 1e-12) * (v - p_mean)
        return np.column_stack([moved.real, moved.imag])

    return back


def _nearest(points: Sequence[PointPair], side: int) -> Flow:
    source, target = ends(points)
    shift = target - source

    def back(places: Points) -> Points:
        apart = _apart(places, target)
        nearest = np.argsort(apart, 1)[:, :4]
        weights = 1 / np.maximum(np.take_along_axis(apart, nearest, 1), 1e-6)
        weights /= weights.sum(1, keepdims=True)
        return np.asarray(places - (weights[..., None] * shift[nearest]).sum(1))

    return back


def _ours(points: Sequence[PointPair], side: int) -> Flow:
    return bend(points, reach_of(points, (side, side))).back


FIELDS: Mapping[str, Callable[[Sequence[PointPair], int], Flow]] = {
    "nothing": _nothing,
    "falloff": _falloff,
    "splines": _splines,
    "rigid MLS": _rigid,
    "nearest 4": _nearest,
    "ours": _ours,
}
"""By name: (points, side of the picture) -> flow."""
