"""Intervals of shares."""

import pytest

from yuragi.research.bench.shares import wilson


def test_wilsons_interval():
    """Wilson's own: 0 of 10 reaches to 0.278; the middle is shrunk towards a half."""
    assert wilson(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert wilson(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    assert wilson(10, 10) == pytest.approx((0.7225, 1), abs=1e-4)
