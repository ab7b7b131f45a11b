"""The intervals hold at all looks together; checked by simulation, with people who stop early."""

import math

import numpy as np
import pytest

from yuragi.research.pilot.sequence import (
    Boundary,
    Clustered,
    look,
    looks,
)
from yuragi.research.pilot.simulate import (
    CORRELATIONS,
    EXTENTS,
    SHIFTS,
    Extent,
    coverage,
    simulated,
)

LEVEL, ASSUMED = 0.05, (0.05, 0.1)


def test_all_looks_together_contain_the_truth():
    assert coverage(Extent(6, 12, 1), ASSUMED, 0.0, 150, 0) >= 0.95


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("extent", EXTENTS, ids=lambda extent: "-".join(map(str, extent)))
@pytest.mark.parametrize("correlations", CORRELATIONS)
@pytest.mark.parametrize("shift", SHIFTS)
def test_coverage_under_optional_stopping(extent, correlations, shift):
    share = coverage(extent, correlations, shift, 300, 0)
    # Two standard errors of 300 repeats below the level that is promised.
    assert share >= 1 - LEVEL - 2 * math.sqrt(LEVEL * (1 - LEVEL) / 300)


def test_looking_at_plain_intervals_is_not_valid():
    """The test above could fail: with 1.96 standard errors it does."""
    rng, missed = np.random.default_rng(0), 0
    for _ in range(150):
        votes, truth = simulated(rng, Extent(6, 12, 1), ASSUMED, 0.0)
        for n in range(12, 73, 3):
            first = votes.first(n).values
            if abs(first.mean() - truth) > 1.96 * first.std() / math.sqrt(n):
                missed += 1
                break
    assert missed / 150 > 0.2


def test_brownian_motion_stays_within_the_boundary():
    """Without estimated errors the boundary is Robbins', whose level is known exactly."""
    rng, information = np.random.default_rng(0), np.geomspace(0.5, 5000, 400)
    steps = np.sqrt(np.diff(information, prepend=0))
    paths = np.cumsum(rng.normal(size=(4000, 400)) * steps, 1)
    bound = Boundary.tightest(0.05, 100.0)
    half = np.array([bound.half_width(1 / v) for v in information])
    crossed = (np.abs(paths / information) > half).any(1).mean()
    assert 0.01 < crossed <= 0.05


def test_the_boundary_is_tightest_where_the_plan_expects_it():
    at = 1 / 80
    here = Boundary.tightest(0.05, 80.0).half_width(at)
    assert here / math.sqrt(at) == pytest.approx(3.035, abs=1e-3)
    assert all(Boundary.tightest(0.05, other).half_width(at) > here for other in (40.0, 160.0))


def test_clusters_count_as_clusters():
    """Ten equal votes on each picture of each rater say no more than one."""
    rng = np.random.default_rng(1)
    scores, who, what = (
        rng.choice([0.0, 1.0], 48),
        np.repeat(np.arange(6), 8),
        np.tile(np.arange(8), 6),
    )
    once = Clustered(scores, who, what).squared_error((0.0, 0.0))
    ten = Clustered(scores.repeat(10), who.repeat(10), what.repeat(10)).squared_error((0.0, 0.0))
    assert ten > 0.5 * once
    assert Clustered(np.ones(48), who, what).squared_error((0.0, 0.0)) > 0


def test_too_few_votes_say_nothing():
    few = Clustered.of([1.0] * 40, ["a", "b"] * 20, [f"p{k}" for k in range(40)])
    assert look(few, Boundary.tightest(0.05, 10.0), ASSUMED)[2:] == (0.0, 1.0)
    assert look(few.first(0), Boundary.tightest(0.05, 10.0), ASSUMED)[2:] == (0.0, 1.0)


def test_a_path_ends_with_all_votes():
    votes, _ = simulated(np.random.default_rng(0), Extent(4, 8, 6), ASSUMED, 0.0)
    bound = Boundary.tightest(LEVEL, 200.0)
    path = looks(votes, bound, ASSUMED)
    assert path[-1] == look(votes, bound, ASSUMED)
    assert 50 < len(path) < 70
    assert [each.n for each in path] == sorted({each.n for each in path})
