"""Known maps, flows from their points, and what the suite measures of them."""

import json

import numpy as np
import pytest

from numeric.jacobian import jacobian
from yuragi.research.bench.elastic import suite
from yuragi.research.bench.elastic.fields import FIELDS
from yuragi.research.bench.elastic.maps import KINDS, STRENGTHS, case

SIDE = 96
ALL = range(2 * len(KINDS) * len(STRENGTHS))


@pytest.mark.parametrize("index", ALL)
def test_a_map_folds_nothing_and_moves_something(index):
    one = case("benchmark", index, SIDE)
    assert jacobian(one.back, SIDE, SIDE).min() > 0
    source, target = (np.array([pair[k] for pair in one.points]) for k in (0, 1))
    np.testing.assert_allclose(one.back(target), source)
    assert np.linalg.norm(source - target, axis=1)[0] > 0.5
    assert 1 <= len(one.points) <= 8


def test_every_kind_strength_and_width_takes_its_turn():
    cases = [case("benchmark", index, SIDE) for index in ALL]
    assert len({(one.kind, one.strength, one.wide) for one in cases}) == len(ALL)
    again = case("benchmark", 7, SIDE)
    assert again.points == cases[7].points
    assert case("validation", 7, SIDE).points != again.points


@pytest.mark.parametrize("name", sorted(set(FIELDS) - {"nothing", "falloff"}))
def test_a_flow_takes_its_points_along(name):
    one = case("benchmark", 3, SIDE)
    flow = FIELDS[name](one.points, SIDE)
    for source, target in one.points:
        np.testing.assert_allclose(flow(np.array([target])), [source], atol=1e-3)


def test_the_falloff_of_one_point():
    flow = FIELDS["falloff"]([((40.0, 40.0), (44.0, 40.0))], SIDE)
    reach = 0.16 * SIDE  # more than 3.2 times 4 pixels
    near = np.array([[44.0, 40.0 + reach / 2], [44.0, 40.0 + reach]])
    np.testing.assert_allclose(flow(near), near - [[4 * (1 - 0.25) ** 2, 0], [0, 0]])


def test_the_report():
    seen = []
    found = suite.bench_elastic(6, 48, "validation", lambda *at: seen.append(at))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert seen[-1] == (6, 6)
    rows = {row["flow"]: row for row in found["rows"]}
    assert set(rows) == set(FIELDS)
    assert rows["ours"]["mean"]["folds"] == rows["ours"]["mean"]["tears"] == 0
    assert rows["ours"]["mean"]["arrival"] < 0.01
    assert rows["ours"]["ours_minus"]["error"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    difference = rows["ours"]["mean"]["error"] - rows["nothing"]["mean"]["error"]
    assert rows["nothing"]["ours_minus"]["error"]["value"] == pytest.approx(difference)
