"""The number of votes finds the effect as often as the plan says; checked by simulation."""

import numpy as np
import pytest
from scipy.optimize import brentq

from piloting import write_draft
from yuragi.errors import InputError
from yuragi.research.pilot.plan import read_draft
from yuragi.research.pilot.sequence import Boundary, look
from yuragi.research.pilot.simulate import Extent, preference, simulated
from yuragi.research.pilot.size import information, planned


@pytest.fixture
def draft(pipeline_folder, tmp_path):
    def make(pictures=24, **voting):
        read = read_draft(write_draft(tmp_path, pipeline_folder, pictures))
        assumed = {"rater_correlation": 0.05, "picture_correlation": 0.1, "power": 0.8}
        changed = read.voting.model_copy(update=assumed | voting)
        pictures = {edit.name: edit.image for edit in read.edits}
        return read.model_copy(update={"voting": changed}), pictures

    return make


def test_the_effect_is_found_as_often_as_planned(draft):
    found = draft(raters=10, effect=0.2)
    size = planned(*found)
    bound = Boundary.tightest(size.level, size.information)
    rng, hits = np.random.default_rng(0), 0
    shift = brentq(lambda x: preference(x) - 0.7, 0.0, 0.49)
    for _ in range(200):
        votes, _ = simulated(rng, Extent(10, 24, size.seeds), (0.05, 0.1), shift)
        hits += look(votes, bound, (0.05, 0.1)).low > 0.5
    # As there are whole seeds only, the power is larger than asked for.
    assert hits / 200 >= 0.8


def test_seeds_are_the_fewest(draft):
    found = draft(raters=10, effect=0.18)
    size = planned(*found)
    assert size.seeds > 1
    assert size.detectable <= 0.18
    assert size.votes == 10 * 24 * size.seeds
    assert size.per_rater == 24 * size.seeds  # one pair of arms
    less = information(*found, size.seeds - 1)
    assert size.detectable * (size.information / less) ** 0.5 > 0.18


def test_votes_that_no_number_of_seeds_can_give(draft):
    with pytest.raises(InputError, match="4 raters and 24 pictures find no effect below"):
        planned(*draft(raters=4, effect=0.1))


def test_more_seeds_of_few_raters_have_a_limit(draft):
    found = draft(raters=4)
    gains = [information(*found, k + 1) / information(*found, k) for k in (1, 4, 16)]
    assert gains == sorted(gains, reverse=True)
    assert information(*found, 10_000) < 1.01 * information(*found, 1_000)
