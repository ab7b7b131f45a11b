"""Distances from convex hulls."""

import numpy as np
import pytest

from yuragi.drag.hull import apart_from_hull

SQUARE = [(0, 0), (10, 0), (10, 10), (0, 10)]


@pytest.mark.parametrize(
    ("points", "place", "apart"),
    [
        ([(3, 4)], (0, 0), 5),
        ([(0, 0), (10, 0)], (5, 3), 3),
        ([(0, 0), (10, 0)], (13, 4), 5),
        ([(0, 0), (10, 0), (4, 0)], (13, 4), 5),  # on a line
        ([(0, 0), (0, 0)], (0, 2), 2),  # at one place
        (SQUARE, (5, 5), 0),
        (SQUARE[::-1], (5, 5), 0),
        (SQUARE, (10, 10), 0),
        (SQUARE, (12, 5), 2),
        (SQUARE, (13, 14), 5),
        ([*SQUARE, (5, 5)], (13, 14), 5),
    ],
)
def test_distances_are_those_of_geometry(points, place, apart):
    found = apart_from_hull(np.array(points, float))(np.array([place], float))
    np.testing.assert_allclose(found, [apart], atol=1e-6)
