"""Flows take targets to sources, exactly, and are as simple as the points allow."""

import numpy as np
import pytest

from yuragi.drag.flow import flow_of

RNG = np.random.default_rng(0)
PLACES = RNG.uniform(0, 100, (50, 2))


def pairs(sources, move):
    sources = np.asarray(sources, float)
    return [(tuple(s), tuple(t)) for s, t in zip(sources, move(sources), strict=True)]


def turned(degrees, scale=1.0, about=(50, 40), shift=(3, -2)):
    a = np.radians(degrees)
    matrix = scale * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return lambda p: (p - about) @ matrix.T + about + shift


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_common_shift_is_a_translation(count):
    flow = flow_of(pairs(RNG.uniform(0, 100, (count, 2)), lambda p: p + np.array([7.5, -3])))
    assert np.allclose(flow(PLACES), PLACES - [7.5, -3])


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("move", [turned(20), turned(0, 1.3), turned(-35, 0.8)])
def test_a_turn_and_a_scale_are_found_everywhere(count, move):
    flow = flow_of(pairs(RNG.uniform(0, 100, (count, 2)), move))
    assert np.allclose(flow(move(PLACES)), PLACES)


def test_other_motions_bend_and_meet_every_point():
    sources = [(10, 10), (90, 10), (10, 90), (90, 90), (50, 50)]
    bump = np.array([[0, 0], [0, 0], [0, 0], [0, 0], [12, 5]])
    given = pairs(sources, lambda p: p + bump)
    flow = flow_of(given)
    targets = np.array([target for _, target in given], float)
    assert np.allclose(flow(targets), sources, atol=1e-6)
    between = flow(np.array([[36.0, 31.0]]))[0] - [36, 31]
    assert 0 < np.linalg.norm(between) < 13


def test_corners_of_regions_are_points():
    corners = ((10, 10), (40, 10), (40, 40))
    flow = flow_of([], [(corners, tuple((x + 5, y) for x, y in corners))])
    assert np.allclose(flow(PLACES), PLACES - [5, 0])


def test_points_in_one_place_are_no_division_by_zero():
    flow = flow_of([((5, 5), (9, 9)), ((5.2, 5), (9, 9))])
    assert np.isfinite(flow(PLACES)).all()
