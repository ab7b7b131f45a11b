r"""A smooth flow from points, which bends the picture without tearing or folding it.

Every point travels from its source to its target while u runs from 0 to 1. Its motion is a
rotation, scaling and shift that all moving points share, plus a remainder of its own. At each u the
picture moves with a smooth velocity that carries every point along,

    v_u(x) = b(x) ( K(d(x) / R) s_u(x) + sum_i K(|x - p_i(u)| / R) c_i ),   v_u(p_i(u)) = dp_i/du,

where s_u is the velocity of the shared motion and d the distance to the convex hull of the moving
points, so that everything between them moves with them. The c_i add the remainder of each point,
and hold the points that stay. K is Wendland's kernel (1 - r)^4 (4 r + 1), and b = 1 except near the
edge of the area that may change. The flow of a smooth velocity has an inverse, so nothing folds,
however far the points go. Two neighbouring points that go opposite ways both arrive, because the
c_i are solved for all points at once.

References: Joshi and Miller 2000 (landmark matching by flows); Wendland 1995 (the kernel).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from yuragi.drag.flow import Flow, Points, ends, similarity
from yuragi.drag.hull import apart_from_hull
from yuragi.drag.spec import PointPair

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from yuragi.drag.flow import Complex

__all__ = ["Bend", "Hold", "bend", "reach_of"]

ONE, SEVERAL, BETWEEN = (0.4, 4.0), (0.25, 2.5), 0.75
"""R is the larger of a share of the picture's shorter side and a multiple of the longest drag:
`ONE` for one point, `SEVERAL` for several. It is at least `BETWEEN` times the largest distance
between two points, which indicates the size of the moving thing; one point does not indicate it."""
STEEPEST, STEEPEST_HOLD = 2.11, 1.5
"""The largest slopes of K and of b, in units of the distances over which they fall from 1 to 0."""
PACE = 0.4
"""How much one step may stretch the picture, so that no step folds it."""
FEWEST, MOST = 6, 64
"""The smallest and the largest number of steps of the flow."""
TIES = (1e-8, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)
"""Regularisation of the c_i, tried in turn if points nearly collide. Larger values tie the points
together, so that they arrive less exactly."""


class Hold:
    """b, which says what may move: 1 inside a mask, falling to 0 at its edge, and 0 outside.

    Args:
        mask: the mask [h, w], True where the picture can change, and False somewhere.
        reach: R in pixels; b falls within a quarter of it, or of half the mask's width if that is
            less.
    """

    def __init__(self, mask: NDArray[np.bool_], reach: float) -> None:
        from scipy.ndimage import distance_transform_edt

        # The edge of the picture itself does not hold anything.
        inside = np.pad(mask, 1, mode="edge")
        depth = np.asarray(distance_transform_edt(inside))[1:-1, 1:-1]
        self._margin = max(min(reach / 4, float(depth.max()) / 2), 1.0)
        share = np.clip((depth - 1) / self._margin, 0, 1)
        self._share = share**2 * (3 - 2 * share)

    def __call__(self, places: Points) -> NDArray[np.float64]:
        """The weight b at places [n, 2], as [n, 1]."""
        from scipy.ndimage import map_coordinates

        found = map_coordinates(self._share, places.T[::-1], order=1, mode="nearest")
        return np.asarray(found, np.float64)[:, None]

    @property
    def slope(self) -> float:
        """The largest slope of b, per pixel."""
        return STEEPEST_HOLD / self._margin


@dataclass(frozen=True)
class Bend:
    """A smooth flow.

    Attributes:
        back: the backward flow.
        detail: distance in pixels over which the flow is nearly straight.
    """

    back: Flow
    detail: float


def reach_of(points: Sequence[PointPair], size: tuple[int, int]) -> float:
    """R in pixels for a picture of this width and height, unless the user names one.

    It is halved, at most four times, while the flow would need more than `MOST` steps.
    """
    source, target = ends(points)
    longest = float(np.linalg.norm(target - source, axis=1).max())
    between = float(np.linalg.norm(source[:, None] - source[None], axis=-1).max())
    wide, far = ONE if len(points) == 1 else SEVERAL
    path, widest = _Path(points), max(wide * min(size), far * longest, BETWEEN * between)
    tried = [widest * 0.5**k for k in range(5)]
    for reach in tried:
        if _Field(path, reach, 0.0, None, TIES[0]).needed <= MOST:
            return reach
    return tried[-1]


def bend(
    points: Sequence[PointPair], reach: float, rigid: float = 0.0, hold: Hold | None = None
) -> Bend:
    """The smooth flow that moves some points.

    Args:
        points: sources and targets in pixels; sources differ.
        reach: R, the distance in pixels beyond which a point moves nothing.
        rigid: share of the reach, 0 to 0.9, within which the picture moves as a point does.
        hold: what may move; by default everything.
    """
    path = _Path(points)
    for tie in TIES:
        field = _Field(path, reach, rigid, hold, tie)
        if field.needed <= MOST:
            break
    steps = max(FEWEST, min(field.needed, MOST))
    h = 1 / steps

    def back(places: Points) -> Points:
        # Runge and Kutta's method of order 4, from u = 1 to u = 0.
        x = np.asarray(places, np.float64)
        for k in range(steps, 0, -1):
            end, middle, start = (field.at((2 * k - j) / (2 * steps)) for j in range(3))
            first = end(x)
            second = middle(x - h / 2 * first)
            third = middle(x - h / 2 * second)
            x = x - h / 6 * (first + 2 * second + 2 * third + start(x - h * third))
        return x

    fine = reach * (1 - rigid) if hold is None else min(reach * (1 - rigid), 1 / hold.slope)
    # A flow that stretches more varies over shorter distances.
    return Bend(back, fine / (32 * math.sqrt(max(1.0, field.strain))))


class _Path:
    """The positions and velocities of the points at u; internally complex numbers z = x + i y.

    Points that do not move hold the picture in place, and do not take part in the shared motion.
    """

    def __init__(self, points: Sequence[PointPair]) -> None:
        source, target = ends(points)
        moving = (source != target).any(axis=1)
        moving = moving if moving.any() else ~moving
        self._held = source[~moving]
        z, w = source[moving] @ (1, 1j), target[moving] @ (1, 1j)
        turn, self._centre, moved = similarity(z, w)
        # No path of similarities passes through a scale of 0.
        turn = turn if abs(turn) > 0.05 else 1.0
        self._log, self._around = np.log(complex(turn)), z - self._centre
        self._shift = moved - self._centre
        self._rest = w - moved - turn * self._around

    def moving(self, u: float) -> Points:
        """The positions of the moving points, [m, 2]."""
        return _xy(self._centre + u * (self._shift + self._rest) + self._turned(u))

    def at(self, u: float) -> tuple[Points, Points]:
        """Positions and velocities of all points, [n, 2] each, the moving ones first."""
        speed = _xy(self._shift + self._log * self._turned(u) + self._rest)
        still = np.zeros_like(self._held)
        return np.vstack([self.moving(u), self._held]), np.vstack([speed, still])

    def _turned(self, u: float) -> Complex:
        return np.asarray(np.exp(u * self._log) * self._around)

    def shared(self, u: float) -> Callable[[Points], Points]:
        """The velocity [n, 2] of the shared motion at places [n, 2]."""
        middle = self._centre + u * self._shift
        return lambda places: _xy(self._shift + self._log * (places @ (1, 1j) - middle))

    @property
    def swirl(self) -> float:
        """How much the shared velocity changes per pixel."""
        return float(abs(self._log))


def _xy(z: Complex) -> Points:
    return np.column_stack([z.real, z.imag])


class _Field:
    """The velocity at each u.

    Attributes:
        strain: a bound on the velocity's slope.
        needed: the number of steps with which nothing folds.
    """

    def __init__(
        self, path: _Path, reach: float, rigid: float, hold: Hold | None, tie: float
    ) -> None:
        self._path, self._reach, self._rigid, self._hold, self._tie = path, reach, rigid, hold, tie
        self._solved: dict[float, tuple[Points, Points]] = {}
        slope = STEEPEST / (reach * (1 - rigid)) + (0.0 if hold is None else hold.slope)
        speeds = [self._largest(u) for u in np.linspace(0, 1, 17)]
        self.strain = max(speeds) * slope + path.swirl
        self.needed = math.ceil(self.strain / PACE)

    def at(self, u: float) -> Callable[[Points], Points]:
        """The velocity [n, 2] at places [n, 2]."""
        points, pulls = self._pulls(u)
        together = self._together(u)
        low, high = points.min(0) - self._reach, points.max(0) + self._reach

        def velocity(places: Points) -> Points:
            found = np.zeros_like(places)
            near = ((places > low) & (places < high)).all(axis=1)
            here = places[near]
            own = self._kernel(_apart(here, points)) @ pulls
            found[near] = self._free(here) * (together(here) + own)
            return found

        return velocity

    def _together(self, u: float) -> Callable[[Points], Points]:
        """K s_u [n, 2] at places [n, 2]."""
        apart, shared = apart_from_hull(self._path.moving(u)), self._path.shared(u)
        return lambda places: self._kernel(apart(places))[:, None] * shared(places)

    def _largest(self, u: float) -> float:
        """A bound on the velocity, without b."""
        shared = self._path.shared(u)(self._path.moving(u))
        fastest = np.linalg.norm(shared, axis=1).max() + self._path.swirl * self._reach
        return float(fastest + np.linalg.norm(self._pulls(u)[1], axis=1).sum())

    def _pulls(self, u: float) -> tuple[Points, Points]:
        """The points at u, and c_i."""
        if u not in self._solved:
            points, speeds = self._path.at(u)
            kernel = self._kernel(_apart(points, points)) + self._tie * np.eye(len(points))
            own = speeds / np.maximum(self._free(points), 0.1) - self._together(u)(points)
            self._solved[u] = points, np.asarray(np.linalg.solve(kernel, own), np.float64)
        return self._solved[u]

    def _free(self, places: Points) -> NDArray[np.float64]:
        return np.ones((len(places), 1)) if self._hold is None else self._hold(places)

    def _kernel(self, apart: NDArray[np.float64]) -> NDArray[np.float64]:
        """K at distances in pixels."""
        r = np.clip((apart / self._reach - self._rigid) / (1 - self._rigid), 0, 1)
        return (1 - r) ** 4 * (4 * r + 1)


def _apart(places: Points, points: Points) -> NDArray[np.float64]:
    """The distances of m places [m, 2] from n points [n, 2]: [m, n]."""
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(places, points))
