import numpy as np
import pytest

from yuragi.research.pilot.simulate import Extent, power, preference, simulated, simulations


@pytest.mark.parametrize("shift", [0.0, 0.25])
def test_votes_have_the_preference_that_is_said_to_be_true(shift):
    rng = np.random.default_rng(0)
    votes, truth = simulated(rng, Extent(50, 50, 8), (0.0, 0.0), shift)
    assert votes.values.mean() == pytest.approx(truth, abs=0.01)
    assert truth == preference(shift)


def test_every_rater_votes_once_on_every_seed_of_every_picture():
    votes, _ = simulated(np.random.default_rng(0), Extent(3, 4, 2), (0.1, 0.1), 0.0)
    pairs = list(zip(votes.raters, votes.pictures, strict=True))
    assert len(pairs) == 24
    assert all(pairs.count(pair) == 2 for pair in pairs)


def test_looks_along_the_way_find_no_less():
    effect, at_end, on_way = power(Extent(6, 12, 1), 60, 0)
    assert 0.2 < effect < 0.5
    assert 0.6 < at_end <= on_way


def test_the_report_has_every_setting_and_is_the_same_again():
    seen = []
    found = simulations(2, 7, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(seen), len(seen)) == (len(found["coverage"]) + len(found["found"]),) * 2
    assert simulations(2, 7, lambda *_: None) == found
