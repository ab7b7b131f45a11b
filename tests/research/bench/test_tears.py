"""Folds and tears of flows are seen, and a shift has neither."""

import numpy as np

from yuragi.research.bench.tears import folds, tears

Y, X = np.mgrid[:20, :20].astype(float)
STILL = np.stack([X, Y], -1)
SHIFT = np.array([5.0, 2.0])


def test_a_shift_has_neither():
    assert folds(STILL + SHIFT) == tears(np.broadcast_to(SHIFT, STILL.shape)) == 0


def test_a_fold():
    folded = STILL.copy()
    folded[8:12, :, 1] = STILL[8:12, :, 1][::-1]
    assert folds(folded) > 0.1


def test_a_tear_along_a_column():
    torn = np.zeros_like(STILL)
    torn[:, 10:, 0] = 5
    assert tears(torn) == 19 / 19**2
    assert tears(torn / 3) == 0
