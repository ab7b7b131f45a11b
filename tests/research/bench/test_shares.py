"""Intervals of shares."""

import pytest

from yuragi.research.bench.shares import share_difference, wilson


def test_wilsons_interval():
    """Wilson's own: 0 of 10 reaches to 0.278; the middle is shrunk towards a half."""
    assert wilson(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert wilson(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    assert wilson(10, 10) == pytest.approx((0.7225, 1), abs=1e-4)


def test_the_difference_of_two_shares():
    """By Wilson's ends of both, 0.6995 and 0.8730 of 0.8, and 0.4905 and 0.7004 of 0.6."""
    found = share_difference(64, 48, 80)
    assert found == pytest.approx((0.2, 0.0580, 0.3316), abs=1e-4)
    value, low, high = share_difference(0, 0, 10)
    assert value == 0
    assert (low, high) == pytest.approx((-0.2775, 0.2775), abs=1e-4)
