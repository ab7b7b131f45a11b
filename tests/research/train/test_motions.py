"""Motions: the truth is the motion's, points are exact, masks hold what changes."""

import numpy as np
import pytest

from yuragi.errors import InputError
from yuragi.research.train.motions import LENGTHS, MOTIONS, motion
from yuragi.research.train.portraits import draw, portrait

ROUND = len(MOTIONS) * len(LENGTHS)
INDICES = [*range(8), 9, 18, ROUND, ROUND + 3, ROUND + 13]


@pytest.fixture(scope="module")
def found():
    return {index: motion("validation", index) for index in INDICES}


def test_kinds_and_lengths_take_turns(found):
    assert [found[k].kind for k in range(8)] == list(MOTIONS)
    assert {found[k].length for k in range(8)} == {"short"}
    assert (found[9].kind, found[9].length) == ("turn", "middle")
    assert (found[18].kind, found[18].length) == ("grow", "long")


def test_before_is_the_portrait_and_after_is_not(found):
    for index, case in found.items():
        assert np.array_equal(case.before, draw(portrait("validation", index)))
        assert (case.before != case.after).any()


def test_content_at_the_target_is_what_was_at_the_source(found):
    """Windows around source and target agree for shifts, up to half a pixel."""
    for case in found.values():
        if MOTIONS[case.kind].make.__name__ not in ("_shift", "_lift"):
            continue
        for (sx, sy), (tx, ty) in case.points:
            assert case.source[round(sy), round(sx)]
            assert case.target[round(ty), round(tx)]
            one = case.before[round(sy), round(sx)].astype(int)
            around = case.after[
                max(round(ty) - 1, 0) : round(ty) + 2, max(round(tx) - 1, 0) : round(tx) + 2
            ].astype(int)
            assert np.abs(around - one).max(2).min() < 40, (case.kind, case.points)


def test_figures_keep_their_shape_when_they_turn_and_grow(found):
    for index, low, high in ((1, 0.85, 1.1), (9, 0.8, 1.15)):
        share = found[index].target.sum() / found[index].source.sum()
        assert low < share < high
    grown = found[18].target.sum() / found[18].source.sum()
    assert grown > 1.2 or grown < 0.8


def test_masks_come_every_other_round_and_hold_the_change(found):
    for index, case in found.items():
        assert (case.mask is None) == (index < ROUND)
        if case.mask is not None:
            changed = (case.before.astype(int) != case.after).any(2)
            assert case.mask[changed].mean() > 0.999


def test_a_case_is_a_function_of_its_number(found):
    again = motion("validation", 4)
    assert np.array_equal(again.after, found[4].after)
    assert again.points == found[4].points
    with pytest.raises(InputError, match="^split"):
        motion("nothing", 0)
