"""Points in pixels, handles in cells, and the number of sub-drags."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yuragi.drag.spec import Handle, drag_count, handles


def test_handles_are_pixel_centres_in_cells():
    (handle,) = handles([((70, 52), (70, 40))], 4)
    assert handle == Handle(17.625, 13.125, 0.0, -3.0)
    assert handle.length == 3


def test_parts_of_a_motion_make_the_whole():
    handle = Handle(1.0, 2.0, 3.0, -6.0)
    thirds = [handle.part(k / 3, (k + 1) / 3) for k in range(3)]
    assert thirds[0].x == 1
    for before, after in itertools.pairwise(thirds):
        assert after.x == pytest.approx(before.x + before.dx)
        assert after.y == pytest.approx(before.y + before.dy)
    assert thirds[-1].y + thirds[-1].dy == pytest.approx(-4)


def test_count_of_the_papers_example():
    # (145, 216) -> (146, 144): nine cells in steps of two are five drags, not four.
    assert drag_count(9, 2) == 5
    assert drag_count(2, 2) == 1
    assert drag_count(0.1, 2) == 1
    assert drag_count(4, 2) == 2


@given(st.floats(0.01, 100), st.floats(0.5, 4))
def test_no_other_count_comes_nearer_to_the_step(length, step):
    count = drag_count(length, step)
    if length <= step:
        assert count == 1
    else:
        best = min(abs(length / m - step) for m in range(1, 2 * int(length / step) + 3))
        assert abs(length / count - step) == pytest.approx(best)
