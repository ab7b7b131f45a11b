"""What features find and what is left, on pictures in which it is known."""

import pytest
import torch

from yuragi.research.metrics.arrival import by_features, ghost


def test_features_find_the_place_that_looks_alike():
    before, after = torch.zeros(2, 8, 64, 64)
    before[0], after[0] = 1, 1
    before[1, 20:25, 10:15] = 5
    after[1, 30:35, 40:45] = 5
    found = by_features(before, after, [(12.0, 22.0)], [(42.0, 32.0)], (64, 64))
    assert found.item() <= 3
    stayed = by_features(before, before, [(12.0, 22.0)], [(42.0, 32.0)], (64, 64))
    assert stayed.item() == pytest.approx((30**2 + 10**2) ** 0.5, abs=3)


def test_ghost_is_one_for_nothing_done_and_none_for_the_truth():
    before, truth = torch.zeros(2, 3, 64, 64) - 1
    before[:, 16:24, 16:24], truth[:, 40:48, 40:48] = 1, 1
    vacated = before[0] > 0
    assert ghost(before, before, truth, vacated).item() == pytest.approx(1)
    assert ghost(truth, before, truth, vacated).item() == pytest.approx(0, abs=1e-6)
    half = (before + truth) / 2
    assert ghost(half, before, truth, vacated).item() == pytest.approx(0.5)
    assert ghost(before, before, truth, torch.zeros_like(vacated)).isnan()
