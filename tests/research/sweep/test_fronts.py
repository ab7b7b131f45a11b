"""Fronts and their areas, against counting and closed forms."""

import itertools

import pytest
import torch

from yuragi.errors import InputError
from yuragi.research.sweep.fronts import front, volume


def test_the_front_is_what_nothing_beats():
    rows = [(1, 5), (2, 2), (5, 1), (3, 3), (2, 2), (5, 5)]
    assert front(rows) == [0, 1, 2, 4]
    assert front([]) == []


def test_areas_by_hand():
    assert volume([(1.0, 1.0)], (3, 4)) == pytest.approx(6)
    # A staircase: 2 x 1 beside 1 x 2, with 1 x 1 in common.
    assert volume([(1, 2), (2, 1)], (3, 3)) == pytest.approx(3)
    assert volume([(3.5, 0.0)], (3, 3)) == 0
    assert volume([(0, 0, 0)], (2, 3, 4)) == pytest.approx(24)


@pytest.mark.parametrize("axes", [2, 3])
def test_areas_by_counting(axes):
    """On a grid of whole numbers the volume is the number of cells that some row beats."""
    rows = torch.randint(0, 7, (9, axes), generator=torch.Generator().manual_seed(axes)).tolist()
    cells = itertools.product(range(6), repeat=axes)
    beaten = sum(
        any(all(r <= c for r, c in zip(row, cell, strict=True)) for row in rows) for cell in cells
    )
    assert volume(rows, [6] * axes) == pytest.approx(beaten)
    assert volume([*rows, [5] * axes], [6] * axes) >= volume(rows, [6] * axes)


def test_rows_and_corner_are_alike():
    with pytest.raises(InputError, match="corner"):
        volume([(1, 2)], (3,))
