"""Coherence: what only moved costs nothing, what is like nothing in the picture before does."""

import pytest
import torch

from yuragi.drag.wholeness import coherence

SIDE = 48


@pytest.fixture
def picture():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(3, SIDE, SIDE, generator=generator) * 2 - 1


def test_no_change_and_a_shift_cost_nothing(picture):
    assert float(coherence(picture, picture)) == 0
    shifted = picture.roll((5, 7), (1, 2))
    # Only where the picture was joined anew are there new patches.
    assert float(coherence(shifted, picture)) < 0.2 * float(coherence(-picture, picture))


def test_a_patch_against_its_nearest_by_hand():
    before = torch.zeros(3, 9, 9)
    result = before + 0.5
    # Every patch differs by 0.5 in every value from every other one.
    assert float(coherence(result, before)) == pytest.approx(0.25)


def test_a_block_costs_more_the_larger_it_is(picture):
    found = []
    for side in (4, 8, 16):
        blocked = picture.clone()
        blocked[:, 16 : 16 + side, 16 : 16 + side] = 1.0
        found.append(float(coherence(blocked, picture)))
    assert 0 < found[0] < found[1] < found[2]
