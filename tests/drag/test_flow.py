"""Flows take targets to sources, exactly, and are as simple as the points allow."""

import numpy as np
import pytest

from yuragi.drag.flow import flow_of, similarity

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


LINE = [(80, 100), (128, 110), (176, 120)]
MOVED = {
    "stretched": [(90, 102), (128, 110), (214, 128)],
    "bent": [(80, 100), (128, 150), (176, 120)],
    "straightened": [(80, 100), (100, 110), (190, 120)],
}


@pytest.mark.parametrize("moved", MOVED.values(), ids=MOVED)
@pytest.mark.parametrize("turned_round", [False, True])
def test_what_is_beside_a_line_follows_the_similarity_of_its_points(moved, turned_round):
    sources, targets = np.array([moved, LINE] if turned_round else [LINE, moved], float)
    flow = flow_of(pairs(sources, lambda p: targets))
    assert np.allclose(flow(targets), sources, atol=1e-6)
    # Twice as far from the line as the farthest point, it moves exactly as the similarity says.
    a, z0, w0 = similarity(targets @ (1, 1j), sources @ (1, 1j))
    apart = targets - targets.mean(0)
    across = np.linalg.svd(apart)[2][1] * 2 * np.linalg.norm(apart, axis=1).max()
    for place in (targets.mean(0) + across, targets.mean(0) - across):
        there = a * (place @ (1, 1j) - z0) + w0
        assert np.allclose(flow(place[None]), [[there.real, there.imag]], atol=1e-6)
    near = targets.mean(0) + RNG.uniform(-60, 60, (200, 2))
    steps = np.linalg.norm(flow(near + 0.01) - flow(near), axis=1) / np.hypot(0.01, 0.01)
    assert steps.max() < 5


def test_points_on_no_line_make_a_thin_plate_spline():
    from scipy.interpolate import RBFInterpolator

    sources, targets = RNG.uniform(0, 100, (2, 6, 2))
    spline = RBFInterpolator(targets, sources, kernel="thin_plate_spline", degree=1)
    flow = flow_of(pairs(sources, lambda p: targets))
    assert np.array_equal(flow(PLACES), spline(PLACES))


def test_a_line_that_is_stretched_stays_and_its_sides_mirror_each_other():
    flow = flow_of(
        [((80, 100), (90, 100)), ((128, 100), (133, 100)), ((170, 100), (205, 100))],
    )
    across = np.linspace(0, 255, 40)
    assert np.allclose(flow(np.column_stack([across, across * 0 + 100]))[:, 1], 100)
    above, below = (flow(np.column_stack([across, 100 + side * across])) for side in (-1, 1))
    assert np.allclose(above[:, 0], below[:, 0])
    assert np.allclose(above[:, 1] - 100, 100 - below[:, 1])


def test_a_pair_that_is_given_twice_counts_once():
    given = [((10, 10), (10, 12)), ((90, 10), (80, 10)), ((10, 90), (20, 95)), ((50, 50), (50, 50))]
    assert np.array_equal(flow_of([*given, given[0]])(PLACES), flow_of(given)(PLACES))
